"""What a suite's page must say of it, beside its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.suite_rows import suite_rows
from harness.plan.build import build_plan
from harness.plan.stage import Phase, Plan
from harness.plan.stage_list import PlanInputs
from harness.results.cells import NOT_BIT_REPRODUCIBLE, CellReader
from harness.results.grid import grid
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec, TranslatedUse
from harness.store.artifacts import State, StoredArtifact
from harness.store.manifest import Manifest
from leaderboard.json_text import layered_json
from leaderboard.results import Result

CATALOG = Catalog()


def test_a_suite_with_translated_rows_says_that_it_is_not_zero_shot_there() -> None:
    spec = CATALOG.suite("mini")
    without = spec.model_copy(update={"recipes": ("none", "mini-mnli"), "task_limits": {}})

    (note,) = [note for note in grid(suite_rows(resolve(spec, CATALOG))).notes if note.startswith("Not zero-shot")]
    assert "mini-mnli+translated" in note
    assert "qaa, qab, qac, qad" in note
    assert not [note for note in grid(suite_rows(resolve(without, CATALOG))).notes if note.startswith("Not zero-shot")]


def test_a_suite_says_what_model_has_translated_its_rows() -> None:
    use = TranslatedUse(by="nllb-200-distilled-600m", languages=("sw",))
    spec = CATALOG.suite("mini").model_copy(
        update={"recipes": ("mini-mnli+translated",), "task_limits": {}, "translated": use}
    )

    found = grid(suite_rows(resolve(spec, CATALOG)))

    (note,) = [note for note in found.notes if note.startswith("Not zero-shot")]
    assert "translated by NLLB-200, distilled, 600M (facebook/nllb-200-distilled-600M@f8d333a098d1)" in note
    assert "(sw) by nllb-200-distilled-600m" in str(found.recipes[0].title)


def test_published_backbones_are_described_with_their_commit_their_origin_and_their_public_pair() -> None:
    spec = CATALOG.suite("mini").model_copy(
        update={"backbones": ("codebert-base", "roberta-base"), "recipes": ("none",), "task_limits": {}}
    )
    found = {backbone.name: backbone for backbone in grid(suite_rows(resolve(spec, CATALOG))).backbones}

    code, text = found["codebert-base"], found["roberta-base"]
    assert code.source == "hub model microsoft/codebert-base, commit 3b0952feddeffad0063f274080e3c23d75e7eb39"
    assert (code.public_pair, code.initialised_from) == ("roberta-base", "FacebookAI/roberta-base")
    assert (text.public_pair, text.initialised_from) == (None, None)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(JSON_VALUES, st.integers(min_value=0, max_value=4))
def test_layered_json_is_json(value: Any, depth: int) -> None:
    assert value == json.loads(layered_json(value, depth))


def test_layered_json_has_one_entry_a_line_as_deep_as_asked() -> None:
    value = {"b": [{"d": 1, "c": [2]}, {}], "a": "é"}
    assert '{\n "a": "é",\n "b": [\n  {"c":[2],"d":1},\n  {}\n ]\n}' == layered_json(value, 2)
    assert '{"a":"é","b":[{"c":[2],"d":1},{}]}' == layered_json(value, 0)


class Made:
    """Artifacts of some stages, each with the JSON files it leaves."""

    def __init__(self, root: Path, plan: Plan, left: Mapping[Phase, Mapping[str, Any]]) -> None:
        self._root = root
        for stage in plan.stages:
            (root / stage.key).mkdir()
            for name, value in left.get(stage.phase, {}).items():
                (root / stage.key / name).write_text(json.dumps(value))

    def folder(self, key: str) -> Path:
        return self._root / key

    def look(self, key: str) -> StoredArtifact:
        manifest = Manifest(key=key, phase="x", name=key, inputs={}, files=(), identity={})
        return StoredArtifact(state=State.PRESENT, folder=self.folder(key), manifest=manifest)


def made_result(tmp_path: Path, left: Mapping[Phase, Mapping[str, Any]], **changes: Any) -> Result:
    """The result of one cell of the suite mini, whose stages have left only what is given here."""
    part = {
        "backbones": ["mini-xlmr"], "targets": ["mini-xnli"], "task_limits": {}, "recipes": ["mini-mnli+translated"]
    }  # fmt: skip
    suite = SuiteSpec.model_validate(CATALOG.suite("mini").model_dump(by_alias=True) | part | changes)
    rows = suite_rows(resolve(suite, CATALOG))
    locks = {"train": "t" * 64, "retrieve": "r" * 64, "report": "p" * 64}
    plan = build_plan(rows, PlanInputs(locks=locks, versions=dict.fromkeys(Phase, 1)))
    scored = {"score": 0.5, "languages": {"en": {"score": 0.5, "metrics": {}, "rows": 1, "units": 1}}}
    every: dict[Phase, dict[str, Any]] = {
        Phase.PREPARE: {"report.json": {"qaa": {"read": 9, "kept": 8}}},
        Phase.PRETRAIN: {"training.json": {"steps": 1}},
        Phase.INTERMEDIATE: {"training.json": {"steps": 1}},
        Phase.FINETUNE: {"training.json": {"steps": 1}},
        Phase.PREDICT: {"encoding.json": {}},
        Phase.SCORE: {"result.json": scored},
    }
    artifacts = Made(tmp_path, plan, {phase: files | left.get(phase, {}) for phase, files in every.items()})
    cell = next(cell for cell in plan.cells if cell.recipe != "none")
    return CellReader(rows, plan.by_key(), artifacts).result(cell, baseline=False)


def test_a_result_says_what_became_of_its_translated_rows(tmp_path: Path) -> None:
    result = made_result(tmp_path, {})

    assert {"mini-mnli": {"qaa": {"read": 9, "kept": 8}}} == result.details["translated"]
    assert NOT_BIT_REPRODUCIBLE not in result.marks


@pytest.mark.parametrize(
    ("phase", "files"),
    [
        (Phase.FINETUNE, {"training.json": {"steps": 1, "out_of_memory": [{"where": "step 1"}]}}),
        (Phase.INTERMEDIATE, {"training.json": {"out_of_memory": [{"where": "step 1"}]}}),
        (Phase.PREDICT, {"details.json": {"out_of_memory": [{"where": "sw"}]}}),
        (Phase.PREPARE, {"report.json": {"qaa": {"out_of_memory": 2}}}),
    ],
)
def test_where_memory_ran_out_the_result_is_marked(tmp_path: Path, phase: Phase, files: dict[str, Any]) -> None:
    assert NOT_BIT_REPRODUCIBLE in made_result(tmp_path, {phase: files}).marks


def test_a_result_says_where_its_training_departed_from_the_recipe(tmp_path: Path) -> None:
    result = made_result(
        tmp_path,
        {},
        recipes=["mini-mnli"],
        training="phang2020",
        device="cpu",
        hyper={"mini-mnli": {"learning_rate": 3e-5}},
        mixing={"kind": "uniform"},
    )
    said = result.details["training_recipe"]["differs"]

    assert {"device": ["cuda", "cpu"], "learning_rate": [1e-5, 3e-5]}.items() <= said["finetune"].items()
    assert "mixing.kind" not in said["intermediate"], "one task is no mixture"


def test_a_mixture_says_where_its_mixing_departed_from_the_recipe(tmp_path: Path) -> None:
    mixture = {"name": "multitask+mlm", "tasks": ["mini-mnli", "mini-squad"], "mlm": True}
    result = made_result(
        tmp_path,
        {},
        recipes=[mixture],
        translated=None,
        training="phang2020",
        mixing={"kind": "uniform"},
        mlm={"corpus": "mini-multilingual-text", "ratio": 0.5},
    )

    expected = {"mixing.kind": ["capped", "uniform"], "mlm.ratio": [0.25, 0.5]}
    said = result.details["training_recipe"]["differs"]["intermediate"]
    assert expected == {name: pair for name, pair in said.items() if "." in name}
