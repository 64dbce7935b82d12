"""A miniature task: a name, its splits, and a function that draws the rows of one resampling unit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tasks.miniature.draw import Draw
from tasks.miniature.grammar import Grammar
from tasks.miniature.languages import LANGUAGES
from tasks.miniature.pools import FactBook, Pool
from tasks.rows import Row

Split = Literal["train", "validation", "test"]


class Unit(NamedTuple):
    """One resampling unit: its identity, unique in a split, and its rows, made on demand.

    In a parallel task the keys, like all that is drawn, are the same in every language. Nothing is drawn in ``rows``.
    """

    keys: tuple[Hashable, ...]
    rows: Callable[[], Sequence[Row]]


@dataclass(frozen=True, kw_only=True)
class _Material:
    """The inputs of rows.

    Attributes:
        draw: the only source of chance.
        book: the facts that the split may tell.
        grammar: of the language.
        english: the grammar of English.
    """

    draw: Draw
    book: FactBook
    grammar: Grammar
    english: Grammar


@dataclass(frozen=True, kw_only=True)
class Source(_Material):
    """The inputs of a unit.

    Attributes:
        number: of the unit, from 0; ids are made from it.
    """

    number: int


@dataclass(frozen=True, kw_only=True)
class CorpusSource(_Material):
    """The inputs of the two corpora of one language.

    Attributes:
        rows: how many rows are wanted, both sides together.
        patience: so many draws in a row that bring nothing new mean that the pool is used up.
    """

    rows: int
    patience: int


@dataclass(frozen=True, kw_only=True)
class TaskGenerator:
    """One miniature task. It has either ``unit`` or ``corpus``.

    Attributes:
        name: of the task, as its spec has it.
        splits: those that it has.
        unit: draws a unit; None where this draw led nowhere and the next may do better.
        corpus: draws a whole split of one language at once; None where the pool has not so many rows. It is for tasks
            whose rows are numbered and mixed across the split, so a shorter split is not the beginning of a longer one.
        languages: of its test split; train splits are English.
        validation_languages: of its validation split.
        translated: have the training rows translations into every language, row by row with the same ids and labels?
        parallel: has the test split the same items in every language?
        rows_a_unit: ``rows`` must be a multiple of it, because units cannot be split (1: no restriction).
    """

    name: str
    splits: tuple[Split, ...]
    unit: Callable[[Source], Unit | None] | None = None
    corpus: Callable[[CorpusSource], list[Row] | None] | None = None
    languages: tuple[str, ...] = LANGUAGES
    validation_languages: tuple[str, ...] = LANGUAGES[:1]
    translated: bool = False
    parallel: bool = False
    rows_a_unit: int = 1

    def __post_init__(self) -> None:
        assert (self.unit is None) is not (self.corpus is None), self.name

    def languages_of(self, split: str) -> tuple[str, ...]:
        """The languages of which a split has rows."""
        if split == "test":
            return self.languages
        if split == "validation":
            return self.validation_languages
        return LANGUAGES if self.translated else LANGUAGES[:1]

    def same_items(self, split: str) -> bool:
        """Has a split the same items in every language that it has?"""
        return self.parallel or (split == "train" and self.translated)


def in_turn(number: int, pool: Pool, size: int) -> int:
    """A number below ``size`` for the unit of this number: each once in every ``size`` units, in mixed order.

    For labels and places that are to be balanced exactly.
    """
    round_, turn = divmod(number, size)
    return Draw("place", pool, round_).shuffled(range(size))[turn]
