"""Published figures, one YAML file a benchmark, each number with its source and how surely it is known."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

PUBLISHED_SCHEMA = "codestilts.published/1"
#: ``V``: read in the primary source. ``V2``: read where another source quotes it. Nothing else is published here.
Mark = Literal["V", "V2"]
MARK_WORDS = {"V": "read in the primary source", "V2": "as another source quotes it"}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Model):
    """Where a number was read."""

    title: str
    href: str = ""


class Number(_Model):
    """One published score on one target, in points."""

    target: str
    metric: Literal["accuracy", "f1", "exact_match"]
    points: float = Field(ge=0.0, le=100.0)
    mark: Mark
    source: str


class GroupNumber(_Model):
    """One published mean of a group, in points."""

    group: Literal["classification", "tagging", "qa", "retrieval"]
    points: float = Field(ge=0.0, le=100.0)
    mark: Mark
    source: str


class PublishedRow(_Model):
    """A system whose scores are published. ``backbone`` and ``recipe`` say which row of ours would be the same."""

    name: str
    title: str
    family: Literal["code", "text", "mixed"]
    backbone: str
    recipe: str
    numbers: tuple[Number, ...]
    groups: tuple[GroupNumber, ...] = ()


class Size(_Model):
    """How many test rows a language of a target has, least and most."""

    target: str
    least: int
    most: int
    mark: Mark
    source: str


class Published(_Model):
    """One file."""

    schema_: Literal["codestilts.published/1"] = Field(alias="schema")
    sources: dict[str, Source]
    rows: tuple[PublishedRow, ...]
    sizes: tuple[Size, ...] = ()


@cache
def published() -> tuple[Published, ...]:
    """All files, by name.

    Raises:
        ValueError: a file is not as it should be, or a number names a source that is not listed.
    """
    found = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        one = Published.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        used = {number.source for row in one.rows for number in row.numbers} | {size.source for size in one.sizes}
        used |= {number.source for row in one.rows for number in row.groups}
        if unknown := used - one.sources.keys():
            raise ValueError(f"{path.name}: no source {sorted(unknown)}")
        found.append(one)
    return tuple(found)
