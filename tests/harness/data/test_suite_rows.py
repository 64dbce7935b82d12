"""One answer to which rows a suite reads: what is planned is what is checked, and what is fetched or there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.checking.scope import scope
from harness.data.locate import filled, hub_folder
from harness.data.receipts import RECEIPT
from harness.data.rows import possible_languages
from harness.data.suite_rows import scored_languages, suite_rows
from harness.data.tables import needs
from harness.plan.build import PlanInputs, build_plan
from harness.plan.stage import Phase
from harness.specs.catalog import Catalog
from harness.specs.resolve import ResolvedSuite, resolve
from harness.specs.suite import SuiteSpec
from harness.specs.task import RowsSource, SplitSpec, TaskSpec

CATALOG = Catalog()
TARGETS = ("xnli", "xquad", "tydiqa", "udpos", "bucc2018")
RECIPES = ("mnli", "ccg", "anli_plus", "squad_v1", "mnli+translated")
OWN = {"split": {"format": "xtreme_nli_train", "files": ["own/rows.tsv"]}, "why": "a test"}
#: Stand-ins of every kind, by task and split: of a task that others join, of a part of one, of splits read as both.
STAND_INS = {
    "xnli": {"test": {"use": "validation", "why": "a test"}},
    "udpos": {"test": {"use": "validation", "why": "a test"}},
    "mnli": {"train": OWN},
    "anli_plus": {"train": OWN, "validation": OWN},
    "bucc2018": {"test": {"use": "validation", "why": "a test"}},
    "ccg": {"validation": OWN},
}
LOCKS = dict.fromkeys(("train", "retrieve", "report"), "l" * 64)


@st.composite
def suites(draw: st.DrawFn) -> dict[str, Any]:
    """A suite of real tasks, in some of their languages, with some stand-ins."""
    targets = draw(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True))
    fields: dict[str, Any] = {
        "name": "drawn",
        "title": "Drawn",
        "description": "drawn",
        "backbones": ["mini-xlmr"],
        "recipes": ["none", *draw(st.lists(st.sampled_from(RECIPES), max_size=3, unique=True))],
        "targets": targets,
        "training": "small",
        "translated": {"languages": ["de", "sw"]},
        "limits": {"test": draw(st.none() | st.integers(1, 50))},
        "task_limits": {},
    }
    for name in targets:
        languages = st.lists(st.sampled_from(CATALOG.task(name).languages), min_size=1, max_size=3, unique=True)
        fields["task_limits"][name] = {"languages": draw(languages)}
    named = [name for name in STAND_INS if name in resolved(fields).tasks and draw(st.booleans())]
    return fields | {"stand_ins": {name: STAND_INS[name] for name in named}}


def resolved(fields: dict[str, Any]) -> ResolvedSuite:
    return resolve(SuiteSpec.model_validate(fields), CATALOG)


def put(folder: Path, task: TaskSpec, source: RowsSource, languages: Iterable[str]) -> None:
    """Empty files of a source, or a table of the hub."""
    for language in languages:
        for pattern in source.files:
            path = folder / filled(pattern, language, task.codes).replace("*", "x")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        for split in source.hub.splits if source.hub is not None else ():
            assert source.hub is not None, task.name
            receive(folder / hub_folder(source.hub, language, task.codes) / split)


def receive(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "0.parquet").touch()
    (folder / RECEIPT).write_text(json.dumps({"files": {"0.parquet": ""}}))


def put_some(data: st.DataObject, folder: Path, asked: ResolvedSuite) -> None:
    """Of every source of every split that could be read nothing, all languages, or some of them."""
    folder.mkdir()
    for task in asked.tasks.values():
        splits: dict[str, SplitSpec] = {str(name): spec for name, spec in task.splits.items()}
        if task.translated is not None:
            splits["translations"] = task.translated.split
        for name, spec in splits.items():
            for source in spec.sources():
                read = {"en", "de", "sw", *scored_languages(asked.spec, task)}
                languages = [language for language in possible_languages(task, name, spec) if language in read]
                some = data.draw(st.sampled_from(("none", "none", "all", "some")))
                kept = {"none": 0, "all": len(languages), "some": len(languages) // 2 + 1}[some]
                put(folder, task, source, languages[:kept])
        if task.labels_file is not None and data.draw(st.booleans()):
            (folder / task.labels_file).parent.mkdir(exist_ok=True)
            (folder / task.labels_file).write_text("N\n")
    if data.draw(st.booleans()):
        (folder / "own").mkdir()
        (folder / "own/rows.tsv").touch()


def planned_files(value: Any) -> Iterator[str]:
    """The paths of the release files in the parameters of a stage."""
    if isinstance(value, dict):
        if value.keys() == {"path", "sha256"}:
            yield value["path"]
        for inner in value.values():
            yield from planned_files(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from planned_files(inner)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_files_planned_are_those_checked_and_those_fetched_or_there(data: st.DataObject) -> None:
    fields = data.draw(suites())
    with tempfile.TemporaryDirectory() as top:
        folder, file = Path(top) / "data", Path(top) / "drawn.yaml"
        file.write_text(yaml.safe_dump(fields))
        put_some(data, folder, resolved(fields))
        rows = suite_rows(resolved(fields), folder)
        digests = {path: "0" * 64 for paths in rows.files.values() for path in paths}

        plan = build_plan(rows, PlanInputs(locks=LOCKS, versions=dict.fromkeys(Phase, 1), data=digests))
        planned = {path for stage in plan.stages for path in planned_files(stage.params)}
        assert set(digests) == planned

        looked = scope([str(file)], folder)
        left_out = {task.name for task in rows.left_out}
        checked = {path for line in looked.splits.values() if line.task.name not in left_out for path in line.paths}
        assert planned == checked

        wanted = needs(str(file), folder)
        for name in {line.task.name for line in rows.lines}:
            lines = [line for line in rows.lines if line.task.name == name]
            here = [all((folder / path).is_file() for path in line.paths) for line in lines]
            assert all(line.found for line in lines) == all(here), name
        for table in wanted.tables:
            receive(folder / table.folder)
        fetched = suite_rows(resolved(fields), folder)
        lacking = {(line.task.title, line.split) for line in fetched.lines if not line.found}
        told = {(line.task.title, line.split) for line in rows.lines if says(wanted.nowhere, line.task, line.split)}
        assert lacking == told
        assert () == needs(str(file), folder).tables


def says(sentences: tuple[str, ...], task: TaskSpec, split: str) -> bool:
    """Whether one of the sentences is of a split of a task."""
    return any(
        split in sentence.removeprefix(f"{task.title}, ").partition(":")[0].split(" and ")
        for sentence in sentences
        if sentence.startswith(f"{task.title}, ")
    )
