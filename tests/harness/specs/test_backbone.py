"""Image specs of backbones: sources, pins, what needs a person's word, folders of one's own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.data.suite_rows import suite_rows
from harness.errors import SpecError
from harness.plan.build import build_plan
from harness.plan.stage import Phase, Stage
from harness.plan.suite import read_inputs
from harness.runners.images.targets import image_of
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec
from harness.specs.usable import check_usable

COMMIT = "0123456789abcdef" * 2 + "01234567"


def spec(**changes: Any) -> dict[str, Any]:
    fields = {
        "name": "mine",
        "title": "Mine",
        "family": "text",
        "source": {"kind": "hub", "id": "me/mine", "revision": COMMIT},
        "architecture": "bert",
        "layers": 2,
        "hidden_size": 32,
        "max_length": 48,
    }
    return fields | changes


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a folder of specs; what it returns takes specs."""
    folder = tmp_path / "images/backbones"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return folder


def write(folder: Path, **changes: Any) -> Catalog:
    fields = spec(**changes)
    (folder / f"{fields['name']}.yaml").write_text(yaml.safe_dump(fields))
    return Catalog()


def suite(*backbones: str) -> SuiteSpec:
    fields = {"name": "s", "title": "S", "description": "d", "recipes": ["none"], "training": "mini"}
    return SuiteSpec.model_validate(fields | {"backbones": backbones, "targets": ["mini-xnli"]})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"kind": "hub", "id": "me/mine", "revision": "main"}, "'main' is no full commit hash"),
        ({"kind": "hub", "id": "mine", "revision": COMMIT}, "id"),
        ({"kind": "hub", "id": "me/mine", "revision": COMMIT, "files": {"../x": None}}, "no path inside"),
        ({"kind": "hub", "id": "me/mine", "revision": COMMIT, "files": {"config.json": "abc"}}, "files.config.json"),
        ({"kind": "hub", "id": "me/mine", "revision": COMMIT, "code": {"revision": "main"}}, "code.revision"),
        ({"kind": "hub", "id": "me/mine", "revision": COMMIT, "code": {"revision": COMMIT}}, "flag 'remote-code'"),
        ({"kind": "ftp"}, "source"),
    ],
)
def test_a_source_that_pins_nothing_is_refused(own: Path, source: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        write(own, source=source).backbone("mine")


def test_an_unpinned_backbone_is_listed_but_not_used(own: Path) -> None:
    catalog = write(own, source={"kind": "hub", "id": "me/mine", "revision": "UNPINNED"})
    assert "mine" in catalog.backbone_files()

    with pytest.raises(SpecError, match=r"nobody has vouched for a revision of me/mine.*full commit hash"):
        resolve(suite("mine"), catalog)


def test_what_needs_a_persons_word_says_why(own: Path) -> None:
    source = {"kind": "hub", "id": "me/mine", "revision": COMMIT, "code": {"revision": COMMIT}}
    catalog = write(own, source=source, needs=[{"flag": "remote-code", "why": "Its model is code."}])
    found = catalog.backbone("mine")

    with pytest.raises(SpecError, match=r"needs your word \(remote-code\): Its model is code; .*--allow remote-code"):
        check_usable(found, ())
    check_usable(found, ["remote-code"])
    resolve(suite("mine"), catalog, ["remote-code"])


def test_the_word_is_needed_for_what_is_made_from_it_too(own: Path) -> None:
    write(own, needs=[{"flag": "gated", "why": "Its terms."}])
    child = {"name": "mine+text", "title": "M", "family": "text", "from": "mine"}
    pretrain = {"corpus": "mini-english", "steps": 1, "batch_size": 1, "block_length": 16, "learning_rate": 1e-4}
    (own / "mine+text.yaml").write_text(yaml.safe_dump(child | {"pretrain": pretrain}))

    with pytest.raises(SpecError, match="--allow gated"):
        resolve(suite("mine+text"), Catalog())


def test_remote_code_needs_a_commit_of_that_code(own: Path) -> None:
    with pytest.raises(SpecError, match=r"'remote-code' needs 'source.code' with the commit"):
        write(own, needs=[{"flag": "remote-code", "why": "x"}]).backbone("mine")


def test_ones_own_spec_goes_before_a_shipped_one(own: Path) -> None:
    assert "Mine" == write(own, name="minilm").backbone("minilm").title


def test_a_public_pair_names_a_known_backbone(own: Path) -> None:
    with pytest.raises(SpecError, match="unknown backbone in 'public_pair' 'roberta-bse'"):
        write(own, public_pair="roberta-bse").backbone("mine")


def test_a_hub_backbone_is_fetched_by_commit_and_converted(own: Path) -> None:
    template = {"single": "$A x", "pair": "$A $B x"}
    catalog = write(own, source=spec()["source"] | {"files": {"config.json": "1" * 64}}, template=template)
    resolved = resolve(suite("mine"), catalog)

    stages = {stage.phase: stage for stage in build_plan(suite_rows(resolved), read_inputs(resolved, None)).stages}

    fetch, convert = stages[Phase.FETCH], stages[Phase.CONVERT]
    assert {"kind": "hub", "id": "me/mine", "revision": COMMIT, "files": ["config.json"]} == fetch.params
    assert {"config.json": "1" * 64} == fetch.expected
    assert template == convert.params["backbone"]["template"]
    assert "mlm_head" not in convert.params["backbone"]
    assert fetch.key == convert.inputs["source"]


def test_facts_are_held_against_the_files_and_change_no_key(own: Path) -> None:
    stages = []
    for facts in (
        {},
        {"parameters": 5, "dtype": "bf16", "tokenizer": {"kind": "wordpiece", "vocab_size": 30}},
        {"parameters": 5, "dtype": "bf16", "unattested": ["parameters"]},
    ):
        resolved = resolve(suite("mine"), write(own, **facts))
        plan = build_plan(suite_rows(resolved), read_inputs(resolved, None))
        stages += [stage for stage in plan.stages if stage.phase is Phase.CONVERT]

    assert [dict(stage.expected) for stage in stages] == [
        {},
        {"parameters": "5", "dtype": "bf16", "tokenizer.kind": "wordpiece", "tokenizer.vocab_size": "30"},
        {"dtype": "bf16"},
    ]
    assert len({stage.key for stage in stages}) == 1


def test_languages_are_xtremes_or_made_up(own: Path) -> None:
    assert write(own, languages=["en", "sw", "qaa"]).backbone("mine").languages == ("en", "sw", "qaa")
    for other in ("eng", "EN", "sv"):
        with pytest.raises(SpecError, match=f"'languages.*'{other}' is none of XTREME's 40: af, ar"):
            write(own, languages=["en", other]).backbone("mine")


def test_only_what_a_spec_says_can_be_unattested(own: Path) -> None:
    with pytest.raises(SpecError, match="'unattested' names 'parameters', which is no field of this spec"):
        write(own, unattested=["parameters"]).backbone("mine")


def test_a_folders_contents_make_the_key_and_its_place_does_not(own: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file in ("config.json", "tokenizer.json", "model.safetensors", "notes.txt"):
            (tmp_path / name / file).write_text(file)
    keys = []
    for path in ("../../one", str(tmp_path / "two")):
        resolved = resolve(suite("mine"), write(own, source={"kind": "folder", "path": path}))
        plan = build_plan(suite_rows(resolved), read_inputs(resolved, None))
        (fetch,) = [stage for stage in plan.stages if stage.phase is Phase.FETCH]
        assert {"folder": str(tmp_path / Path(path).name)} == fetch.folders
        assert hashlib.sha256(b"config.json").hexdigest() == fetch.params["files"]["config.json"]
        assert "notes.txt" not in fetch.params["files"]
        keys.append(fetch.key)
    assert keys[0] == keys[1]
    (tmp_path / "two/config.json").write_text("changed")
    resolved = resolve(suite("mine"), Catalog())
    assert keys[0] not in {stage.key for stage in build_plan(suite_rows(resolved), read_inputs(resolved, None)).stages}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "nowhere"}, "there is no folder"),
        ({"path": "."}, r"there is no config\.json"),
        ({"path": ".", "files": {"x.json": None}}, r"there is no file 'x\.json'"),
        ({"path": ".", "files": {"mine.yaml": "0" * 64}}, r"'mine\.yaml' in .* has SHA-256 .* recorded is 000"),
    ],
)
def test_a_folder_that_is_not_as_the_spec_says_is_refused(own: Path, source: dict[str, Any], message: str) -> None:
    resolved = resolve(suite("mine"), write(own, source={"kind": "folder", **source}))

    with pytest.raises(SpecError, match=message):
        read_inputs(resolved, None)


def stages_of(catalog: Catalog, *backbones: str) -> dict[str, Stage]:
    resolved = resolve(suite(*backbones), catalog)
    return {stage.name: stage for stage in build_plan(suite_rows(resolved), read_inputs(resolved, None)).stages}


def test_packages_of_its_own_enter_the_keys_of_what_loads_it_and_no_others(own: Path) -> None:
    plans = []
    for version in ("1", "2"):
        (own / "mine.txt").write_text(f"a=={version} --hash=sha256:{'0' * 64}\n")
        plans.append(stages_of(write(own, requirements="mine.txt"), "mine", "minilm"))
    changed = {name for name, stage in plans[0].items() if stage.key != plans[1][name].key}
    assert {"convert/mine", "finetune/mine/none/mini-mnli/s1"} <= changed
    assert not any("minilm" in name for name in changed)
    keyed = {name for name in changed if plans[0][name].environment != plans[1][name].environment}
    assert not any(name.startswith(("score/", "prepare/", "fetch/")) for name in keyed)
    assert {f"{'retrieve' if name.startswith('retrieve') else 'train'}+mine" for name in keyed} == {
        image_of(plans[0][name]) for name in keyed
    }
    assert {"report"} == {image_of(stage) for name, stage in plans[0].items() if name.startswith("score/")}
    (own / "mine.txt").unlink()
    with pytest.raises(SpecError, match=r"no 'mine\.txt' beside the spec"):
        stages_of(Catalog(), "mine")


def test_what_is_made_from_it_runs_in_its_image_too(own: Path) -> None:
    (own / "mine.txt").write_text(f"a==1 --hash=sha256:{'0' * 64}\n")
    write(own, requirements="mine.txt", bake=True)
    pretrain = {"corpus": "mini-english", "steps": 1, "batch_size": 1, "block_length": 16, "learning_rate": 1e-4}
    child = {"name": "mine+text", "title": "M", "family": "text", "from": "mine", "pretrain": pretrain}
    (own / "mine+text.yaml").write_text(yaml.safe_dump(child))

    images = {name: image_of(stage) for name, stage in stages_of(Catalog(), "mine+text").items()}

    assert images["pretrain/mine+text"] == images["convert/mine"] == "train+mine"
    assert images["fetch/me/mine"] == "fetch+mine"


def test_where_the_files_come_from_is_in_no_key(own: Path) -> None:
    """A host without network shares artifacts with one that has fetched."""
    fetched, baked = (stages_of(write(own, bake=bake), "mine") for bake in (False, True))

    assert {name: stage.key for name, stage in fetched.items()} == {name: stage.key for name, stage in baked.items()}
    assert ("fetch", "fetch+mine") == (image_of(fetched["fetch/me/mine"]), image_of(baked["fetch/me/mine"]))


def test_a_folder_that_an_image_holds_need_not_be_there_if_the_spec_says_what_is_in_it(own: Path) -> None:
    files = {"config.json": "1" * 64, "model.safetensors": "2" * 64}
    catalog = write(own, bake=True, source={"kind": "folder", "path": "nowhere", "files": files})
    assert files == stages_of(catalog, "mine")["fetch/mine"].params["files"]

    for changes in ({"bake": False}, {"source": {"kind": "folder", "path": "nowhere"}}):
        unsaid = {"bake": True, "source": {"kind": "folder", "path": "nowhere", "files": files}} | changes
        with pytest.raises(SpecError, match="there is no folder"):
            stages_of(write(own, **unsaid), "mine")
