"""Zero-shot stays zero-shot in every shipped suite: who reads test labels, and which files train and select."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.data.suite_rows import suite_rows
from harness.errors import SpecError
from harness.plan.build import build_plan
from harness.plan.stage import Phase, Stage
from harness.plan.suite import Planned, plan_suite
from harness.specs.backbone import FLAGS
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec
from harness.specs.task import RETRIEVAL_TYPES

CATALOG = Catalog()


@pytest.fixture(scope="module", params=["paper", "core", "retrieval", "real-all", "mini-full"])
def planned(request: pytest.FixtureRequest) -> Planned:
    return plan_suite(request.param, data_dir=None, allowed=FLAGS, unread=True)


def test_test_labels_reach_score_alone(planned: Planned) -> None:
    """But where a suite says that retrieval is tuned on what is scored: its result is marked as an oracle's."""
    suite, tasks = planned.resolved.spec, planned.resolved.tasks
    retrieved = [name for name in suite.targets if tasks[name].type in RETRIEVAL_TYPES]
    oracle = {name for name in retrieved if planned.rows.tuning(name) == "scored"}
    assert oracle <= {"bucc2018"}
    for name in suite.targets:
        (labels,) = [stage.key for stage in planned.plan.stages if stage.name == f"prepare/labels/{name}"]
        readers = {stage.phase for stage in planned.plan.stages if labels in stage.inputs.values()}
        assert ({Phase.SCORE, Phase.RETRIEVE} if name in oracle else {Phase.SCORE}) == readers


def sources(value: Any) -> Iterator[dict[str, Any]]:
    """Every ``files`` by language in the parameters of a stage."""
    if isinstance(value, dict):
        if "files" in value and isinstance(value["files"], dict):
            yield value["files"]
        for one in value.values():
            yield from sources(one)
    elif isinstance(value, list):
        for one in value:
            yield from sources(one)


def rows_of(planned: Planned) -> list[Stage]:
    return [stage for stage in planned.plan.stages if stage.params.get("kind") == "rows"]


def trains(planned: Planned) -> bool:
    """All suites but one do."""
    return planned.resolved.spec.name != "retrieval"


def test_what_trains_and_selects_is_read_from_english_files_alone(planned: Planned) -> None:
    """Or generated, in English."""
    assert trains(planned) == bool(rows_of(planned))
    for stage in rows_of(planned):
        splits = stage.params["splits"]
        assert {"train"} <= set(splits) <= {"train", "validation"}
        generated = "generator" in splits["train"]
        languages = {language for files in sources(splits) for language in files}
        assert (set() if generated else {"en"}) == languages, stage.name


def test_training_is_handed_no_other_rows(planned: Planned) -> None:
    """Neither what is scored nor, but for ``+translated``, rows of another language."""
    kinds = {stage.key: stage.params.get("kind") for stage in planned.plan.stages}
    training = [stage for stage in planned.plan.stages if stage.phase in {Phase.INTERMEDIATE, Phase.FINETUNE}]
    assert trains(planned) == bool(training)
    for stage in training:
        read = {kinds[key] for key in stage.inputs.values() if kinds[key] in {"rows", "translated", "inputs", "labels"}}
        allowed = {"rows", "translated"} if "+translated" in stage.name else {"rows"}
        assert "rows" in read
        assert read <= allowed, stage.name


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_suite_that_trains_or_selects_on_another_language_is_refused(split: str) -> None:
    """As a file of the task in another language, put in the place of its English one."""
    entry = {"split": {"format": "xtreme_nli_train", "files": ["xnli/dev-de.tsv"]}, "why": "a test"}
    fields = CATALOG.suite("core").model_dump(by_alias=True) | {"stand_ins": {"mnli": {split: entry}}}
    resolved = resolve(SuiteSpec.model_validate(fields), CATALOG, allowed=FLAGS)
    inputs = plan_suite("core", data_dir=None, allowed=FLAGS, unread=True).inputs

    with pytest.raises(SpecError, match=rf"'xnli/dev-de.tsv' holds rows in 'de', and '{split}' rows are English"):
        build_plan(suite_rows(resolved), inputs)


def test_no_row_is_needed_to_say_what_there_is_to_do(tmp_path: Path) -> None:
    """And a plan that was made without any is never run: only ``plan`` asks for one."""
    bare, empty = (plan_suite("core", data_dir=place, allowed=FLAGS, unread=True).plan for place in (None, tmp_path))
    assert [stage.name for stage in bare.stages] == [stage.name for stage in empty.stages]
