"""The command line from outside: help everywhere, one sentence for bad input, the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from harness.cli import COMMANDS, main
from harness.paths import tasks_dir
from harness.store.artifacts import Store
from harness.store.ledger import Ledger


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = call(capsys, command, "--help")

    assert code == 0
    assert out.startswith(f"Usage: codestilts {command}")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runn"], "unknown command 'runn'; did you mean 'run'?"),
        (["run", "mimi"], "unknown suite 'mimi'; did you mean 'mini'?"),
        (["plan", "real-smal"], "unknown suite 'real-smal'; did you mean 'real-small'?"),
        (["tasks", "show", "xnly"], "unknown task 'xnly'; did you mean 'xnli'?"),
        (["backbones", "show", "minilm+cod"], "unknown backbone 'minilm+cod'; did you mean 'minilm+code'?"),
        (["plan", "nowhere/mine.yaml"], "nowhere/mine.yaml: no such file"),
        (["plan", "real-small", "--data", "nowhere"], "nowhere: no such folder; give the folder of release files"),
        *(
            ([verb, "mini", option, "nothing/*"], f"{option}: no stage matches 'nothing/*'")
            for verb in ("plan", "run")
            for option in ("--only", "--force")
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CODESTILTS_DATA", raising=False)

    code, out, err = call(capsys, *arguments)

    assert code == 2
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("codestilts:")]
    assert len(lines) == 1
    assert sentence in lines[0]
    assert "Traceback" not in err


def test_click_errors_keep_their_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "run", "mini", "--workers", "0")

    assert code == 2
    assert "--workers" in err


def test_missing_data_files_are_named_with_their_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = call(capsys, "plan", "real-small", "--data", tmp_path)

    assert code == 2
    assert str(tmp_path) in err
    assert "missing: xnli/dev-ar.tsv (xnli)" in err
    assert "and " in err
    assert "tasks show NAME" in err


def test_what_a_suite_takes_is_told_before_its_rows_are_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By published counts; the plan itself needs the rows, and says how to get them."""
    monkeypatch.delenv("CODESTILTS_DATA", raising=False)

    code, out, err = call(capsys, "plan", "core", "--data", tmp_path)
    assert code == 2
    assert "stages, once its rows are there. About " in out
    assert "GPU hours (pretrain " in out
    assert "of an H100 (SXM) at 40% of 67 TFLOP/s in fp32, with rows as published" in out
    assert "'codestilts data fetch core --data DIR' fetches what the hub has" in err

    code, out, err = call(capsys, "plan", "core", "--json")
    assert (2, "") == (code, out)
    assert "suite reads release files of xnli, pawsx" in err


def test_tasks_are_listed_by_role_with_their_rows(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "tasks", "list")
    lines = out.splitlines()
    assert code == 0
    assert lines.index("intermediate tasks") < lines.index("target tasks") < lines.index("miniature target tasks")
    (xnli,) = (line.split() for line in lines if line.startswith("  xnli "))
    assert ["xnli", "XNLI", "sentence", "pair", "15", "37,350", "75,150"] == xnli
    (tydiqa,) = (line for line in lines if line.startswith("  tydiqa "))
    assert tydiqa.endswith("10% of train    5,077")


def test_a_task_is_shown_with_all_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """For people; ``--json`` is the spec as it was read."""
    code, out, _ = call(capsys, "tasks", "show", "udpos")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 110
    spec = json.loads(call(capsys, "tasks", "show", "udpos", "--json")[1])
    shown = " ".join(out.split())
    for split in spec["splits"].values():
        assert split["files"][0] in shown
        for source in split["also"]:
            assert source.get("hub", {}).get("revision", source["files"][0] if source["files"] else "") in shown
    assert "differs: The hub's table has syntactic words" in shown
    assert "trained on its own English rows" in shown
    assert " ".join(spec["notes"][0].split()) in shown


def test_a_store_that_is_none_is_exit_code_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    assert call(capsys, "run", "mini", "--store", tmp_path)[0] == 3
    assert call(capsys, "store", "verify", "--store", tmp_path)[0] == 3
    assert call(capsys, "status", "--store", tmp_path)[0] == 3


def test_a_store_of_a_newer_version_is_exit_code_3_and_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "store.json").write_text('{"schema": 99}\n')

    code, _, err = call(capsys, "run", "mini", "--store", tmp_path)

    assert code == 3
    assert "newer version" in err
    assert ["store.json"] == [path.name for path in tmp_path.iterdir()]


def test_plan_as_json_names_every_stage_with_its_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = call(capsys, "plan", "mini", "--store", tmp_path / "none", "--json")

    stages = json.loads(out)
    assert code == 0
    assert {"new"} == {stage["reason"] for stage in stages}
    assert len(stages) == len({stage["key"] for stage in stages})
    keys: set[str] = set()
    for stage in stages:
        assert set(stage["inputs"].values()) <= keys, f"{stage['stage']} comes before its inputs"
        keys.add(stage["key"])
    assert not (tmp_path / "none").exists(), "plan writes nothing"


def test_a_long_plan_is_counted_by_phase_and_listed_with_all(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["plan", "mini", "--store", tmp_path / "none"]
    count = len(json.loads(call(capsys, *arguments, "--json")[1]))

    _, short, _ = call(capsys, *arguments)
    _, whole, _ = call(capsys, *arguments, "--all")
    _, few, _ = call(capsys, *arguments, "--only", "convert/*")

    lines = short.splitlines()
    end = lines.index(f"{count} stages: {count} new (--all lists them)")
    assert ["phase", "stages", "new"] == lines[0].split()
    assert {"fetch", "prepare", "finetune", "score"} <= {line.split()[0] for line in lines[1:end]}
    assert count == sum(int(line.split()[1].replace(",", "")) for line in lines[1:end])
    assert count == sum(line.endswith("  new") for line in whole.splitlines())
    assert {"convert/mini-roberta", "convert/mini-xlmr"} <= {line.split()[1] for line in few.splitlines()}


def test_status_counts_by_phase_and_lists_with_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Store(tmp_path)
    ledger = Ledger(tmp_path, "20260101T000000-1")
    ledger.write("start", suite="some")
    for number in range(8):
        ledger.write("ended", stage=f"score/{number}", key=f"s{number}", outcome="cached", reason="cached", seconds=0.0)
    ledger.write("ended", stage="convert/new", key="c", outcome="done", reason="new", seconds=12.0)
    failure = {"kind": "diverged", "reason": "not a number.", "log": "here.log"}
    ledger.write("ended", stage="finetune/a", key="f", outcome="failed", reason="new", seconds=2.0, failure=failure)
    ledger.write("end", interrupted=False)
    ledger.close()

    code, short, _ = call(capsys, "status", "--store", tmp_path)
    _, whole, _ = call(capsys, "status", "--store", tmp_path, "--all")
    report = json.loads(call(capsys, "status", "--store", tmp_path, "--json")[1])

    assert code == 1
    assert [["convert", "1", "1"], ["finetune", "1", "1"], ["score", "8", "8"]] == [
        line.split() for line in short.splitlines()[2:5]
    ]
    assert [
        "New: convert/new",
        "Took longest: convert/new  12.0 s",
        "Took longest: finetune/a  2.0 s",
    ] == short.splitlines()[5:8]
    assert "Failed: finetune/a: diverged: not a number. (log: here.log)" in short
    assert "score/3" not in short
    assert "  cached   score/3" in whole.splitlines()
    assert 10 == len(report["stages"])


def test_status_shows_words_of_a_stage_in_one_printable_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    Store(tmp_path)
    failure = {"kind": "stage-error", "reason": "odd\x1b[2J\ud800\nFailed: another"}
    event = {"event": "ended", "stage": "score/a", "key": "a", "outcome": "failed", "reason": "new", "seconds": 1.0}
    (tmp_path / "runs" / "20260101T000000-1.jsonl").write_text(json.dumps({**event, "failure": failure}) + "\n")

    code, text, _ = call(capsys, "status", "--store", tmp_path)

    assert code == 1
    assert [r"Failed: score/a: stage-error: odd\x1b[2J\ud800\nFailed: another"] == [
        line for line in text.splitlines() if "Failed" in line
    ]


def test_a_faulty_suite_of_ones_own_is_named_by_file_and_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = yaml.safe_load((tasks_dir() / "suites" / "mini.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**suite, "targets": ["mini-xnli", "mini-mnli"]}), encoding="utf-8")

    code, _, err = call(capsys, "plan", path)

    assert code == 2
    assert "'mini-mnli' is an intermediate task, not a target" in err


@pytest.mark.parametrize("kind", ["suite", "task", "backbone"])
def test_schemas_are_printed(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    code, out, _ = call(capsys, "schema", kind)

    assert code == 0
    assert "properties" in json.loads(out)


@pytest.mark.parametrize("plural", ["suites", "tasks", "backbones"])
def test_everything_listed_can_be_shown(capsys: pytest.CaptureFixture[str], plural: str) -> None:
    code, out, _ = call(capsys, plural, "list", "--json")
    assert code == 0
    names = [entry["name"] for entry in json.loads(out)]
    assert names

    for name in names:
        code, out, _ = call(capsys, plural, "show", name)
        assert code == 0
        if plural != "suites":
            assert f"({name})" in out.splitlines()[0]
        else:
            assert yaml.safe_load(out)["name"] == name
        assert name == json.loads(call(capsys, plural, "show", name, "--json")[1])["name"]


def test_doctor_speaks_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = call(capsys, "doctor", "--json", "--store", tmp_path)

    assert code == 0
    assert {"name", "status", "detail"} <= set(json.loads(out)[0])
