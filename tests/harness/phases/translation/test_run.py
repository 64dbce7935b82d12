"""Making translations from the command line: a translator of one's own, in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from harness.cli import main
from harness.specs.catalog import Catalog
from harness.store.artifacts import Store
from tests.harness.phases.translation.test_make import TRANSLATOR


@pytest.fixture
def suite(tmp_path: Path, model: Path) -> Path:
    translator = {
        **TRANSLATOR,
        "title": "Tiny",
        "source": {"kind": "folder", "path": str(model / "files")},
        "parameters": 10_000,
        "licence": "none",
        "max_length": 40,
        "batch_pieces": 400,
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(translator))
    spec = yaml.safe_load(Catalog().suite_files()["mini"].read_text())
    spec |= {
        "name": "mine",
        "backbones": ["mini-xlmr"],
        "recipes": ["none", "mini-mnli+translated"],
        "targets": ["mini-xnli"],
        "task_limits": {},
        "translated": {"by": str(tmp_path / "tiny.yaml"), "languages": ["de"], "train": 12},
    }
    for field in ("hyper", "mlm", "mixing", "stand_ins"):
        spec.pop(field, None)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


def test_translations_are_made_from_the_command_line(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "run",
        str(suite),
        "--store",
        str(tmp_path / "store"),
        "--only",
        "prepare/translated/*",
        "--workers",
        "1",
    ]

    main(command)

    assert "Stages: 4 done" in capsys.readouterr().out, "the folder, the English rows without scored ones, translations"
    store = Store(tmp_path / "store")
    held = [store.look(key) for key in store]
    (made,) = [one for one in held if one.manifest and one.manifest.name.startswith("prepare/translated/")]
    assert {"manifest.json", "report.json", "train-de.jsonl"} == {path.name for path in made.folder.iterdir()}
    assert made.manifest is not None
    assert {"rows", "translator"} == set(made.manifest.inputs)
    assert 2 == made.manifest.identity["params"]["translator"]["beams"]
    report = json.loads((made.folder / "report.json").read_text())
    assert 12 == report["de"]["chosen"] == report["de"]["kept"] + sum(report["de"]["lost"].values())

    main(command)
    assert "cached" in capsys.readouterr().out


def test_another_translator_in_the_same_folder_is_another_stage(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = set()
    for beams in (2, 1):
        spec = yaml.safe_load((tmp_path / "tiny.yaml").read_text()) | {"beams": beams}
        (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(spec))
        assert main(["plan", str(suite), "--store", str(tmp_path / "store"), "--json"]) == 0
        stages = json.loads(capsys.readouterr().out)
        (key,) = [stage["key"] for stage in stages if stage["stage"].startswith("prepare/translated/")]
        keys.add(key)
    assert 2 == len(keys)


def test_a_smoke_run_makes_them_too(suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(suite), "--store", str(tmp_path / "store"), "--smoke", "--json"]) == 0

    stages = {stage["stage"] for stage in json.loads(capsys.readouterr().out)}
    assert {"fetch/tiny", "prepare/translated/mini-mnli"} <= stages


def test_a_translator_that_is_not_there_is_one_sentence(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = yaml.safe_load((tmp_path / "tiny.yaml").read_text())
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(spec | {"source": {"kind": "folder", "path": "nowhere"}}))

    assert main(["plan", str(suite), "--store", str(tmp_path / "store")]) == 2

    error = capsys.readouterr().err
    assert f"there is no folder {tmp_path / 'nowhere'}" in error
    assert "translator tiny" in error
