"""Plain text and parallel sentences, to pretrain on. All of it tells facts of the open pool."""

from __future__ import annotations

from tasks.errors import UserError
from tasks.miniature.draw import Draw
from tasks.miniature.languages import LANGUAGES, grammar
from tasks.miniature.passages import any_sentence, story
from tasks.miniature.pools import Pool, fact_book


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
