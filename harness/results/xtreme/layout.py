"""What a submission to XTREME consists of: nine tasks, their languages, files and metrics (evaluate.py)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["labels", "tags", "answers", "pairs"]


@dataclass(frozen=True, kw_only=True)
class XtremeTask:
    """One task.

    Attributes:
        name: of its folder.
        group: whose mean it counts in.
        kind: what a file holds: a label a line, a tag a line with blank lines between sentences, answers by question
            id, or a pair of sentence ids a line.
        languages: in the order of evaluate.py.
    """

    name: str
    group: str
    kind: Kind
    languages: tuple[str, ...]

    @property
    def suffix(self) -> str:
        """Of its files."""
        return "json" if self.kind == "answers" else "tsv"

    def file(self, language: str) -> str:
        """The name of one language's file."""
        return f"test-{language}.{self.suffix}"


def _task(name: str, group: str, kind: Kind, languages: str) -> XtremeTask:
    return XtremeTask(name=name, group=group, kind=kind, languages=tuple(languages.split()))


_ALL = (
    _task("pawsx", "classification", "labels", "de en es fr ja ko zh"),
    _task("xnli", "classification", "labels", "ar bg de el en es fr hi ru sw th tr ur vi zh"),
    _task(
        "panx",
        "tagging",
        "tags",
        "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh kk "
        "tr et fi hu",
    ),
    _task(
        "udpos",
        "tagging",
        "tags",
        "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh",
    ),
    _task("bucc2018", "retrieval", "pairs", "de fr ru zh"),
    _task(
        "tatoeba",
        "retrieval",
        "labels",
        "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et fi hu",
    ),
    _task("xquad", "qa", "answers", "en es de el ru tr ar vi th zh hi"),
    _task("mlqa", "qa", "answers", "en es de ar hi vi zh"),
    _task("tydiqa", "qa", "answers", "en ar bn fi id ko ru sw te"),
)
#: By name, in the order of evaluate.py.
TASKS = MappingProxyType({task.name: task for task in _ALL})
GROUPS = ("classification", "tagging", "qa", "retrieval")
