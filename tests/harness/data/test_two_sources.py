"""Each of the eighteen tasks from its release files and from the hub: the same rows, found where specs say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.data.locate import find_source, read_labels
from harness.data.training_rows import joined
from harness.specs.catalog import Catalog
from harness.specs.task import JoinedTask, RowsSource, SplitSpec, TaskSpec
from tasks.readers import ReadResult, read_split
from tests.samples import CATEGORIES, FUSED, TREES, place

CATALOG = Catalog()
#: Phang et al.'s nine intermediate tasks, and XTREME's nine.
EIGHTEEN = (
    ("anli_plus", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa"),
    ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba"),
)
NAMES = [name for names in EIGHTEEN for name in names]


def sources(task: TaskSpec) -> Iterator[tuple[str, SplitSpec, list[RowsSource], str]]:
    """Splits that are read from files: name, spec, sources and a language that the sample has."""
    for name, spec in task.splits.items():
        if spec.files:
            language = {"bucc2018": "de", "tatoeba": "amh" if name == "validation" else "de"}.get(task.name, "en")
            yield name, spec, [*spec.sources()], language


def read(task: TaskSpec, spec: SplitSpec, source: RowsSource, language: str, folder: Path) -> ReadResult:
    """What a run would read where nothing but one source is there."""
    place(source, folder, language, task.codes)
    labels = task.labels
    if task.labels_file is not None:
        (folder / task.labels_file).write_text("\n".join(CATEGORIES) + "\n", encoding="utf-8")
        labels = read_labels(folder / task.labels_file)
    located = find_source(spec, [language], task.codes, folder)
    assert located is not None
    assert (source.format, source.differs) == (located.source.format, located.source.differs)
    paths = [folder / path for path in located.files[language]]
    return read_split(located.source.format, paths, language=language, labels=labels)


def test_these_are_all_the_tasks() -> None:
    """Every spec that is no miniature is one of the eighteen, or a part of ANLI+."""
    tasks = [CATALOG.task(name) for name in CATALOG.task_files()]
    real = {task.name for task in tasks if not task.miniature}
    assert set(NAMES) | {"snli", "anli"} == real
    assert [9, 9] == [len(names) for names in EIGHTEEN]
    assert ["intermediate"] * 9 + ["target"] * 9 == [CATALOG.task(name).role for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_source_of_a_task_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    task = CATALOG.task(name)
    kinds: set[str] = set()
    for part in task.parts if isinstance(task, JoinedTask) else (task,):
        for split, spec, found, language in sources(part):
            rows = {}
            for number, source in enumerate(found):
                result = read(part, spec, source, language, tmp_path / f"{part.name}-{split}-{number}")
                kinds.add("release" if source.hub is None else "hub")
                if source.differs is None:
                    rows[number] = result.rows
            assert len(rows[0]) >= 2
            assert dict.fromkeys(rows, rows[0]) == rows

    assert ({"release"} if name == "ccg" else {"release", "hub"}) == kinds


def test_anli_plus_is_the_same_from_either_side(tmp_path: Path) -> None:
    """Three tasks, each from the hub in the one case, from its release in the other, and no id of two of them meets."""
    task = CATALOG.task("anli_plus")
    assert isinstance(task, JoinedTask)
    sides = []
    for hub in (False, True):
        parts = []
        for part in task.parts:
            spec = part.splits["train"]
            source = next(one for one in spec.sources() if (one.hub is not None) == hub and one.differs is None)
            result = read(part, spec, source, "en", tmp_path / f"{part.name}-{hub}")
            parts.append((part.name, result.rows, result.mended))
        sides.append(joined(parts))

    assert sides[0] == sides[1]
    rows, counts = sides[0]
    assert {"snli/rows_without_gold_label": 1, "mnli/rows_without_gold_label": 1} == counts
    assert len({row.id for row in rows}) == len(rows) == 15


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_hubs_udpos_differs_where_words_are_written_as_one_and_nowhere_else(tmp_path: Path, split: str) -> None:
    """Its spec says so, and so does every suite that reads it; its release is converted as XTREME's scripts do."""
    task = CATALOG.task("udpos")
    spec = task.splits[split]  # type: ignore[index]
    tsv, treebank, table = (
        read(task, spec, source, "en", tmp_path / str(number)) for number, source in enumerate(spec.sources())
    )
    assert ["udpos_tsv", "conllu", "hub_tags"] == [source.format for source in spec.sources()]
    assert [False, False, True] == [source.differs is not None for source in spec.sources()]

    assert FUSED == [(row.tokens, row.tags) for row in tsv.rows]  # type: ignore[attr-defined]
    assert tsv.rows == treebank.rows
    assert ({}, {"words_fused": 1}, {}) == (tsv.mended, treebank.mended, table.mended)
    written = [bool(fused) for _, fused in TREES]
    assert written == [one != other for one, other in zip(tsv.rows, table.rows, strict=True)]


def test_tydiqa_tells_its_languages_apart_in_every_source(tmp_path: Path) -> None:
    """One file, one table, all languages: a language's rows are its own, the same from all of them."""
    task = CATALOG.task("tydiqa")
    spec = task.splits["test"]
    found = [
        read(task, spec, source, "ko", tmp_path / str(number)).rows for number, source in enumerate(spec.sources())
    ]
    assert [found[0]] * len(found) == found
    assert all(row.id.startswith("korean-") for row in found[0])
