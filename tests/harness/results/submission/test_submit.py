"""``codestilts submit pack``, ``verify`` and ``submit accept`` from outside."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.results import Result
from tests.harness.results.conftest import ROW, Call, Made

Verify = Callable[..., tuple[int, Any]]


def unpacked(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return folder


def claims(report: Any) -> list[str]:
    return [f"{finding['file']} {finding['field']}" for finding in report["findings"]]


def test_the_same_row_gives_the_same_bytes_wherever_it_is_packed(
    made: Made, packed: Path, tmp_path: Path, call: Call
) -> None:
    for path in made.store.rglob("*"):
        path.touch()
    assert 0 == call("submit", "pack", "--suite", "tiny", *ROW, "--store", made.store, "--out", tmp_path / "a.zip")[0]
    assert packed.read_bytes() == (tmp_path / "a.zip").read_bytes()
    with zipfile.ZipFile(packed) as file:
        assert sorted(file.namelist()) == file.namelist()
        assert {(1980, 1, 1, 0, 0, 0)} == {entry.date_time for entry in file.infolist()}


def test_a_row_is_scored_again_from_its_predictions_alone(packed: Path, verify: Verify) -> None:
    code, report = verify(packed)
    assert (0, [], 5, 5) == (
        code,
        [*report["findings"], *report["missing"]],
        report["results"],
        report["rescored_from_predictions"],
    )
    assert {"generated anew"} == set(report["references"].values())


def test_results_are_verified_against_the_store_they_lie_in(original: Made, verify: Verify) -> None:
    code, report = verify(original.results)
    assert (0, 20, 20) == (code, report["results"], report["rescored_from_predictions"])
    code, report = verify(original.results / "mini-xlmr" / "none")
    assert (0, 5) == (code, report["results"])


def test_without_predictions_scores_are_compared_with_counts(original: Made, tmp_path: Path, verify: Verify) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(original.results, alone)
    code, report = verify(alone)
    assert (0, 20, 0) == (code, report["results"], report["rescored_from_predictions"])
    assert "only the counts per unit" in str(report["unchecked"])
    path = alone / "mini-xlmr" / "none" / "mini-udpos-s1.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["languages"]["en"]["metrics"]["precision"] += 0.001
    path.write_text(json.dumps(record), encoding="utf-8")
    code, report = verify(alone)
    assert 1 == code
    assert ["mini-xlmr/none/mini-udpos-s1.json languages.en.metrics.precision"] == claims(report)


def test_a_better_score_than_the_predictions_have_is_named(made: Made, verify: Verify) -> None:
    path = made.file("mini-xnli")
    record = json.loads(path.read_text(encoding="utf-8"))
    for entry in record["languages"].values():
        entry["score"] = entry["metrics"]["accuracy"] = 0.75
    record["score"] = 0.75
    path.write_text(json.dumps(record), encoding="utf-8")
    code, report = verify(made.results)
    assert 1 == code
    (first, *_) = [finding for finding in report["findings"] if finding["field"] == "languages.qaa.score"]
    assert ("mini-xlmr/mini-mnli/mini-xnli-s1.json", "0.75") == (first["file"], first["claimed"])
    assert first["found"] != "0.75"


def test_flattering_words_about_a_backbone_are_named(made: Made, verify: Verify) -> None:
    path = made.results / "suite.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["backbones"][0]["family"] = "code"
    record["notes"] = []
    record["miniature"] = False
    path.write_text(json.dumps(record), encoding="utf-8")
    code, report = verify(made.results)
    assert 1 == code
    assert {"suite.json backbones.0.family", "suite.json miniature"} <= set(claims(report))


def test_other_hyper_parameters_than_the_suite_asks_for_are_named(
    original: Made, packed: Path, tmp_path: Path, call: Call
) -> None:
    text = original.suite.read_text(encoding="utf-8")
    other = tmp_path / "tiny.yaml"
    other.write_text(text + "hyper: {mini-mnli: {epochs: 7}}\n", encoding="utf-8")
    code, out, _ = call("verify", packed, "--suite", other)
    assert 1 == code
    assert "params.hyper.epochs: claimed" in out
    assert "found 7" in out


def test_better_predictions_do_not_fit_what_was_recorded_of_them(packed: Path, tmp_path: Path, verify: Verify) -> None:
    """Whoever exchanges predictions and mends every checksum of the submission is still at odds with the manifests."""
    root = unpacked(packed, tmp_path / "sub")
    (file,) = root.rglob("predictions/mini-xnli/test-qaa.tsv")
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("".join(f"{line}\n" for line in reversed(lines)), encoding="utf-8")
    from harness.files import file_digest
    from harness.results.submission.submission import FileClaim, Submission

    record = Submission.model_validate_json((root / "submission.json").read_bytes())
    name = file.relative_to(root).as_posix()
    files = {**record.files, name: FileClaim(size=file.stat().st_size, sha256=file_digest(file))}
    record = record.model_copy(update={"files": files})
    record = record.model_copy(update={"digest": record.content_digest()})
    (root / "submission.json").write_text(record.model_dump_json(by_alias=True), encoding="utf-8")
    code, report = verify(root)
    assert 1 == code
    assert f"{name} " in claims(report)
    assert any("languages.qaa" in claim for claim in claims(report))


def test_an_artifact_that_is_gone_is_said_before_anything_is_packed(made: Made, tmp_path: Path, call: Call) -> None:
    (file,) = list(made.store.glob("artifacts/*/*/predictions/mini-xquad/test-en.json"))[:1]
    file.unlink()
    rows = ("--backbone", "mini-xlmr", "--backbone", "mini-roberta", "--recipe", "none", "--recipe", "mini-mnli")
    code, _, err = call("submit", "pack", "--suite", "tiny", *rows, "--store", made.store, "--out", tmp_path / "a.zip")
    assert 3 == code
    assert "test-en.json" in err
    assert "run the suite again" in err
    assert not (tmp_path / "a.zip").exists()


def test_a_row_that_lacks_results_is_packed_only_if_asked(
    made: Made, tmp_path: Path, call: Call, verify: Verify
) -> None:
    made.file("mini-xnli").unlink()
    made.file("mini-xnli").with_suffix(".units.json").unlink()
    out = tmp_path / "a.zip"
    command = ("submit", "pack", "--suite", "tiny", *ROW, "--store", made.store, "--out", out)
    code, _, err = call(*command)
    assert 2 == code
    assert "1 of 5 results are missing" in err
    assert 0 == call(*command, "--partial")[0]
    code, report = verify(out)
    assert (0, 4) == (code, report["results"])
    lost = f"{ROW[1]} / {ROW[3]} / mini-xnli, seed 1"
    assert [lost] == report["missing"]
    code, shown, _ = call("verify", out, "--suite", made.suite)
    assert 0 == code
    assert f"incomplete: without a result: {lost}" in shown.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--suite", "other", *ROW), "there is no such results folder"),
        (("--suite", "tiny", "--backbone", "gpt", "--recipe", "none"), "there is no result of row 'gpt / none'"),
    ],
)
def test_bad_rows_are_one_sentence(
    original: Made, tmp_path: Path, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = call("submit", "pack", *arguments, "--store", original.store, "--out", tmp_path / "x.zip")
    assert 2 == code
    assert said in err
    assert 1 == len(err.splitlines())


def test_accepted_rows_are_one_file_each_and_stay_true(
    original: Made, packed: Path, tmp_path: Path, call: Call, verify: Verify
) -> None:
    into = tmp_path / "accepted"
    command = ("submit", "accept", packed, "--into", into, "--suite", original.suite)
    assert 0 == call(*command)[0]
    row = into / "tiny" / "mini-xlmr" / "mini-mnli.json"
    before = row.read_bytes()
    assert 0 == call(*command)[0]  # again: nothing changes
    assert before == row.read_bytes()
    assert [row, row.with_suffix(".zip")] == sorted(path for path in into.rglob("*") if path.is_file())

    code, reports = verify(into, "--all")
    assert (0, 1, 5) == (code, len(reports), reports[0]["rescored_from_predictions"])
    row.write_bytes(before.replace(b'"truncated":0.25', b'"truncated":0.05', 1))
    code, reports = verify(into, "--all")
    assert 1 == code
    assert "truncated" in str(reports[0]["findings"])
    code, _, err = call(*command)
    assert 2 == code
    assert "accepted before, with other content" in err
    assert 0 == call(*command, "--replace")[0]
    assert before == row.read_bytes()


def test_what_does_not_hold_is_not_accepted(original: Made, packed: Path, tmp_path: Path, call: Call) -> None:
    changed = tmp_path / "row.zip"
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    code, out, err = call("submit", "accept", changed, "--into", tmp_path / "accepted", "--suite", original.suite)
    assert 1 == code
    assert "its bytes are not those it was sealed with" in out
    assert "nothing was written" in err
    assert not (tmp_path / "accepted").exists()


def test_a_suite_that_is_not_known_here_is_asked_for(packed: Path, call: Call, original: Made) -> None:
    code, _, err = call("verify", packed)
    assert 2 == code
    assert "suite 'tiny' is not known here; give its file with --suite" in err
    code, _, err = call("verify", packed, "--suite", "mini")
    assert 2 == code
    assert "it is suite 'mini', the results are of 'tiny'" in err


def test_verify_says_what_it_was_given(tmp_path: Path, call: Call) -> None:
    assert "there is no such file or folder" in call("verify", tmp_path / "none")[2]
    (tmp_path / "empty").mkdir()
    assert "neither a results folder nor a submission" in call("verify", tmp_path / "empty")[2]
    assert "nothing to verify below it" in call("verify", "--all", tmp_path / "empty")[2]
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04")
    code, out, _ = call("verify", tmp_path / "x.zip")
    assert 1 == code
    assert "does not end as a submission does" in out


def test_parameters_that_a_later_version_adds_do_not_count_against_a_row(
    original: Made, packed: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.plan import suite
    from harness.plan.params import FinetuneParams, IntermediateParams

    for model in (FinetuneParams, IntermediateParams):
        monkeypatch.setattr(model, "to_json", lambda params: {**params.model_dump(mode="json"), "newly_thought_of": 3})
    code, out, _ = call("verify", packed, "--suite", original.suite)
    assert 1 == code  # the same version of the code cannot have other parameters
    assert "newly_thought_of: claimed nothing, found 3" in out
    versions = suite.phase_versions()
    later = {**versions, "intermediate": 99, "finetune": 99}
    monkeypatch.setattr(suite, "phase_versions", lambda: later)
    code, out, _ = call("verify", packed, "--suite", original.suite)
    assert 0 == code
    assert "phase finetune of version" in out


def test_metrics_that_a_later_scorer_adds_do_not_count_against_a_row(
    original: Made, packed: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.plan import suite
    from harness.results.cells import CellReader

    result = CellReader.result

    def more(self: CellReader, *args: Any, **named: Any) -> Result:
        found = result(self, *args, **named)
        languages = {
            name: one.model_copy(update={"metrics": {**one.metrics, "newly_thought_of": 0.5}})
            for name, one in found.languages.items()
        }
        return found.model_copy(update={"languages": languages})

    monkeypatch.setattr(CellReader, "result", more)
    code, out, _ = call("verify", packed, "--suite", original.suite)
    assert 1 == code  # the same scorer cannot find other metrics
    assert "metrics.newly_thought_of: claimed nothing, found 0.5" in out
    later = {**suite.phase_versions(), "score": 99}
    monkeypatch.setattr(suite, "phase_versions", lambda: later)
    code, out, _ = call("verify", packed, "--suite", original.suite)
    assert "newly_thought_of" not in out
    assert "metrics that a later version of the scorer adds" in out
    assert 0 == code


def test_a_place_that_cannot_be_written_is_one_sentence(original: Made, tmp_path: Path, call: Call) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    out = tmp_path / "file" / "row.zip"
    code, _, err = call("submit", "pack", "--suite", "tiny", *ROW, "--store", original.store, "--out", out)
    assert 3 == code
    assert "check the path, its permissions and the disk" in err
    assert 1 == len(err.splitlines())
