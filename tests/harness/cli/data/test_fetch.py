"""``data fetch`` with the real client against a hub on loopback, and what it fetched read by ``prepare``."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from harness.cli import main
from harness.context import StageContext
from harness.data.locate import find_source
from harness.data.tables import needs
from harness.files import file_digest
from harness.phases import prepare
from harness.specs.catalog import Catalog
from tests.hub_server import HubServer
from tests.samples import write

TASK = "commonsenseqa"
SPEC = Catalog().task(TASK)
TABLE = next(source.hub for source in SPEC.splits["train"].sources() if source.hub is not None)
NAMES = {split: f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation")}


@pytest.fixture
def rows(tmp_path: Path) -> bytes:
    (path,) = write("hub_commonsenseqa", tmp_path / "sample")
    return path.read_bytes()


def serve(hub: HubServer, rows: bytes, *others: str, card: bytes = b"# rows", **fields: object) -> None:
    files = {**dict.fromkeys([*NAMES.values(), *others], rows), "README.md": card}
    hub.dataset_at(TABLE.id, "f" * 40, dict.fromkeys(files, b"a later commit"), **fields)
    hub.dataset_at(TABLE.id, TABLE.revision, files)


def fetch(folder: Path, *options: str, name: str = TASK) -> int:
    return main(["data", "fetch", name, "--data", str(folder), *options])


def test_tables_of_the_pinned_commit_are_fetched_and_read(hub: HubServer, tmp_path: Path, rows: bytes) -> None:
    serve(hub, rows, "data/test-00000-of-00001.parquet")

    assert fetch(tmp_path / "data") == 0

    folder = tmp_path / "data" / TABLE.folder("default")
    assert {"train", "validation"} == {path.name for path in folder.iterdir()}
    receipt = json.loads((folder / "train/fetched.json").read_text())
    assert {"train-00000-of-00001.parquet": hashlib.sha256(rows).hexdigest()} == receipt["files"]
    assert not list((tmp_path / "data").rglob("*.part"))
    splits = {}
    for name in ("train", "validation"):
        found = find_source(SPEC.splits[name], ["en"], {}, tmp_path / "data")
        assert found is not None
        assert found.source.format == "hub_commonsenseqa"
        files = [{"path": path, "sha256": file_digest(tmp_path / "data" / path)} for path in found.files["en"]]
        splits[name] = {"format": found.source.format, "files": {"en": files}, "limit": None}
    (tmp_path / "out").mkdir()
    task = {"name": TASK, "type": SPEC.type, "labels": [], "metric": SPEC.metric}
    params = {"kind": "rows", "task": task, "splits": {"validation": splits["validation"]}}
    context = StageContext(
        params=params, inputs={}, out=tmp_path / "out", progress=lambda *_: None, data=tmp_path / "data"
    )
    prepare.run(context)
    assert json.loads((tmp_path / "out/report.json").read_text())["validation"]["kept"] >= 1


def test_what_is_there_is_not_asked_for_again(hub: HubServer, tmp_path: Path, rows: bytes) -> None:
    serve(hub, rows)
    fetch(tmp_path)
    hub.asked.clear()

    assert fetch(tmp_path) == 0

    assert [] == hub.asked


def test_a_broken_download_goes_on_in_the_next_call(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = random.Random(1).randbytes(3_000_000)
    serve(hub, rows)
    hub.goes_down = True
    hub.break_after[NAMES["validation"]] = 1_500_000
    assert fetch(tmp_path) == 3
    assert "what has come is kept" in capsys.readouterr().err
    assert hub.waits, "it was asked again before it was given up"
    hub.down = False
    folder = tmp_path / TABLE.folder("default")
    assert (folder / "train/fetched.json").is_file()
    assert not (folder / "validation/fetched.json").exists()
    hub.asked.clear()

    assert fetch(tmp_path) == 0

    assert not hub.downloads(NAMES["train"])
    (second,) = (ask for ask in hub.downloads(NAMES["validation"]) if ask.origin == "cdn")
    assert 0 < int(second.headers["range"].removeprefix("bytes=").removesuffix("-")) <= 1_500_000
    assert rows == (folder / "validation" / Path(NAMES["validation"]).name).read_bytes()


def test_a_busy_hub_is_asked_again_when_it_says(hub: HubServer, tmp_path: Path, rows: bytes) -> None:
    serve(hub, rows)
    hub.busy = [(429, 7)]

    assert fetch(tmp_path) == 0
    assert [7.0] == hub.waits


def test_a_loading_script_is_refused_with_the_remedy(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.dataset_at(TABLE.id, TABLE.revision, {"commonsense_qa.py": b"raise SystemExit", "README.md": b"# rows"})

    assert fetch(tmp_path) == 2

    error = capsys.readouterr().err
    assert "only a loading script" in error
    assert "refs/convert/parquet" in error
    assert not (tmp_path / "hub").exists()


def test_sizes_are_told_and_a_dry_run_leaves_nothing(
    hub: HubServer, tmp_path: Path, rows: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(hub, rows)

    assert fetch(tmp_path / "data", "--dry-run", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert 2 * len(rows) == found["bytes"]
    assert not found["fetched"]
    assert not (tmp_path / "data").exists()
    assert not hub.downloads(NAMES["train"])


def test_a_card_says_where_a_table_lies(hub: HubServer, tmp_path: Path, rows: bytes) -> None:
    card = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - {split: train, path: deep/*.parquet}\n  - {split: validation, path: [deep/b.parquet]}\n---\n# rows\n"
    )
    serve(hub, rows, "deep/b.parquet", "deep/a.parquet", card=card.encode())

    assert fetch(tmp_path) == 0

    names = [path.name for path in sorted((tmp_path / TABLE.folder("default") / "train").glob("*.parquet"))]
    assert ["00000-a.parquet", "00001-b.parquet"] == names


def test_a_token_is_sent_and_written_nowhere(
    hub: HubServer,
    tmp_path: Path,
    rows: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    serve(hub, rows, private=True, tokens=frozenset({"hf_verysecret"}))

    assert fetch(tmp_path, "--json") == 0

    shown = capsys.readouterr()
    assert "verysecret" not in shown.out + shown.err
    assert all(b"verysecret" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_ccg_has_no_open_copy_and_that_is_said(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(tmp_path, name="ccg") == 2
    assert "CCGbank has no open copy" in capsys.readouterr().err
    assert [] == hub.asked


def test_an_unknown_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(tmp_path, name="xnly") == 2
    assert "did you mean 'xnli'" in capsys.readouterr().err


def test_a_suite_needs_what_it_reads_alone(tmp_path: Path) -> None:
    found = needs("real-small", tmp_path)

    assert ("google/xquad", "validation") in {(table.id, table.split) for table in found.tables}
    assert all(table.split != "train" for table in found.tables if table.id == "facebook/xnli")
    assert () == needs("mini", tmp_path).tables


def test_a_target_comes_with_what_trains_it_and_a_joined_task_with_its_parts(tmp_path: Path) -> None:
    assert {"facebook/xnli", "nyu-mll/glue"} == {table.id for table in needs("xnli", tmp_path).tables}
    ids = {table.id for table in needs("anli_plus", tmp_path).tables}
    assert {"facebook/anli", "nyu-mll/glue"} < ids
    assert len(ids) == 3


def test_files_that_a_suite_names_itself_are_told_by_name(tmp_path: Path) -> None:
    said = needs("real-all", tmp_path).nowhere
    own = "the suite reads files of its own, which no table of the hub holds: mnli/taxinli10k.tsv"
    assert f"MultiNLI, train: {own}" in said
    (bucc,) = (one for one in said if one.startswith("BUCC 2018"))
    assert bucc.partition(": ")[2].startswith("no table of the hub holds it; its files come from")


def test_what_nobody_has_is_told_once_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "ccg", "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "ccg: nothing can be fetched; CCG supertagging (CCGbank), train and validation: CCGbank has no open" in error
    assert 1 == error.count("whoever has one puts ccg/train.tsv, ccg/dev.tsv and ccg/tags.txt there")
