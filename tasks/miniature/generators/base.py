"""What a miniature task is: a name, its splits, and a function that draws the rows of one resampling unit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tasks.miniature.draw import Draw
from tasks.miniature.grammar import Grammar
from tasks.miniature.languages import LANGUAGES
from tasks.miniature.pools import FactBook
from tasks.rows import Row

Split = Literal["train", "validation", "test"]


class Unit(NamedTuple):
    """One resampling unit: what must not come twice in a split, and its rows, made when they are wanted.

    In a parallel task the keys, like all that is drawn, are the same in every language. Nothing is drawn in ``rows``.
    """

    keys: tuple[Hashable, ...]
    rows: Callable[[], Sequence[Row]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a unit is made from.

    Attributes:
        draw: the only source of chance.
        book: the facts that the split may tell.
        grammar: of the language.
        english: the grammar of English.
        number: of the unit, from 0; ids are made from it.
    """

    draw: Draw
    book: FactBook
    grammar: Grammar
    english: Grammar
    number: int


@dataclass(frozen=True, kw_only=True)
class TaskGenerator:
    """One miniature task.

    Attributes:
        name: of the task, as its spec has it.
        splits: those that it has.
        languages: of its test split; train and validation splits are English.
        parallel: has the test split the same items in every language?
        unit: draws a unit; None where this draw led nowhere and the next may do better.
        rows_a_unit: what ``rows`` must be a multiple of, because a part of a unit is no use (1: no such thing).
    """

    name: str
    splits: tuple[Split, ...]
    unit: Callable[[Source], Unit | None]
    languages: tuple[str, ...] = LANGUAGES
    parallel: bool = False
    rows_a_unit: int = 1
