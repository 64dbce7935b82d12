"""Resampling units of partly parallel test sets: the same name in every language where they hold the same items.

MLQA's paragraphs are each language's own, but a question has one id in every language that asks it. So paragraphs that
share a question, directly or through others, are about the same thing, and must be drawn together in all languages:
their scores go up and down together. The group is the unit then, in every language; a question is in one of them only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tasks.rows import RowT


def with_joint_units(rows: Mapping[str, Sequence[RowT]]) -> dict[str, list[RowT]]:
    """The rows of each language with units that are joined across languages by equal row ids.

    A unit is named ``LANGUAGE/UNIT`` after the first of its group, by the order of languages and of rows: with English
    first, by the English paragraph. Rows keep their order, ids and answers.
    """
    above: dict[str, str] = {}

    def root(name: str) -> str:
        while (other := above.setdefault(name, name)) != name:
            above[name] = above[other]
            name = other
        return name

    def place(language: str, row: RowT) -> str:
        return f"unit {language}/{row.unit}"

    for language, found in rows.items():
        for row in found:
            above[root(place(language, row))] = root(f"row {row.id}")
    names: dict[str, str] = {}
    joined: dict[str, list[RowT]] = {}
    for language, found in rows.items():
        groups = [names.setdefault(root(place(language, row)), f"{language}/{row.unit}") for row in found]
        joined[language] = [replace(row, unit=group) for row, group in zip(found, groups, strict=True)]
    return joined
