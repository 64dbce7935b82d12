"""How a table looks on a page, beyond the values that it shares with its exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

#: A table's files, by suffix.
Export = Literal["csv", "json", "tex"]
EXPORTS: tuple[Export, ...] = get_args(Export)
#: For programs alone: hundreds of lines of a row's languages are no table of a paper.
DATA: tuple[Export, ...] = ("csv", "json")
#: Shading: none, by value (scores), or by sign and size (differences).
Shade = Literal["", "score", "difference"]


@dataclass(frozen=True, kw_only=True)
class RowLook:
    """A row's anchor, link, tooltip, and values for the filters."""

    id: str = ""
    href: str = ""
    title: str = ""
    family: str = ""
    recipe: str = ""
    suite: str = ""
    complete: bool = True


PLAIN_ROW = RowLook()


@dataclass(frozen=True, kw_only=True)
class Look:
    """A table.

    Attributes:
        id: its anchor; also makes the anchors below it.
        label: its name, for those who do not see it.
        heads: keys of the columns that name a row; the first of them stays in sight when the table is moved sideways.
        rows: one a row, or none at all.
        shade: how cells are shaded. Shades say nothing that the numbers do not.
        sortable: whether a script may sort it.
        filters: whether a script may filter it by family, recipe, suite and completeness.
        intervals: keys of the columns whose intervals stand below the numbers.
        firsts: keys of the columns with a rule to their left.
        strong: keys of the columns set in bold.
        words: whether it is a table of words, whose lines may wrap.
        downloads: files of the table, by suffix; none for a table that is written elsewhere.
    """

    id: str
    label: str
    heads: tuple[str, ...]
    rows: tuple[RowLook, ...] = ()
    shade: Shade = ""
    sortable: bool = False
    filters: bool = False
    intervals: frozenset[str] = frozenset()
    firsts: frozenset[str] = frozenset()
    strong: frozenset[str] = frozenset()
    words: bool = False
    downloads: tuple[Export, ...] = EXPORTS
