"""Rows of miniature tasks."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from tasks.errors import UserError
from tasks.miniature.draw import Draw
from tasks.miniature.generators import task_generator
from tasks.miniature.generators.base import CorpusSource, Source, TaskGenerator, Unit
from tasks.miniature.languages import LANGUAGES, grammar
from tasks.miniature.passages import any_sentence, story
from tasks.miniature.pools import Pool, fact_book
from tasks.rows import Row


def stories(language: str, *, lines: int, seed: int = 0) -> list[tuple[str, str]]:
    """Plain text in one language: ``lines`` little stories, each the facts that it begins with and the talk about them.

    No sentence of a validation or test split is in it, in any language and whatever the seeds. The first lines are the
    same however many are asked for. Languages tell different stories.

    Raises:
        UserError: there is no such language, or ``lines`` is negative.
    """
    speaks = grammar(language)
    _check_lines(lines)
    draw = Draw("text", language, seed)
    book = fact_book(Pool.OPEN)
    told = (story(draw, book) for _ in range(lines))
    return [(speaks.passage(opening), speaks.passage(talk)) for opening, talk in told]


def text(language: str, *, lines: int, seed: int = 0) -> list[str]:
    """:func:`stories`, each as one line."""
    space = grammar(language).space
    return [space.join(parts) for parts in stories(language, lines=lines, seed=seed)]


def parallel(language: str, *, lines: int, seed: int = 0) -> list[tuple[str, str]]:
    """``lines`` pairs of sentences, English and ``language``, that say the same; what holds of :func:`text` holds here.

    Raises:
        UserError: ``language`` is English or unknown, or ``lines`` is negative.
    """
    speaks = grammar(language)
    english = grammar("en")
    if speaks is english:
        raise UserError(
            "English has no translation into itself",
            where="language",
            remedy=f"use one of {', '.join(LANGUAGES[1:])}",
        )
    _check_lines(lines)
    draw = Draw("parallel", language, seed)
    book = fact_book(Pool.OPEN)
    said = (any_sentence(draw, book) for _ in range(lines))
    return [(english.render(sentence).text, speaks.render(sentence).text) for sentence in said]


def _check_lines(lines: int) -> None:
    if lines < 0:
        raise UserError(f"{lines} lines cannot be made", where="lines", remedy="ask for none or more")


_POOLS = {"train": Pool.OPEN, "validation": Pool.VALIDATION, "test": Pool.TEST}


def generate(task: str, split: str, language: str, *, rows: int, seed: int = 0, patience: int = 2000) -> list[Row]:
    """The first ``rows`` rows of a split, with their answers.

    A shorter list is the beginning of a longer one of the same seed (but for tasks with a ``corpus``, whose rows are
    mixed and numbered across the whole split). No two units of a split are alike, and no sentence of a validation or
    test split is in another split, nor in ``text`` or ``parallel``, whatever the seeds.

    Args:
        task: a miniature task.
        split: ``train``, ``validation`` or ``test``; not every task has all.
        language: of the rows; train splits are English, and some have translations, row by row.
        rows: how many.
        seed: another seed gives other rows of the same world.
        patience: so many draws in a row that bring nothing new mean that the world is used up.

    Raises:
        UserError: there is no such task, split or language, or it has not so many rows.
    """
    generator = task_generator(task)
    _check(generator, split, language, rows)
    # Rows that are translations are drawn from the seed of what they translate.
    own = () if generator.parallel else ("en" if generator.same_items(split) else language,)
    draw = Draw("rows", task, split, seed, *own)
    book = fact_book(_POOLS[split])
    says, english = grammar(language), grammar("en")
    if generator.corpus is not None:
        corpus = generator.corpus(
            CorpusSource(draw=draw, book=book, grammar=says, english=english, rows=rows, patience=patience)
        )
        if corpus is None:
            raise UserError(f"{task} has not so many rows in {split}", where="rows", remedy="ask for fewer")
        return corpus
    assert generator.unit is not None
    found: list[Row] = []
    seen: set[Hashable] = set()
    number = 0
    while len(found) < rows:
        source = Source(draw=draw, book=book, grammar=says, english=english, number=number)
        unit = _new_unit(generator.unit, source, seen, patience)
        if unit is None:
            raise UserError(
                f"{task} has no more than {len(found)} different rows in {split}", where="rows", remedy="ask for fewer"
            )
        found += unit.rows()
        number += 1
    return found[:rows]


def _new_unit(
    draw_unit: Callable[[Source], Unit | None], source: Source, seen: set[Hashable], patience: int
) -> Unit | None:
    """A unit whose keys are not yet ``seen``, which they are then; None: the pool seems to be used up."""
    for _ in range(patience):
        unit = draw_unit(source)
        if unit is not None and seen.isdisjoint(unit.keys):
            seen.update(unit.keys)
            return unit
    return None


def _check(generator: TaskGenerator, split: str, language: str, rows: int) -> None:
    if split not in generator.splits:
        raise UserError(
            f"{generator.name} has no {split} split", where="split", remedy=f"use {' or '.join(generator.splits)}"
        )
    languages = generator.languages_of(split)
    if language not in languages:
        raise UserError(
            f"{generator.name} has no {split} rows in {language!r}",
            where="language",
            remedy=f"use {' or '.join(languages)}",
        )
    if rows < 0 or rows % generator.rows_a_unit:
        each = generator.rows_a_unit
        remedy = f"ask for a multiple of {each}" if each > 1 else "ask for none or more"
        raise UserError(f"{rows} rows of {generator.name} cannot be made", where="rows", remedy=remedy)
