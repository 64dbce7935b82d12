"""The plan: what is shared, what separates keys, what order stages come in, and that it is pure."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from harness.data.suite_rows import suite_rows
from harness.errors import SpecError
from harness.plan.build import build_plan
from harness.plan.data_params import TranslatorParams
from harness.plan.params import ScoreParams
from harness.plan.stage import Phase, Plan, Stage
from harness.plan.stage_list import PlanInputs
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import RecipeSpec, SuiteSpec

CATALOG = Catalog()
INPUTS = PlanInputs(
    locks={"train": "t" * 64, "retrieve": "r" * 64, "report": "p" * 64}, versions=dict.fromkeys(Phase, 1)
)


#: A part of the suite `mini`, so that the counts below can be followed by hand.
PART: dict[str, Any] = {
    "recipes": ["none", "mini-squad"],
    "targets": ["mini-xnli", "mini-udpos", "mini-xquad", "mini-tatoeba"],
    "task_limits": {},
    "hyper": {},
}


def plan(inputs: PlanInputs = INPUTS, **changes: Any) -> Plan:
    fields = CATALOG.suite("mini").model_dump(by_alias=True) | PART | changes
    return build_plan(suite_rows(resolve(SuiteSpec.model_validate(fields), CATALOG)), inputs)


def data_paths(target: str) -> list[str]:
    """The release files that a suite with this target reads."""
    fields = CATALOG.suite("mini").model_dump(by_alias=True) | PART | {"targets": [target], "recipes": ["none"]}
    return suite_rows(resolve(SuiteSpec.model_validate(fields), CATALOG)).files[target]


def named(found: Plan, pattern: str) -> list[Stage]:
    return [stage for stage in found.stages if stage.name.startswith(pattern)]


def test_inputs_come_first_and_keys_are_unique() -> None:
    seen: set[str] = set()
    for stage in plan().stages:
        assert set(stage.inputs.values()) <= seen
        assert stage.key not in seen
        seen.add(stage.key)
    assert len(seen) > 10


def test_every_cell_of_the_grid_has_a_score() -> None:
    found = plan(seeds=[1, 2])
    keys = found.by_key()

    assert len(found.cells) == 4 * 2 * 4 * 2
    assert all(keys[cell.score].phase is Phase.SCORE for cell in found.cells)


def test_one_intermediate_checkpoint_serves_every_target() -> None:
    found = plan()
    (intermediate,) = named(found, "intermediate/mini-xlmr/mini-squad/")

    readers = [stage.name for stage in found.stages if intermediate.key in stage.inputs.values()]

    assert len(readers) == 4  # three fine-tunings and the retrieval
    assert {"finetune", "retrieve"} == {name.split("/")[0] for name in readers}


def test_targets_with_the_same_training_rows_share_the_fine_tuned_model() -> None:
    """A suite of one target finds everything made that a suite of more targets has run."""
    recipes = ["none", "mini-squad"]
    alone = plan(targets=["mini-xquad"], recipes=recipes)
    together = plan(recipes=recipes)

    assert {stage.key for stage in alone.stages} <= {stage.key for stage in together.stages}
    assert len(named(alone, "finetune/")) == 4 * 2


def test_two_suites_that_share_a_stage_share_its_key() -> None:
    a = {stage.key for stage in plan(name="one", title="One", notes=["x"]).stages}
    b = {stage.key for stage in plan().stages}

    assert a == b


def test_retrieval_without_intermediate_training_does_not_depend_on_the_seed() -> None:
    found = plan(seeds=[1, 2], backbones=["mini-xlmr"])

    assert len(named(found, "retrieve/mini-xlmr/none/")) == 1
    assert len(named(found, "retrieve/mini-xlmr/mini-squad/")) == 2


def test_only_score_is_handed_the_labels() -> None:
    found = plan()
    labels = {stage.key for stage in named(found, "prepare/labels/")}

    readers = {stage.phase for stage in found.stages if labels & set(stage.inputs.values())}

    assert {Phase.SCORE} == readers


def test_units_are_joined_over_languages_for_partly_parallel_targets_alone() -> None:
    """And the others' scores keep their keys."""
    assert ScoreParams.of(CATALOG.task("mlqa"), "baseline", ["en", "de"]).to_json()["joint_units"]
    for stage in named(plan(), "score/"):
        assert "joint_units" not in stage.params


def test_a_matched_pair_differs_in_its_corpus_alone() -> None:
    found = plan()
    (code,), (text,) = (named(found, f"pretrain/mini-roberta+{side}") for side in ("code", "text"))

    assert code.params == text.params
    assert code.seed == text.seed
    assert code.inputs["checkpoint"] == text.inputs["checkpoint"]
    assert code.inputs["corpus"] != text.inputs["corpus"]


def test_training_rows_leave_out_what_is_scored_in_targets_of_the_same_type() -> None:
    (rows,) = named(plan(), "prepare/rows/mini-squad")

    assert {"exclude:mini-xquad"} == set(rows.inputs)


@pytest.mark.parametrize(
    ("lock", "phases"),
    [
        ("report", {Phase.SCORE}),
        ("retrieve", {Phase.RETRIEVE, Phase.SCORE}),
        ("train", set(Phase) - {Phase.FETCH, Phase.CHECK, Phase.STATS}),
    ],
)
def test_a_new_lock_reruns_its_own_phases_and_what_stands_on_them(lock: str, phases: set[Phase]) -> None:
    """A new Jinja must not cost GPU days."""
    before = {stage.key for stage in plan().stages}
    inputs = dataclasses.replace(INPUTS, locks={**INPUTS.locks, lock: "n" * 64})

    changed = {stage.phase for stage in plan(inputs).stages if stage.key not in before}

    assert phases == changed


def test_a_raised_code_version_changes_its_phase_and_what_stands_on_it() -> None:
    before = {stage.key for stage in plan().stages}
    inputs = dataclasses.replace(INPUTS, versions={**INPUTS.versions, "predict": 2})

    changed = {stage.phase for stage in plan(inputs).stages if stage.key not in before}

    assert {Phase.PREDICT, Phase.SCORE} == changed


def test_device_and_precision_leave_data_and_conversion_alone() -> None:
    before = {stage.key for stage in plan().stages}

    changed = {stage.phase for stage in plan(device="cuda", precision="bf16").stages if stage.key not in before}
    kept = {stage.phase for stage in plan(device="cuda", precision="bf16").stages if stage.key in before}

    assert {Phase.FETCH, Phase.PREPARE, Phase.CONVERT, Phase.SCORE} == kept, "and the baselines' scores"
    assert Phase.PRETRAIN in changed


def test_ten_thousand_stages_are_planned() -> None:
    found = plan(seeds=list(range(1, 131)))

    assert len(found.stages) > 10_000
    assert len(found.cells) == 4 * 2 * 4 * 130


MIXTURE = ["mini-mnli", "mini-ccg", "multitask", "multitask+mlm", "multitask+translated"]


def test_mlm_adds_steps_on_a_corpus_and_nothing_else() -> None:
    found = plan(recipes=MIXTURE)
    (plain,) = named(found, "intermediate/mini-xlmr/multitask/")
    (added,) = named(found, "intermediate/mini-xlmr/multitask+mlm/")
    (corpus,) = named(found, "prepare/corpus/mini-multilingual-text")

    assert {"corpus": corpus.key} == {role: key for role, key in added.inputs.items() if role not in plain.inputs}
    assert dict(plain.params) == {name: value for name, value in added.params.items() if name != "mlm"}
    assert "corpus" not in added.params["mlm"]


def test_translated_rows_reach_phase_two_alone_and_only_of_tasks_that_have_some() -> None:
    found = plan(recipes=MIXTURE)
    (plain,) = named(found, "intermediate/mini-xlmr/multitask/")
    (added,) = named(found, "intermediate/mini-xlmr/multitask+translated/")
    (translated,) = named(found, "prepare/translated/")

    assert {"translated:mini-mnli"} == set(added.inputs) - set(plain.inputs)
    assert added.params["translated"].keys() == {"mini-mnli"}
    readers = {stage.phase for stage in found.stages if translated.key in stage.inputs.values()}
    assert {Phase.INTERMEDIATE} == readers


def test_translated_rows_stand_on_the_english_rows_that_are_kept() -> None:
    found = plan(recipes=MIXTURE)
    (translated,) = named(found, "prepare/translated/mini-mnli")

    (rows,) = {stage.key for stage in named(found, "prepare/rows/mini-mnli")}
    assert {"rows": rows} == translated.inputs


def test_a_task_may_have_its_own_number_of_translated_rows() -> None:
    use = CATALOG.suite("mini").translated
    assert use is not None
    few = use.model_copy(update={"tasks": ("mini-mnli", "mini-squad"), "train": 50, "task_train": {"mini-squad": 20}})
    found = plan(recipes=["mini-mnli", "mini-squad", "multitask+translated"], translated=few)
    limits = {stage.name: stage.params["limit"] for stage in named(found, "prepare/translated/")}
    assert {"prepare/translated/mini-mnli": 50, "prepare/translated/mini-squad": 20} == limits


def test_a_recipe_says_which_tasks_share_a_head() -> None:
    tasks = ("mini-mnli", "mini-anli", "mini-squad")
    heads = {"mini-mnli": "nli", "mini-anli": "nli"}
    found = plan(recipes=[RecipeSpec(name="own", tasks=tasks), RecipeSpec(name="shared", tasks=tasks, heads=heads)])
    (own,) = named(found, "intermediate/mini-xlmr/own/")
    (shared,) = named(found, "intermediate/mini-xlmr/shared/")

    assert [None] * 3 == [task.get("head") for task in own.params["tasks"]]
    assert ["nli", "nli", None] == [task.get("head") for task in shared.params["tasks"]]
    assert own.key != shared.key


MADE: dict[str, Any] = {
    "recipes": ["mnli+translated"],
    "backbones": ["mini-xlmr"],
    "training": "small",
    "translated": {"by": "nllb-200-distilled-600m", "languages": ["de", "sw"], "train": 50},
}


def made(inputs: PlanInputs = INPUTS, **changes: Any) -> tuple[Plan, Stage]:
    fields = CATALOG.suite("mini").model_dump(by_alias=True) | PART | MADE | changes
    rows = suite_rows(resolve(SuiteSpec.model_validate(fields), CATALOG))
    paths = [path for files in rows.files.values() for path in files]
    assert not [path for path in paths if "translat" in path.lower()], "no files of translations are asked for"
    found = build_plan(rows, dataclasses.replace(inputs, data=dict.fromkeys(paths, "d" * 64)))
    (stage,) = named(found, "prepare/translated/")
    return found, stage


def test_translations_are_made_of_the_english_rows_that_are_kept_with_pinned_weights() -> None:
    found, stage = made()
    keys = found.by_key()
    fetch = keys[stage.inputs["translator"]]

    assert "prepare/rows/mnli" == keys[stage.inputs["rows"]].name
    assert CATALOG.translator("nllb-200-distilled-600m").source.model_dump()["revision"] == fetch.params["revision"]
    assert fetch.params["revision"] == stage.params["translator"]["source"]["revision"], "for those who read it"
    assert {"de": "deu_Latn", "sw": "swh_Latn"} == stage.params["translator"]["codes"]
    (added,) = named(found, "intermediate/mini-xlmr/mnli+translated/")
    assert {"mnli": ["de", "sw"]} == added.params["translated"]
    assert stage.key == added.inputs["translated:mnli"]
    readers = {reader.phase for reader in found.stages if stage.key in reader.inputs.values()}
    assert {Phase.INTERMEDIATE} == readers, "nothing validates or is scored on them"


def test_making_translations_is_on_the_suites_device_and_has_time_and_memory_for_its_model() -> None:
    _, stage = made(device="cuda", precision="bf16")
    found, plain = made()

    assert ("cuda", "bf16") == (stage.environment.device, stage.environment.precision)
    assert stage.key != plain.key
    (rows,) = named(found, "prepare/rows/mnli")
    assert plain.limits.memory > rows.limits.memory + 2 * 4 * 600e6
    assert plain.limits.seconds > rows.limits.seconds
    assert named(found, "fetch/facebook/")[0].disk > 600e6


def test_what_decides_a_translation_is_in_its_key() -> None:
    spec = CATALOG.translator("nllb-200-distilled-600m")
    keys = set()
    for changes in ({}, {"beams": 1}, {"max_length": 128}, {"batch_pieces": 512}, {"prefix": ("deu_Latn",)}):
        params = TranslatorParams.of(spec.model_copy(update=changes), ["de"])
        keys.add(repr(sorted(params.to_json().items())))
    assert 5 == len(keys)
    assert TranslatorParams.of(spec, ["de"]) == TranslatorParams.of(spec.model_copy(update={"title": "x"}), ["de"])


def test_bitext_mining_sees_the_pairs_of_its_validation_split_and_never_those_of_the_test_split() -> None:
    found = plan(targets=["mini-bucc"], backbones=["mini-xlmr"])
    keys = found.by_key()
    (retrieve,) = named(found, "retrieve/mini-xlmr/none/mini-bucc/")

    assert {
        "inputs": "prepare/inputs/mini-bucc",
        "dev": "prepare/validation-inputs/mini-bucc",
        "dev_labels": "prepare/validation-labels/mini-bucc",
    } == {role: keys[key].name for role, key in retrieve.inputs.items() if role != "checkpoint"}
    assert "validation" == keys[retrieve.inputs["dev_labels"]].params["split"]["split"]
    assert "test" == keys[retrieve.inputs["inputs"]].params["split"]["split"]
    assert ("sample", ["qaa", "qab", "qac", "qad"]) == (retrieve.params["dev"], retrieve.params["dev_languages"])


@pytest.mark.parametrize(("missing", "there"), [("test", "validation"), ("validation", "test")])
def test_a_split_that_stands_in_for_both_is_the_very_rows_that_are_scored(missing: str, there: str) -> None:
    """Whatever the limits of the two: the threshold is then an oracle's, and the stage knows it."""
    stand_ins = {"mini-bucc": {missing: {"use": there, "why": "no files"}}}
    limits = {"mini-bucc": {"test": 120, "validation": 40, "languages": ["qab"]}}
    found = plan(targets=["mini-bucc"], backbones=["mini-xlmr"], stand_ins=stand_ins, task_limits=limits)
    keys = found.by_key()
    (retrieve,) = named(found, "retrieve/mini-xlmr/none/mini-bucc/")

    assert ("scored", ["qab"]) == (retrieve.params["dev"], retrieve.params["dev_languages"])
    assert retrieve.inputs["dev"] == retrieve.inputs["inputs"]
    assert there == keys[retrieve.inputs["dev_labels"]].params["split"]["split"]
    assert 120 == keys[retrieve.inputs["dev_labels"]].params["limit"]


def test_tatoebas_layer_is_chosen_on_its_own_languages_whatever_is_scored() -> None:
    limits = {"tatoeba": {"languages": ["de"], "validation": 20}}
    digests = dict.fromkeys(data_paths("tatoeba"), "0" * 64)
    inputs = dataclasses.replace(INPUTS, data=digests)
    found = plan(inputs, targets=["tatoeba"], backbones=["mini-xlmr"], recipes=["none"], task_limits=limits)
    keys = found.by_key()
    (retrieve,) = named(found, "retrieve/mini-xlmr/none/tatoeba/")

    assert ["de"] == retrieve.params["languages"]
    assert 76 == len(retrieve.params["dev_languages"])
    assert 20 == keys[retrieve.inputs["dev"]].params["limit"]
    files = [file["path"] for paths in keys[retrieve.inputs["dev"]].params["split"]["files"].values() for file in paths]
    assert 152 == len(files)
    assert not [path for path in files if ".deu-eng." in path]


def test_tydiqa_selects_on_a_part_of_its_english_training_rows() -> None:
    inputs = dataclasses.replace(INPUTS, data=dict.fromkeys(data_paths("tydiqa"), "0" * 64))
    found = plan(inputs, targets=["tydiqa"], backbones=["mini-xlmr"], recipes=["none"])
    (rows,) = named(found, "prepare/rows/tydiqa")

    assert {"from_train", "limit"} == set(rows.params["splits"]["validation"])
    assert {"en"} == set(rows.params["splits"]["train"]["files"])
    assert not [path for path in data_paths("tydiqa") if "train" in path and ".en." not in path]


def test_where_training_rows_are_held_out_no_validation_file_is_asked_for() -> None:
    """XQuAD's model selects on a tenth of SQuAD's training rows."""
    paths = [*data_paths("xquad"), "squad/train-v1.1.json"]
    inputs = dataclasses.replace(INPUTS, data=dict.fromkeys(paths, "0" * 64))
    found = plan(inputs, targets=["xquad"], backbones=["mini-xlmr"], recipes=["none"])
    (rows,) = named(found, "prepare/rows/squad_v1")

    assert {"from_train", "limit"} == set(rows.params["splits"]["validation"])


def test_a_part_of_the_training_rows_never_stands_in_for_what_is_scored() -> None:
    inputs = dataclasses.replace(INPUTS, data=dict.fromkeys(data_paths("tydiqa"), "0" * 64))
    stand_ins = {"tydiqa": {"test": {"use": "validation", "why": "no files"}}}
    with pytest.raises(SpecError, match="'validation' is a part of the training rows and cannot stand in for 'test'"):
        plan(inputs, targets=["tydiqa"], backbones=["mini-xlmr"], recipes=["none"], stand_ins=stand_ins)


def test_where_no_validation_rows_are_the_rule_decides() -> None:
    """A task of retrieval needs none, bitext mining apart."""
    spec = CATALOG.task("mini-tatoeba", where="")
    resolved = resolve(SuiteSpec.model_validate(CATALOG.suite("mini").model_dump(by_alias=True) | PART), CATALOG)
    bare = spec.model_copy(update={"splits": {"test": spec.splits["test"]}})
    without = dataclasses.replace(resolved, tasks=dict(resolved.tasks) | {"mini-tatoeba": bare})
    found = build_plan(suite_rows(without), INPUTS)
    retrieve = named(found, "retrieve/mini-xlmr/none/mini-tatoeba/")[0]

    assert "none" == retrieve.params["dev"]
    assert {"checkpoint", "inputs"} == set(retrieve.inputs)


def test_phase_two_may_train_longer_than_phase_three_on_the_same_task() -> None:
    training = CATALOG.training("mini").model_copy(
        update={"tasks": {}, "intermediate": {"epochs": 9.0}, "multitask": {"epochs": 2.0}}
    )
    recipes = ["mini-mnli", "mini-squad", "multitask"]
    fields = CATALOG.suite("mini").model_dump(by_alias=True) | PART | {"recipes": recipes}
    resolved = dataclasses.replace(resolve(SuiteSpec.model_validate(fields), CATALOG), training=training)
    found = build_plan(suite_rows(resolved), INPUTS)

    (single,) = named(found, "intermediate/mini-xlmr/mini-mnli/")
    (mixed,) = named(found, "intermediate/mini-xlmr/multitask/")
    (target,) = named(found, "finetune/mini-xlmr/multitask/mini-mnli/")
    epochs = [stage.params["hyper"]["epochs"] for stage in (single, mixed, target)]
    assert [9.0, 2.0, training.defaults["epochs"]] == epochs
