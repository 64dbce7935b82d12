"""What a submission to XTREME consists of, from the specs of its nine tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from harness.specs.catalog import Catalog

Kind = Literal["labels", "tags", "answers", "pairs"]

GROUPS = ("classification", "tagging", "qa", "retrieval")
#: In the order of evaluate.py.
_NAMES = ("pawsx", "xnli", "panx", "udpos", "bucc2018", "tatoeba", "xquad", "mlqa", "tydiqa")
_KINDS: dict[str, Kind] = {"token_tagging": "tags", "span_qa": "answers", "bitext_mining": "pairs"}


@dataclass(frozen=True, kw_only=True)
class XtremeTask:
    """One task.

    Attributes:
        name: of its folder.
        group: whose mean it counts in.
        kind: what a file holds: a label a line, a tag a line with blank lines between sentences, answers by question
            id, or a pair of sentence ids a line.
        metric: the target's.
        languages: in the order of evaluate.py, which the spec keeps.
    """

    name: str
    group: str
    kind: Kind
    metric: str
    languages: tuple[str, ...]

    @property
    def suffix(self) -> str:
        """Of its files."""
        return "json" if self.kind == "answers" else "tsv"

    def file(self, language: str) -> str:
        """The name of one language's file."""
        return f"test-{language}.{self.suffix}"


@cache
def xtreme_tasks() -> Mapping[str, XtremeTask]:
    """The tasks by name, in the order of evaluate.py."""
    specs = map(Catalog().task, _NAMES)
    return MappingProxyType(
        {
            spec.name: XtremeTask(
                name=spec.name,
                group=str(spec.group),
                kind=_KINDS.get(spec.type, "labels"),
                metric=spec.metric,
                languages=tuple(spec.languages),
            )
            for spec in specs
        }
    )
