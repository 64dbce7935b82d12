"""Which form of a release a stage read. Forms of one split hold the same rows; any of them may be at hand."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.specs.resolve import ResolvedSuite
from harness.specs.task import JoinedTask, RowsSource, SplitSpec, TaskSpec


class Forms:
    """The sources of every split that a suite's specs name, but for those whose rows differ."""

    def __init__(self, suite: ResolvedSuite) -> None:
        """Collect them.

        Args:
            suite: as its specs have it, whatever files are there.
        """
        self._known = [
            (source.format, _patterns(source), name)
            for task in suite.tasks.values()
            for name, split in _splits(task)
            for source in split.sources()
            if source.differs is None
        ]

    def without_files(self, value: Any) -> Any:
        """Parameters of a stage without files and digests: the same whatever form of a release is at hand.

        Files that no spec names stay, by their paths.
        """
        if isinstance(value, Mapping):
            if value.keys() == {"path", "sha256"}:
                return {"path": value["path"]}
            splits = self._splits_of(value)
            if splits:
                rest = {name: inner for name, inner in value.items() if name not in ("format", "files")}
                return {**rest, "rows_of": splits, "languages": sorted(value["files"])}
            return {name: self.without_files(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.without_files(inner) for inner in value]
        return value

    def _splits_of(self, value: Mapping[str, Any]) -> list[str]:
        """The splits that files in a format are a form of; none where the value speaks of no files."""
        if not isinstance(value.get("files"), Mapping):
            return []
        paths = [entry["path"] for entry in file_entries(value["files"])]
        return sorted(
            {
                name
                for form, patterns, name in self._known
                if form == value.get("format") and paths and all(_matches(path, patterns) for path in paths)
            }
        )


def file_entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """The release files in a stage's parameters, each with ``path`` and ``sha256``."""
    if isinstance(value, Mapping):
        if value.keys() == {"path", "sha256"}:
            yield value
        else:
            for inner in value.values():
                yield from file_entries(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from file_entries(inner)


def _splits(task: TaskSpec) -> Iterator[tuple[str, SplitSpec]]:
    for name, split in task.splits.items():
        yield f"{task.name}/{name}", split
    if task.translated is not None:
        yield f"{task.name}/translated", task.translated.split
    if isinstance(task, JoinedTask):
        for part in task.parts:
            yield from _splits(part)


def _patterns(source: RowsSource) -> tuple[str, ...]:
    """With a star for every language."""
    if source.hub is not None:
        return (source.hub.folder("*") + "/*",)
    return tuple(re.sub(r"\{(lang|code)\}", "*", pattern) for pattern in source.files)


def _matches(path: Any, patterns: tuple[str, ...]) -> bool:
    return isinstance(path, str) and any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
