"""Submissions whose makers mended every checksum: what they hold may be anything, and verifying says no and no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.files import digest, file_digest
from harness.results.submission.archive import unpack
from harness.results.submission.submission import FileClaim, Submission
from harness.results.verify.check import Verifier, VerifierOptions
from tests.harness.results.conftest import Made

WEIRD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    "",
    "x",
    "../../../../etc/passwd",
    [],
    {},
    [[]],
    {"a": []},
    [["a", "b"]],
)


def mend(root: Path) -> None:
    """Make all digests of a submission right again, as whoever changed it would."""
    for path in sorted(root.glob("artifacts/*/manifest.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        try:
            record["digest"] = digest([[entry["path"], entry["sha256"]] for entry in record["files"]])
        except (KeyError, TypeError):
            continue
        path.write_text(json.dumps(record), encoding="utf-8")
    record = Submission.model_validate_json((root / "submission.json").read_bytes())
    files = {
        path.relative_to(root).as_posix(): FileClaim(size=path.stat().st_size, sha256=file_digest(path))
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "submission.json"
    }
    record = record.model_copy(update={"files": files})
    record = record.model_copy(update={"digest": record.content_digest()})
    (root / "submission.json").write_text(record.model_dump_json(by_alias=True), encoding="utf-8")


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, part in inner for place in [(*at, name), *places(part, (*at, name))]]


def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    for name in place[:-1]:
        value = value[name]
    old, value[place[-1]] = value[place[-1]], new
    return old


@pytest.fixture(scope="module")
def verifier(original: Made, tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    means = VerifierOptions(suite=str(original.suite), scratch=tmp_path_factory.mktemp("scratch"))
    return Verifier(means, lambda _done, _note: None)


@pytest.fixture(scope="module")
def whole(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    unpack(packed, root)
    return root


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_in_a_submission_makes_verifying_fail_in_another_way(
    data: st.DataObject, whole: Path, verifier: Verifier, tmp_path: Path
) -> None:
    root = tmp_path / "sub"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(whole, root)
    files = sorted(path for path in root.rglob("*.json") if path.name != "submission.json")
    kind = data.draw(
        st.sampled_from(sorted({path.name if path.parent.name != "mini-mnli" else "result" for path in files}))
    )
    path = data.draw(
        st.sampled_from(
            [path for path in files if kind in (path.name, "result" if path.parent.name == "mini-mnli" else "")]
        )
    )
    record = json.loads(path.read_text(encoding="utf-8"))
    place = data.draw(st.sampled_from(places(record) or [()]))
    new = data.draw(st.sampled_from(WEIRD))
    if not place:
        return
    put(record, place, new)
    path.write_text(json.dumps(record), encoding="utf-8")
    mend(root)
    for finding in verifier.verify(root).findings:
        assert len(str(finding)) < 3000


def test_keys_and_files_that_lead_outside_are_not_followed(whole: Path, verifier: Verifier, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    for number, change in enumerate(("key", "file")):
        root = tmp_path / f"sub{number}"
        shutil.copytree(whole, root)
        if change == "key":
            path = root / "results" / "mini-xlmr" / "mini-mnli" / "mini-xnli-s1.json"
            record = json.loads(path.read_text(encoding="utf-8"))
            record["provenance"]["stages"][-1]["key"] = "../../.."
        else:
            (path,) = [
                path
                for path in root.glob("artifacts/*/manifest.json")
                if json.loads(path.read_text(encoding="utf-8"))["name"] == "predict/mini-xlmr/mini-mnli/mini-xnli/s1"
            ]
            record = json.loads(path.read_text(encoding="utf-8"))
            record["files"][0]["path"] = "../../../secret"
        path.write_text(json.dumps(record), encoding="utf-8")
        mend(root)
        verdict = verifier.verify(root)
        said = " ".join(map(str, verdict.findings))
        assert not verdict.holds
        assert file_digest(secret) not in said
        assert ("names no stage by its key" if change == "key" else "outside its folder") in said


@pytest.mark.parametrize("name", ["results/notes.txt", f"artifacts/{'0' * 64}/more.txt", "artifacts/KEY/more.txt", "x"])
def test_a_file_that_belongs_to_nothing_is_named(name: str, whole: Path, verifier: Verifier, tmp_path: Path) -> None:
    root = tmp_path / "sub"
    shutil.copytree(whole, root)
    name = name.replace("KEY", min(path.name for path in (root / "artifacts").iterdir()))
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("x", encoding="utf-8")
    mend(root)
    assert [name] == [finding.file for finding in verifier.verify(root).findings]


def test_links_are_called_links(whole: Path, verifier: Verifier, tmp_path: Path) -> None:
    root = tmp_path / "sub"
    shutil.copytree(whole, root)
    (root / "more").symlink_to("/etc/passwd")
    (finding,) = verifier.verify(root).findings
    assert ("submission.json", "files.more", "it is a link, and not listed") == (
        finding.file,
        finding.field,
        finding.found,
    )
    (root / "more").unlink()
    path = root / "results" / "suite.json"
    path.rename(tmp_path / "suite.json")
    path.symlink_to(tmp_path / "suite.json")
    (finding,) = verifier.verify(root).findings
    assert ("results/suite.json", "it is a link, not a file") == (finding.file, finding.found)


def test_other_seeds_than_the_suite_has_are_named(whole: Path, verifier: Verifier, tmp_path: Path) -> None:
    root = tmp_path / "sub"
    shutil.copytree(whole, root)
    path = root / "results" / "suite.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["seeds"] = [1, 2]
    path.write_text(json.dumps(record), encoding="utf-8")
    mend(root)
    assert ("results/suite.json", "seeds") in [(one.file, one.field) for one in verifier.verify(root).findings]


def test_swapped_languages_are_told_where_they_lie_in_the_submission(
    whole: Path, verifier: Verifier, tmp_path: Path
) -> None:
    """The predictions of two languages, exchanged: what does not fit is named, and not where it was unpacked."""
    root = tmp_path / "sub"
    shutil.copytree(whole, root)
    (path,) = [
        path
        for path in root.glob("artifacts/*/manifest.json")
        if json.loads(path.read_text(encoding="utf-8"))["name"] == "predict/mini-xlmr/mini-mnli/mini-udpos/s1"
    ]
    first, second = sorted(path.parent.rglob("test-*.tsv"))[:2]
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)
    record = json.loads(path.read_text(encoding="utf-8"))
    for entry in record["files"]:
        entry.update(sha256=file_digest(path.parent / entry["path"]), size=(path.parent / entry["path"]).stat().st_size)
    path.write_text(json.dumps(record), encoding="utf-8")
    mend(root)
    said = [str(finding) for finding in verifier.verify(root).findings]
    assert any(f"artifacts/{path.parent.name}/" in one for one in said)
    assert any("field inputs.predictions: claimed" in one for one in said)
    assert not any(str(root) in one for one in said)
