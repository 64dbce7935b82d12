"""``data import``: what is recognised, where it goes, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.context import Progress
from harness.data.importing import run
from harness.data.importing.run import Imported
from harness.data.importing.slots import Slots
from harness.data.locate import find_source
from harness.data.receipts import RECEIPT
from harness.specs.catalog import Catalog
from harness.specs.task import RowsSource
from tests.samples import place, write

CATALOG = Catalog()
SILENT: Progress = lambda *_: None  # noqa: E731
_LANGUAGE = {"bucc2018": "de", "tatoeba": "de"}
#: Every source of every split that has a sample, by task.
SOURCES = [
    pytest.param(spec.name, split, source, id=f"{spec.name}-{split}-{number}")
    for spec in map(CATALOG.task, CATALOG.task_files())
    if not spec.miniature
    for split, rows in spec.splits.items()
    for number, source in enumerate(rows.sources())
    if source.format != "ccg_tsv"  # which needs its list of categories, too
]


SLOTS = Slots(CATALOG)


def import_folder(top: Path, into: Path, progress: Progress, **options: Any) -> Imported:
    """As the command does; specs are read once."""
    return run.import_folder(top, into, progress, slots=SLOTS, **options)


def put(path: Path, data: str | bytes = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def squad(question: str = "What?") -> bytes:
    qas = [{"id": "q", "question": question, "answers": [{"text": "cat", "answer_start": 4}]}]
    return json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "The cat sat.", "qas": qas}]}]}).encode()


def targets(found: Imported) -> dict[str, str]:
    return {one.target: one.state for one in found.files}


@pytest.mark.parametrize(("name", "split", "source"), SOURCES)
def test_every_source_of_every_task_is_recognised(tmp_path: Path, name: str, split: str, source: RowsSource) -> None:
    """In a folder of any name, as released, as XTREME leaves it, and as a table of the hub; and it is what is read."""
    spec = CATALOG.task(name)
    language = "ara" if (name, split) == ("tatoeba", "validation") else _LANGUAGE.get(name, "en")
    language = "amh" if language == "ara" else language
    paths = place(source, tmp_path / "have", language, spec.codes)
    (tmp_path / "have").rename(tmp_path / "somewhere")

    found = import_folder(tmp_path / "somewhere", tmp_path / "data", SILENT)

    assert ([], []) == (found.refused, [one for one in found.unknown if "(" in one])
    assert dict.fromkeys(paths, "copied") == targets(found)
    located = find_source(spec.splits[split], [language], spec.codes, tmp_path / "data")
    assert located is not None
    assert source.format == located.source.format
    for path in paths:
        assert (tmp_path / "data" / path).read_bytes() == (tmp_path / "somewhere" / path).read_bytes()
    told = next(one for one in found.splits if (one.task, one.split) == (name, split))
    assert language in told.languages
    assert {f".importing-{os.getpid()}"}.isdisjoint(path.name for path in (tmp_path / "data").iterdir())


def test_the_folder_itself_may_be_the_last_one_that_a_spec_names(tmp_path: Path) -> None:
    put(tmp_path / "squad/train-v1.1.json", squad())

    found = import_folder(tmp_path / "squad", tmp_path / "data", SILENT)

    assert {"squad/train-v1.1.json": "copied"} == targets(found)


def test_a_file_in_a_folder_of_another_name_needs_all_its_rows(tmp_path: Path) -> None:
    """A sample of MultiNLI is not MultiNLI; LASER's own folder of Tatoeba's files is called ``v1``."""
    put(tmp_path / "have/few-shot/train.tsv", write("glue_mnli_tsv", tmp_path / "sample")[0].read_bytes())
    for side in ("deu", "eng"):
        put(tmp_path / f"have/v1/tatoeba.deu-eng.{side}", "".join(f"{side} {n}\n" for n in range(1000)))
    put(tmp_path / "have/v1/tatoeba.ell-eng.ell", "a\n")
    put(tmp_path / "have/v1/tatoeba.ell-eng.eng", "a\n")

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {"tatoeba/tatoeba.deu-eng.deu", "tatoeba/tatoeba.deu-eng.eng"} == set(targets(found))
    assert [] == found.refused
    (why,) = (one for one in found.unknown if one.startswith("few-shot"))
    assert "named as MultiNLI, train, with 5 rows of 392,702 and in another folder" in why
    assert any("with 1 rows of 1,000" in one for one in found.unknown)


def test_a_name_that_several_tasks_have_is_told_apart_by_reading(tmp_path: Path) -> None:
    """``dev-en.tsv`` is a file of four tasks; their folders say which, and their rows must be such."""
    rows = {
        "xnli": "a\tb\tneutral\n",
        "pawsx": "a\tb\t1\n",
        "udpos": "a\tNOUN\n\n",
        "panx": "a\tO\n\n",
    }
    for folder, text in rows.items():
        put(tmp_path / f"have/{folder}/dev-en.tsv", text)
    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)
    assert {f"{folder}/dev-en.tsv" for folder in rows} == set(targets(found))

    put(tmp_path / "have/udpos/dev-en.tsv", rows["panx"])
    wrong = import_folder(tmp_path / "have", tmp_path / "other", SILENT)
    assert "udpos/dev-en.tsv" not in targets(wrong)
    (sentence,) = wrong.refused
    assert "UDPOS, validation: " in sentence
    assert "udpos/dev-en.tsv, line 1: unknown label 'O'" in sentence


@pytest.mark.parametrize("mode", ["zip", "w:gz", "w:bz2", "w:xz", "w"])
def test_archives_are_looked_into(tmp_path: Path, mode: str) -> None:
    files = {"XNLI-1.0/xnli.dev.tsv": write("xnli_release_tsv", tmp_path / "sample")[0].read_bytes(), "XNLI/a.txt": b""}
    end = {"zip": "zip", "w:gz": "tar.gz", "w:bz2": "tbz2", "w:xz": "tar.xz", "w": "tar"}[mode]
    path = tmp_path / f"have/XNLI-1.0.{end}"
    zipped(path, files) if mode == "zip" else tarred(path, files, mode)

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {"XNLI-1.0/xnli.dev.tsv": "unpacked"} == targets(found)
    assert files["XNLI-1.0/xnli.dev.tsv"] == (tmp_path / "data/XNLI-1.0/xnli.dev.tsv").read_bytes()
    assert [f"XNLI-1.0.{end}: XNLI/a.txt"] == found.unknown
    alone = import_folder(path, tmp_path / "alone", SILENT)
    assert targets(found) == targets(alone)


def test_archives_in_archives_and_compressed_files_are_looked_into(tmp_path: Path) -> None:
    """WikiANN's release is one archive of an archive for each language."""
    sentences = b"af:dis\tO\n\n" * 999 + b"af:Kaapstad\tB-LOC\n\n"
    inner = tarred(tmp_path / "af.tar.gz", {"dev": sentences, "extra": b"x"}).read_bytes()
    zipped(tmp_path / "have/AmazonPhotos.zip", {"AmazonPhotos/af.tar.gz": inner})
    put(
        tmp_path / "have/hellaswag/hellaswag_val.jsonl.gz",
        gzip.compress(write("hellaswag_jsonl", tmp_path)[0].read_bytes()),
    )

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {"wikiann/af/dev": "unpacked", "hellaswag/hellaswag_val.jsonl": "unpacked"} == targets(found)
    assert ["AmazonPhotos.zip: AmazonPhotos/af.tar.gz: extra"] == found.unknown


@pytest.mark.parametrize("name", ["../squad/train-v1.1.json", "/squad/train-v1.1.json", "a/../../squad/dev-v1.1.json"])
@pytest.mark.parametrize("end", ["zip", "tar.gz"])
def test_an_archive_that_reaches_out_of_itself_is_refused(
    tmp_path: Path, name: str, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, with what came before; what else there is, is taken."""
    files = {"squad/dev-v2.0.json": squad(), name: squad()}
    path = tmp_path / f"have/bad.{end}"
    zipped(path, files) if end == "zip" else tarred(path, files)
    put(tmp_path / "have/squad/train-v2.0.json", squad())

    assert main(["data", "import", str(tmp_path / "have"), "--data", str(tmp_path / "data")]) == 2

    error = capsys.readouterr().err
    assert f"bad.{end}: names a file outside of itself" in error
    assert "Traceback" not in error
    assert ["data", "have"] == sorted(one.name for one in tmp_path.iterdir())
    assert ["squad/train-v2.0.json"] == [
        one.relative_to(tmp_path / "data").as_posix() for one in (tmp_path / "data").rglob("*") if one.is_file()
    ]


@pytest.mark.parametrize("end", ["zip", "tar.gz", "tar.bz2", "tar.xz", "json.gz"])
def test_an_archive_that_is_cut_short_is_refused(tmp_path: Path, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    noise = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(20_000))
    files = {"squad/train-v1.1.json": squad(), "noise": noise, "squad/dev-v1.1.json": squad()}
    path = tmp_path / f"have/squad/train-v1.1.{end}"
    match end:
        case "zip":
            zipped(path, files)
        case "json.gz":
            put(path, gzip.compress(squad() + noise))
        case _:
            tarred(path, files, f"w:{end.removeprefix('tar.')}")
    path.write_bytes(path.read_bytes()[:-2000])

    assert main(["data", "import", str(tmp_path / "have"), "--data", str(tmp_path / "data")]) == 2

    error = capsys.readouterr().err
    assert f"train-v1.1.{end}: no whole archive" in error
    assert error.count("\n") <= 2
    assert not [one for one in (tmp_path / "data").rglob("*") if one.is_file()]


def test_links_and_passwords_in_archives(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret.json", squad())
    path = tmp_path / "have/links.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("squad/train-v1.1.json")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
    locked = bytearray(zipped(tmp_path / "have/locked.zip", {"squad/dev-v1.1.json": squad()}).read_bytes())
    for start in (locked.find(b"PK\x03\x04") + 6, locked.find(b"PK\x01\x02") + 8):
        locked[start] |= 1  # the flag that says that it is encrypted
    put(tmp_path / "have/locked.zip", bytes(locked))

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert [] == found.files
    assert ["password" in one for one in found.refused] == [True]


def test_what_is_there_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "have/squad/train-v1.1.json", squad("New?"))
    put(tmp_path / "have/squad/dev-v1.1.json", squad())
    mine = put(tmp_path / "data/squad/train-v1.1.json", squad("Old?")).read_bytes()
    arguments = ["data", "import", str(tmp_path / "have"), "--data", str(tmp_path / "data")]

    assert main(arguments) == 2
    assert "squad/train-v1.1.json is there and differs from" in capsys.readouterr().err
    assert mine == (tmp_path / "data/squad/train-v1.1.json").read_bytes()
    assert (tmp_path / "data/squad/dev-v1.1.json").is_file()

    (tmp_path / "data/squad/train-v1.1.json").unlink()
    assert main(arguments) == 0
    assert "1 there already" in (shown := capsys.readouterr().out)
    assert "1 copied" in shown
    assert main(arguments) == 0
    assert "2 files recognised: 2 there already" in capsys.readouterr().out


def test_a_dry_run_writes_nothing_and_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zipped(tmp_path / "have/a.zip", {"squad/train-v1.1.json": squad()})
    place(CATALOG.task("hellaswag").splits["train"].sources()[1], tmp_path / "have")
    arguments = ["data", "import", str(tmp_path / "have"), "--data", str(tmp_path / "data"), "--json"]

    assert main([*arguments, "--dry-run"]) == 0
    would = json.loads(capsys.readouterr().out)
    assert not (tmp_path / "data").exists()
    assert main(arguments) == 0
    did = json.loads(capsys.readouterr().out)

    assert (True, False) == (would.pop("dry_run"), did.pop("dry_run"))
    assert would == did
    found = {(one["task"], one["split"]): one["languages"] for one in would["splits"] if one["languages"]}
    assert {("hellaswag", "train"): ["en"], ("squad_v1", "train"): ["en"]} == found


def test_links_are_made_where_they_are_asked_for(tmp_path: Path) -> None:
    have = put(tmp_path / "have/squad/train-v1.1.json", squad())

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT, link=True)

    assert {"squad/train-v1.1.json": "linked"} == targets(found)
    assert have.samefile(tmp_path / "data/squad/train-v1.1.json")
    assert not (tmp_path / "data/squad/train-v1.1.json").is_symlink()


def test_two_different_files_for_one_place_are_refused_together(tmp_path: Path) -> None:
    put(tmp_path / "have/a/squad/train-v1.1.json", squad("One?"))
    put(tmp_path / "have/b/squad/train-v1.1.json", squad("Two?"))
    put(tmp_path / "have/a/squad/dev-v1.1.json", squad())
    put(tmp_path / "have/b/squad/dev-v1.1.json", squad())

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {"squad/dev-v1.1.json": "copied"} == targets(found)
    (sentence,) = found.refused
    assert "2 files that are not the same would be squad/train-v1.1.json" in sentence


def test_files_without_their_answers_are_not_taken(tmp_path: Path) -> None:
    put(tmp_path / "have/xnli/test-en.tsv", "a\tb\n")
    put(tmp_path / "have/xnli/dev-en.tsv", "a\tb\tneutral\n")

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {"xnli/dev-en.tsv"} == set(targets(found))
    assert {"XNLI, test": ["xnli/test-en.tsv"]} == found.unlabelled
    assert [] == found.refused


def test_placeholders_are_no_answers(tmp_path: Path) -> None:
    """One and the same label for 50 rows, as in copies of XNLI's test files that go around."""
    put(tmp_path / "have/xnli/test-en.tsv", "a\tb\tneutral\n" * 50)

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert ([], {}) == (found.files, found.unlabelled)
    (sentence,) = found.refused
    assert sentence.startswith("XNLI, test: xnli/test-en.tsv: all 50 rows have the one label 'neutral'")


def test_text_of_corpora_is_left_to_a_person(tmp_path: Path) -> None:
    """Nothing in a text says that it is Wikipedia's."""
    put(tmp_path / "have/wiki/sw.txt", "Habari.\n")
    put(tmp_path / "have/wiki/de/1.txt", "Hallo.\n")
    put(tmp_path / "have/wiki/xx.txt", "?\n")

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    why = "(Wikipedia in XTREME's 40 languages: text is not imported; copy it to its place below --data yourself)"
    assert [f"wiki/de/1.txt {why}", f"wiki/sw.txt {why}", "wiki/xx.txt"] == found.unknown


def xtremes_folder() -> dict[str, str]:
    """What XTREME's scripts leave of each target, in English, or German where that is a pair: files with their text."""
    sentences = {"a": "cat\tNOUN\n\n", "b": "cat\tO\n\n", "c": "cat\n\n"}
    question = squad().decode()
    blank = json.loads(question)
    blank["data"][0]["paragraphs"][0]["qas"][0]["answers"] = [{"text": "", "answer_start": 0}]
    empty = json.dumps(blank)
    return {
        **{f"xnli/{split}-en.tsv": "a\tb\tneutral\n" for split in ("train", "dev")},
        **{f"pawsx/{split}-en.tsv": "a\tb\t1\n" for split in ("train", "dev")},
        **dict.fromkeys(("xnli/test-en.tsv", "pawsx/test-en.tsv"), "a\tb\n"),
        **{f"udpos/{split}-en.tsv": sentences["a"] for split in ("train", "dev", "test")},
        **{f"panx/{split}-en.tsv": sentences["b"] for split in ("train", "dev")},
        "panx/test-en.tsv": sentences["c"],
        **{f"squad/{split}-v1.1.json": question for split in ("train", "dev")},
        "xquad/xquad.en.json": empty,
        "mlqa/MLQA_V1/dev/dev-context-en-question-en.json": question,
        "mlqa/MLQA_V1/test/test-context-en-question-en.json": empty,
        "mlqa/MLQA_V1/test/test-context-en-question-de.json": empty,
        "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json": question,
        "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.en.dev.json": empty,
        **{f"bucc2018/de-en.{split}.{side}": f"{side}-1\tx\n" for split in ("dev", "test") for side in ("de", "en")},
        "bucc2018/de-en.dev.gold": "de-1\ten-1\n",
        **{f"tatoeba/de-en.{side}": "x\n" for side in ("de", "en")},
        "download.log": "done\n",
    }


@pytest.mark.parametrize("form", ["folder", "tgz", "zip"])
def test_the_folder_that_xtremes_scripts_leave(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Packed or not: what has its answers is taken, what has not is told by split, and so is what is of no use."""
    files = {f"download/{name}": text.encode() for name, text in xtremes_folder().items()}
    match form:
        case "folder":
            for name, data in files.items():
                put(tmp_path / "have" / name, data)
        case "tgz":
            tarred(tmp_path / "have/xtreme.tgz", files)
        case _:
            zipped(tmp_path / "have/xtreme.zip", files)

    assert main(["data", "import", str(tmp_path / "have"), "--data", str(tmp_path / "data")]) == 0

    shown = capsys.readouterr().out
    taken = {one.relative_to(tmp_path / "data").as_posix() for one in (tmp_path / "data").rglob("*") if one.is_file()}
    without = {name for name, text in xtremes_folder().items() if text in {"a\tb\n", "cat\n\n"} or '"text": ""' in text}
    of_no_use = {"tatoeba/de-en.de", "tatoeba/de-en.en", "download.log"}
    assert set(xtremes_folder()) - without - of_no_use == taken
    for title in ("XNLI", "PAWS-X", "PAN-X (WikiANN)", "XQuAD", "MLQA", "TyDiQA-GoldP"):
        assert f"not taken: {title}, test: " in shown
    assert "BUCC 2018, test: not whole" in shown
    assert "lacks bucc2018/de-en.test.gold" in shown
    assert "tatoeba/de-en.en (Tatoeba: XTREME's scripts sort the English sentences" in shown
    assert "question-de.json (MLQA: XTREME scores questions in the language of their context alone)" in shown


def test_treebanks_of_another_release_are_not_taken(tmp_path: Path) -> None:
    line = "1\tcat\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n\n"
    put(tmp_path / "have/ud-treebanks-v2.9/UD_English-EWT/en_ewt-ud-train.conllu", line)
    put(tmp_path / "have/ud-treebanks-v2.5/UD_English-GUM/en_gum-ud-train.conllu", line)

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {"ud-treebanks-v2.5/UD_English-GUM/en_gum-ud-train.conllu"} == set(targets(found))
    (why,) = found.unknown
    assert "en_ewt-ud-train.conllu (taken as ud-treebanks-v2.5/*/" in why


def test_a_source_of_several_files_says_what_it_lacks(tmp_path: Path) -> None:
    files = place(CATALOG.task("anli").splits["train"].sources()[0], tmp_path / "have")
    (tmp_path / "have" / files[1]).unlink()

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert {files[0], files[2]} == set(targets(found))
    told = next(one for one in found.splits if (one.task, one.split) == ("anli", "train"))
    assert ([files[1]], [], ["en"]) == (told.lacking, told.languages, told.missing)


# -- tables of the hub -------------------------------------------------------------------------------------------------

TABLE = next(source.hub for source in CATALOG.task("hellaswag").splits["train"].sources() if source.hub is not None)


@pytest.fixture
def rows(tmp_path: Path) -> bytes:
    return write("hub_hellaswag", tmp_path / "sample")[0].read_bytes()


def cached(top: Path, revision: str, files: dict[str, bytes]) -> Path:
    """As the hub's client keeps a repository: blobs by their hash, and links to them."""
    base = top / "datasets--Rowan--hellaswag"
    for name, data in files.items():
        blob = put(base / "blobs" / hashlib.sha256(data).hexdigest(), data)
        link = base / "snapshots" / revision / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return base


def downloaded(top: Path, revision: str, files: dict[str, bytes]) -> None:
    """As ``huggingface-cli download --local-dir`` leaves a repository."""
    for name, data in files.items():
        put(top / name, data)
        digest = hashlib.sha256(data).hexdigest()
        put(top / f".cache/huggingface/download/{name}.metadata", f"{revision}\n{digest}\n1.0\n")


@pytest.mark.parametrize("kind", [cached, downloaded])
def test_tables_of_the_pinned_commit_are_taken_from_the_hubs_own_folders(
    tmp_path: Path, rows: bytes, kind: Any
) -> None:
    names = {f"data/{split}-00000-of-00001.parquet": rows for split in ("train", "validation")}
    kind(tmp_path / "have", TABLE.revision, {**names, "README.md": b"# rows"})

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert [] == found.refused
    folder = TABLE.folder("default")
    assert {f"{folder}/{split}/{split}-00000-of-00001.parquet" for split in ("train", "validation")} == set(
        targets(found)
    )
    receipt = json.loads((tmp_path / "data" / folder / "train" / RECEIPT).read_text())
    assert {"train-00000-of-00001.parquet": hashlib.sha256(rows).hexdigest()} == receipt["files"]
    located = find_source(CATALOG.task("hellaswag").splits["train"], ["en"], {}, tmp_path / "data")
    assert located is not None
    assert "hub_hellaswag" == located.source.format


@pytest.mark.parametrize("kind", [cached, downloaded])
def test_tables_of_another_commit_or_with_other_bytes_are_not(tmp_path: Path, rows: bytes, kind: Any) -> None:
    name = "data/train-00000-of-00001.parquet"
    kind(tmp_path / "other", "f" * 40, {name: rows})
    found = import_folder(tmp_path / "other", tmp_path / "data", SILENT)
    assert ([], []) == (found.files, found.refused)
    assert any(f"at commit {'f' * 40}" in one for one in found.unknown)

    kind(tmp_path / "changed", TABLE.revision, {name: rows})
    path = next(one for one in (tmp_path / "changed").rglob("*") if one.is_file() and one.read_bytes() == rows)
    path.write_bytes(rows + b"x")
    found = import_folder(tmp_path / "changed", tmp_path / "data", SILENT)
    assert [] == found.files
    assert "has not the bytes that the hub has" in found.refused[0]


def test_a_table_that_is_not_whole_or_of_no_known_commit_is_not_taken(tmp_path: Path, rows: bytes) -> None:
    cached(tmp_path / "have", TABLE.revision, {"data/train-00001-of-00003.parquet": rows})
    put(tmp_path / "have/loose/train.parquet", rows)

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert [] == found.files
    assert "1 of the 3 parts of this table are there" in found.refused[0]
    assert any("loose/train.parquet (of no commit that is known" in one for one in found.unknown)


def test_a_fetched_table_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    (name,) = place(CATALOG.task("hellaswag").splits["train"].sources()[1], tmp_path / "have")
    (tmp_path / "have" / name).write_bytes(b"other")

    found = import_folder(tmp_path / "have", tmp_path / "data", SILENT)

    assert [] == found.files
    assert "has not the bytes that were fetched" in found.refused[0]


# -- the command -------------------------------------------------------------------------------------------------------


def test_nothing_recognised_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "have/notes.txt")
    put(tmp_path / "have/squad/train-v1.1.json.part")
    (tmp_path / "have/gone").symlink_to(tmp_path / "nowhere")

    assert main(["data", "import", str(tmp_path / "have"), "--data", str(tmp_path / "data")]) == 2
    shown = capsys.readouterr()
    assert "not recognised: notes.txt" in shown.out
    assert "gone: a link to nothing" in shown.err
    assert main(["data", "import", str(tmp_path / "no"), "--data", str(tmp_path / "data")]) == 2
    assert "no such file or folder; name what you have downloaded." in capsys.readouterr().err
    assert main(["data", "import", str(tmp_path / "have")]) == 2
    assert "give one with --data TO" in capsys.readouterr().err


@pytest.mark.data
def test_real_rows_are_recognised(tmp_path: Path, shared_data: Path) -> None:
    found = import_folder(shared_data, tmp_path, SILENT, dry_run=True)

    assert [] == found.refused
    assert 318 == len(found.files)
    assert {"TyDiQA-GoldP, test"} == set(found.unlabelled)
    rows = {(one.task, one.split): sum(one.rows.values()) for one in found.splits if one.rows and not one.suites}
    assert {
        ("xnli", "validation"): 13_500,
        ("xquad", "test"): 9_520,
        ("tatoeba", "test"): 24_855,
    }.items() <= rows.items()
    assert any(
        one.startswith("ud/UD_Chinese-GSD/zh_gsd-ud-test.conllu (taken as ud-treebanks") for one in found.unknown
    )
    assert any("glue_16-100/dev_matched.tsv (named as MultiNLI" in one for one in found.unknown)
