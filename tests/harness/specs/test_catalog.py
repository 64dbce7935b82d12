"""Suites resolved: what shipped specs must fulfil, and what is refused."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SpecError
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import RecipeSpec, SuiteSpec

CATALOG = Catalog()
FEW = {"languages": ["qaa"]}
NLLB = {"languages": ["qaa"], "by": "nllb-200-distilled-600m"}
GERMAN = {"languages": ["de"]}
MLM = {"corpus": "mini-english", "ratio": 0.5, "batch_size": 8, "block_length": 32}


def suite(**changes: Any) -> SuiteSpec:
    fields: dict[str, Any] = {
        "name": "mine",
        "title": "Mine",
        "description": "d",
        "backbones": ["mini-roberta"],
        "recipes": ["none"],
        "targets": ["mini-xnli"],
        "training": "mini",
    }
    return SuiteSpec.model_validate(fields | changes)


@pytest.mark.parametrize("name", sorted(CATALOG.suite_files()))
def test_shipped_suites_resolve(name: str) -> None:
    resolved = resolve(CATALOG.suite(name), CATALOG)

    assert set(resolved.spec.targets) <= set(resolved.tasks)


@pytest.mark.parametrize("name", sorted(CATALOG.task_files()))
def test_shipped_tasks_are_read(name: str) -> None:
    assert CATALOG.task(name).name == name


@pytest.mark.parametrize("name", sorted(CATALOG.backbone_files()))
def test_shipped_backbones_say_what_they_are(name: str) -> None:
    spec = CATALOG.backbone(name)

    assert spec.architecture
    assert spec.layers
    assert spec.max_length


def test_a_derived_backbone_takes_what_it_leaves_out_from_its_origin() -> None:
    origin, derived = CATALOG.backbone("minilm"), CATALOG.backbone("minilm+code")
    assert origin.saw == derived.saw[: len(origin.saw)]
    assert "networkx" in derived.saw[-1].what
    assert CATALOG.backbone("minilm+code").layers == 6


def test_multitask_mixes_the_single_tasks_of_the_suite() -> None:
    resolved = resolve(suite(recipes=["none", "mini-mnli", "mini-squad", "multitask"]), CATALOG)

    assert resolved.recipes[-1].tasks == ("mini-mnli", "mini-squad")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbones": ["mini-robert"]}, "unknown backbone 'mini-robert'; did you mean 'mini-roberta'"),
        ({"targets": ["mini-xnlo"]}, "unknown task 'mini-xnlo'; did you mean 'mini-xnli'"),
        ({"recipes": ["mini-squat"]}, "unknown recipe 'mini-squat'; did you mean 'mini-squad'"),
        ({"recipes": ["mini-xnli"]}, "'mini-xnli' is not an intermediate task"),
        ({"recipes": ["mini-squad+mml"]}, r"unknown recipe extra '\+mml'; did you mean '\+mlm'"),
        ({"recipes": ["mini-squad+mlm"]}, r"needs the field 'mlm'"),
        ({"recipes": ["mini-squad+translated"]}, r"needs the field 'translated'"),
        ({"recipes": ["none+mlm"], "mlm": MLM}, r"no intermediate task that \+mlm could be added to"),
        ({"recipes": ["mini-ccg+translated"], "translated": {"languages": ["qaa"]}}, r"language with translated rows"),
        ({"recipes": ["mini-mnli+translated"], "translated": FEW | {"tasks": ["mini-squad"]}}, "none of its tasks"),
        (
            {"recipes": [RecipeSpec(name="x", tasks=("mini-mnli", "mini-squad"), heads={"mini-mnli": "h"})]},
            "head 'h' is shared by nobody",
        ),
        (
            {"recipes": [RecipeSpec(name="x", tasks=("mini-mnli",), heads={"mini-mnlo": "h"})]},
            "unknown task of the recipe 'mini-mnlo'",
        ),
        (
            {"recipes": [RecipeSpec(name="x", tasks=("mini-mnli", "mini-anli"), heads={"mini-mnli": "mini-anli"})]},
            "'mini-anli' is a task with a head of its own",
        ),
        (
            {
                "recipes": [
                    RecipeSpec(
                        name="x",
                        tasks=("mini-mnli", "mini-squad"),
                        heads=dict.fromkeys(("mini-mnli", "mini-squad"), "h"),
                    )
                ]
            },
            "'mini-mnli' and 'mini-squad' cannot share a head",
        ),
        ({"recipes": ["mini-mnli+translated"], "translated": NLLB}, "language of the translator nllb-200.* 'qaa'"),
        ({"recipes": ["mini-ccg+translated"], "translated": NLLB | GERMAN}, "none of its tasks can be translated"),
        (
            {
                "recipes": ["mini-mnli", "mini-ccg", "multitask+translated"],
                "translated": NLLB | GERMAN | {"tasks": ["mini-ccg"]},
            },
            "'mini-ccg' cannot be translated: token_tagging",
        ),
        ({"recipes": ["mini-mnli+translated"], "translated": GERMAN | {"by": "nlb"}}, "unknown translator 'nlb'"),
        ({"recipes": ["mini-mnli+translated"], "translated": FEW | {"tasks": ["mini-ccg"]}}, "has no translated rows"),
        (
            {"recipes": ["mini-mnli+translated"], "translated": FEW | {"task_train": {"mini-ccg": 9}}},
            "has no translated",
        ),
        ({"recipes": ["mini-mnli+translated"], "translated": FEW | {"task_train": {"mnlo": 9}}}, "unknown task 'mnlo'"),
        ({"recipes": ["mini-squad+mlm"], "mlm": MLM | {"corpus": "nowhere"}}, r"corpus 'nowhere'"),
        ({"recipes": ["multitask"]}, "fewer than two"),
        ({"recipes": [RecipeSpec(name="mine+mlm", tasks=("mini-mnli",))]}, r"'mine\+mlm' has \+mlm"),
        ({"recipes": [RecipeSpec(name="mine", tasks=("mini-mnli",), translated=True)]}, r"field 'translated: true'"),
        ({"training": "minni"}, "unknown training recipe 'minni'; did you mean 'mini'"),
        ({"task_limits": {"mini-xnli": {"languages": ["xx"]}}}, "unknown language of mini-xnli 'xx'"),
        ({"task_limits": {"mini-xnly": {}}}, "unknown task in 'task_limits' 'mini-xnly'; did you mean 'mini-xnli'"),
        (
            {"task_limits": {"xnli": {}, "mnli": {}}},
            "uses 'xnli', 'mnli'; shorten 'task_limits': delete its lines for 'xnli', 'mnli'; or add a target or",
        ),
        ({"stand_ins": {"mini-xnli": {"test": {"use": "train", "why": "w"}}}}, "the task has no split 'train'"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        resolve(suite(**changes), CATALOG)


def test_mlm_needs_a_head_to_go_on_with(tmp_path: Path) -> None:
    """Where the spec says that there is none; where nobody has looked, the stage does."""
    text = CATALOG.backbone_files()["minilm"].read_text(encoding="utf-8")
    catalog = Catalog(backbones_dir=tmp_path)
    (tmp_path / "minilm.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "headless.yaml").write_text(f"{text}mlm_head: false\n".replace("name: minilm", "name: headless"))

    resolve(suite(backbones=["minilm"], recipes=["mini-squad+mlm"], mlm=MLM), catalog)
    resolve(suite(backbones=["minilm", "headless"]), catalog)
    message = r"recipe 'mini-squad\+mlm' needs a masked-language-modelling head, and backbone 'headless' has none"
    with pytest.raises(SpecError, match=message):
        resolve(suite(backbones=["minilm", "headless"], recipes=["mini-squad+mlm"], mlm=MLM), catalog)
    assert CATALOG.backbone("minilm+code").has_mlm_head, "further pretraining leaves one"


@pytest.mark.parametrize(("steps", "message"), [(150, None), (151, "differ in more than their corpus")])
def test_pair_sides_must_differ_in_their_corpus_alone(tmp_path: Path, steps: int, message: str | None) -> None:
    pair = ["minilm+code", "minilm+text"]
    for name in ("minilm", *pair):
        shutil.copy(CATALOG.backbone_files()[name], tmp_path)
    path = tmp_path / "minilm+text.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("steps: 150", f"steps: {steps}"), encoding="utf-8")

    with nullcontext() if message is None else pytest.raises(SpecError, match=message):
        assert set(pair) <= set(resolve(suite(backbones=pair), Catalog(backbones_dir=tmp_path)).backbones)
