"""What ``data check`` finds: counts, differences between sources, overlap, and what prepare takes out for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.data.checking.check import check
from harness.data.checking.report import Report
from harness.data.checking.scope import Scope, Training, scope
from harness.data.checking.show import as_markdown, as_text
from harness.data.rows import split_rows
from harness.specs.catalog import Catalog
from harness.specs.task import TaskSpec
from tests.samples import place

CATALOG = Catalog()
REVISION = "a" * 40


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def toy(published: int = 2, **fields: Any) -> TaskSpec:
    """Pairs with a release file and another form of it."""
    split = {
        "format": "xtreme_nli_train",
        "files": ["toy/{split}.tsv"],
        "also": [{"format": "xnli_mt_tsv", "files": ["other/{split}.tsv"]}],
        "published_rows": {"en": published},
    }
    splits = {
        name: {
            **split,
            "files": [f"toy/{name}.tsv"],
            "also": [{"format": "xnli_mt_tsv", "files": [f"other/{name}.tsv"]}],
        }
        for name in ("train", "validation")
    }
    value = CATALOG.task("mnli").model_dump(exclude={"translated"}) | {"name": "toy", "title": "Toy", "splits": splits}
    return TaskSpec.model_validate(value | fields)


def scored(name: str = "target") -> TaskSpec:
    value = CATALOG.task("xnli").model_dump() | {"name": name, "title": "Target", "languages": ["en"]}
    value["splits"] = {"test": {"format": "xtreme_nli_train", "files": ["target.tsv"]}}
    return TaskSpec.model_validate(value)


def run(folder: Path, task: TaskSpec, *targets: TaskSpec, partial: bool = False) -> Report:
    wanted = {(task.name, name): split_rows(task, name, ("en",), folder) for name in task.splits}
    tests = {one.name: split_rows(one, "test", one.languages, folder) for one in targets}
    asked = Scope(tasks=(task,), splits=wanted, scored=tests, trainings=(Training(task=task),))
    return check(asked, folder, lambda *_: None, partial=partial)


def pairs(*rows: str) -> str:
    """Each row is a premise; its hypothesis and label follow from its place."""
    labels = ("entailment", "neutral", "contradiction")
    return "".join(f"{row}\tit {row}\t{labels[n % 3]}\n" for n, row in enumerate(rows))


def test_rows_are_held_against_what_is_published(tmp_path: Path) -> None:
    put(tmp_path, "toy/train.tsv", pairs("a", "b"))
    put(tmp_path, "toy/validation.tsv", pairs("c", "d"))
    found = run(tmp_path, toy())
    assert [] == found.failures
    (facts,) = found.splits[0].sources[0].languages.values()
    assert (2, 2, {"entailment": 1, "neutral": 1}) == (facts.rows, facts.published, dict(facts.labels))

    put(tmp_path, "toy/train.tsv", pairs("a"))
    (failure,) = run(tmp_path, toy()).failures
    assert failure.startswith("Toy, train, toy/train.tsv: 1 of 2 rows; fetch it again, or say --partial")
    assert [] == run(tmp_path, toy(), partial=True).failures

    put(tmp_path, "toy/train.tsv", pairs("a", "b", "e"))
    for partial in (False, True):
        (failure,) = run(tmp_path, toy(), partial=partial).failures
        assert "3 rows, more than the 2 that are published" in failure


def test_repeated_rows_are_counted_and_those_with_another_answer(tmp_path: Path) -> None:
    put(tmp_path, "toy/train.tsv", "a\tb\tneutral\na\tb\tneutral\na\tb\tentailment\na\tc\tneutral\n")
    put(tmp_path, "toy/validation.tsv", pairs("c", "d"))

    facts = run(tmp_path, toy(4), partial=True).splits[0].sources[0].languages["en"]

    assert (2, 1) == (facts.repeated, facts.contradicting)


def test_two_sources_must_give_the_same_rows(tmp_path: Path) -> None:
    put(tmp_path, "toy/train.tsv", pairs("a", "b"))
    put(tmp_path, "toy/validation.tsv", pairs("c", "d"))
    put(tmp_path, "other/train.tsv", "premise\thypo\tlabel\n" + pairs("a", "b"))
    found = run(tmp_path, toy())
    assert ([], 2) == (found.failures, len(found.splits[0].sources))
    assert [True, False] == [source.read for source in found.splits[0].sources]

    put(tmp_path, "other/train.tsv", "premise\thypo\tlabel\n" + pairs("a", "x"))
    (failure,) = run(tmp_path, toy()).failures
    assert "toy/train.tsv and other/train.tsv are not the same: row 2 (id 1) has not the same 'text_a'" in failure
    assert '"b" and "x"' in failure

    put(tmp_path, "other/train.tsv", "premise\thypo\tlabel\n" + pairs("a"))
    assert any("2 rows and 1" in one for one in run(tmp_path, toy()).failures)
    assert [] == run(tmp_path, toy(), partial=True).failures


def test_what_stands_in_a_scored_split_is_counted_as_prepare_removes_it(tmp_path: Path) -> None:
    """The very counts of ``prepare``'s report, by one function; of targets of other types it takes nothing out."""
    put(tmp_path, "toy/train.tsv", pairs("a", "b", "c", "v1"))
    put(tmp_path, "toy/validation.tsv", pairs("v1", "b", "v2"))
    put(tmp_path, "target.tsv", "B\tIT  b\tneutral\n")
    put(tmp_path, "words.tsv", "it\tX\na\tX\n\n")
    words = CATALOG.task("udpos").model_dump() | {"name": "words", "title": "Words", "languages": ["en"]}
    words["splits"] = {"test": {"format": "udpos_tsv", "files": ["words.tsv"]}}

    found = run(tmp_path, toy(4), scored(), TaskSpec.model_validate(words), partial=True)

    counts = {(one.split, one.scored): (one.rows, one.removed) for one in found.overlaps}
    assert {
        ("train", "target"): (1, True),
        ("validation", "target"): (1, True),
        ("train", "words"): (1, False),
        ("validation", "words"): (0, False),
    } == counts
    (training,) = found.trainings
    taken = {name: (one["removed_scored"], one["removed_validation"]) for name, one in training.splits.items()}
    assert {"train": (1, 1), "validation": (1, 0)} == taken
    assert {"target": True, "words": True} == found.scored


def test_rows_that_are_not_english_do_not_hold(tmp_path: Path) -> None:
    german = "Was der Mann ihr sagte, war, dass dies das Haus ist, und dass es nichts als ein Haus sei"
    put(tmp_path, "toy/train.tsv", pairs(*(f"{german} {n}" for n in range(150))))
    put(tmp_path, "toy/validation.tsv", pairs("c", "d"))

    assert any("train rows 1 to 100 are not English" in one for one in run(tmp_path, toy(150)).failures)


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_looked_at(tmp_path: Path) -> None:
    put(tmp_path, "toy/train.tsv", "a\tb\tperhaps\n")
    put(tmp_path, "toy/validation.tsv", pairs("c", "d"))

    found = run(tmp_path, toy())

    assert any("train.tsv, line 1: unknown label 'perhaps'" in one for one in found.failures)
    assert {"en"} == set(found.splits[1].sources[0].languages)
    assert found.trainings[0].lacking == "Toy, train cannot be read"


def test_files_without_their_answers_are_told_and_not_held_against(tmp_path: Path) -> None:
    put(tmp_path, "toy/train.tsv", pairs("a", "b"))
    put(tmp_path, "toy/validation.tsv", pairs("c", "d"))
    also = [{"format": "xtreme_pairs", "files": ["stripped.tsv"]}]
    splits = {name: spec.model_dump() | {"also": also} for name, spec in toy().splits.items()}
    put(tmp_path, "stripped.tsv", "a\tb\n")

    found = run(tmp_path, toy(splits=splits))

    assert [] == found.failures
    assert "Toy, train: stripped.tsv is there without its answers, and is not read" in found.notes


def test_rows_of_parallel_languages_must_be_the_same(tmp_path: Path) -> None:
    task = CATALOG.task("xnli")
    for language, count in (("en", 9), ("de", 9), ("fr", 8)):
        put(tmp_path, f"xnli/dev-{language}.tsv", pairs(*(f"p{n // 3}" for n in range(count))))
    wanted = split_rows(task, "validation", ("en",), tmp_path)
    asked = Scope(tasks=(task,), splits={("xnli", "validation"): wanted}, scored={}, trainings=())

    failures = check(asked, tmp_path, lambda *_: None, partial=True).failures

    assert ["XNLI, validation: the rows in 'fr' are not parallel to those in 'en' (8 and 9)"] == failures


def test_nothing_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", "--data", str(tmp_path)]) == 2
    assert "none of the rows that are to be checked is there" in capsys.readouterr().err
    assert main(["data", "check", "--data", str(tmp_path / "no")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert main(["data", "check", "xnly", "--data", str(tmp_path)]) == 2
    assert "did you mean 'xnli'" in capsys.readouterr().err
    assert main(["data", "check", "mini", "--data", str(tmp_path)]) == 2
    assert "no rows are read from files" in capsys.readouterr().err


def test_the_command_says_what_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = CATALOG.task("hellaswag").splits["train"].sources()
    for one in source:
        place(one, tmp_path)

    assert main(["data", "check", "hellaswag", "--data", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "train       release hellaswag/hellaswag_train.jsonl (read): 2 of 39,905 rows" in shown
    assert "2 checks do not hold:" in shown
    assert main(["data", "check", "hellaswag", "--data", str(tmp_path), "--partial", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holds"]
    assert ["release", "hub"] == [one["kind"] for one in found["splits"][0]["sources"]]
    assert {"rows": 2, "published": 39905}.items() <= found["splits"][0]["sources"][1]["languages"]["en"].items()


def test_without_names_all_eighteen_tasks_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place(CATALOG.task("hellaswag").splits["train"].sources()[0], tmp_path)

    assert main(["data", "check", "--data", str(tmp_path), "--partial", "--format", "markdown"]) == 0

    lines = capsys.readouterr().out.splitlines()
    titles = {line.split(" | ")[0].removeprefix("| ") for line in lines[2:]}
    names = {*Catalog().suite("paper").targets, *(set(Catalog().suite("paper").recipes) - {"none"})}
    benchmark = {CATALOG.task(name).title for name in names if name in CATALOG.task_files()}
    assert 18 == len(benchmark)
    assert benchmark | {"SNLI", "ANLI R1-R3"} == titles
    assert any(line.startswith("| HellaSwag | train | en | 2 | - | 39,905 |") for line in lines)
    assert any(line.startswith("| XNLI | test | 0 of 15 | - | - | 75,150 |") for line in lines)


def test_a_tick_says_that_all_rows_are_there(tmp_path: Path) -> None:
    put(tmp_path, "toy/train.tsv", pairs("a", "b"))
    put(tmp_path, "toy/validation.tsv", pairs("c"))
    table = [*as_markdown(run(tmp_path, toy(), partial=True))]
    assert "| Toy | train | en | 2 | - | 2 ✓ |  |  |  |" in table
    assert "| Toy | validation | en | 1 | - | 2 |  |  |  |" in table


def test_a_joined_task_is_told_by_its_parts_together(tmp_path: Path) -> None:
    """Its rows, and what was left out of whose, where all its parts are there."""
    for part in ("snli", "mnli", "anli"):
        for split in ("train", "validation"):
            place(CATALOG.task(part).splits[split].sources()[0], tmp_path)  # type: ignore[index]
    report = check(scope(["anli_plus"], tmp_path), tmp_path, lambda *_: None, partial=True)
    (line,) = (line for line in as_markdown(report) if line.startswith("| ANLI+") and "| validation |" in line)
    assert "15 together" in line
    assert "snli/rows without gold label 1, mnli/rows without gold label 1" in line


@pytest.mark.data
def test_a_suite_is_checked_as_it_reads_the_real_rows(shared_data: Path) -> None:
    """With its stand-ins and limits; 8 of XQuAD's 11 languages are there, and the suite asks for no other."""
    found = check(scope(["real-small"], shared_data), shared_data, lambda *_: None, partial=True)

    assert [] == found.failures
    (squad,) = (one for one in found.trainings if one.task == "squad_v1" and not one.targets)
    assert squad.splits["validation"]["removed_scored"] > 0
    xquad = next(one for one in found.splits if one.task == "xquad")
    assert ((), 8) == (xquad.missing, len(xquad.sources[0].languages))
    assert any("rows stand in what xquad scores: prepare removes them" in line for line in as_text(found))
    assert len([*as_markdown(found)]) == 2 + len(found.splits)
