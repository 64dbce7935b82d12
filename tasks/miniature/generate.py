"""Rows of miniature tasks."""

from __future__ import annotations

from collections.abc import Hashable

from tasks.errors import UserError
from tasks.miniature.draw import Draw
from tasks.miniature.generators import task_generator
from tasks.miniature.generators.base import Source, TaskGenerator
from tasks.miniature.languages import LANGUAGES, grammar
from tasks.miniature.pools import Pool, fact_book
from tasks.rows import Row

_POOLS = {"train": Pool.OPEN, "validation": Pool.VALIDATION, "test": Pool.TEST}
#: So many draws in a row that bring nothing new mean that the pool is used up.
_PATIENCE = 2000


def generate(task: str, split: str, language: str, *, rows: int, seed: int = 0) -> list[Row]:
    """The first ``rows`` rows of a split, with their answers.

    A shorter list is the beginning of a longer one of the same seed. No two units of a split are alike, and no sentence
    of a validation or test split is in another split, nor in ``text`` or ``parallel``, whatever the seeds.

    Args:
        task: a miniature task.
        split: ``train``, ``validation`` or ``test``; not every task has all.
        language: of the rows; English only for train and validation.
        rows: how many.
        seed: another seed gives other rows of the same world.

    Raises:
        UserError: there is no such task, split or language, or it has not so many rows.
    """
    generator = task_generator(task)
    _check(generator, split, language, rows)
    own = () if generator.parallel else (language,)
    draw = Draw("rows", task, split, seed, *own)
    book = fact_book(_POOLS[split])
    found: list[Row] = []
    seen: set[Hashable] = set()
    number = idle = 0
    while len(found) < rows:
        idle += 1
        if idle > _PATIENCE:
            raise UserError(
                f"{task} has no more than {len(found)} different rows in {split}", where="rows", remedy="ask for fewer"
            )
        source = Source(draw=draw, book=book, grammar=grammar(language), english=grammar("en"), number=number)
        unit = generator.unit(source)
        if unit is None or not seen.isdisjoint(unit.keys):
            continue
        seen.update(unit.keys)
        found += unit.rows()
        number += 1
        idle = 0
    return found[:rows]


def _check(generator: TaskGenerator, split: str, language: str, rows: int) -> None:
    if split not in generator.splits:
        raise UserError(
            f"{generator.name} has no {split} split", where="split", remedy=f"use {' or '.join(generator.splits)}"
        )
    languages = generator.languages if split == "test" else LANGUAGES[:1]
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
