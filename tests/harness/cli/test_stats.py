"""``codestilts stats``: what a board says, in the terminal and for scripts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from leaderboard.statistics import STATISTICS_FILE
from leaderboard.stats import compute
from leaderboard.stats.settings import Settings
from tests.leaderboard.stats.boards import write_board


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with statistics, made with few resamples."""
    results = write_board(tmp_path_factory.mktemp("board") / "results" / "drawn", units=120)
    compute.write(*compute.of_folder(results, Settings(resamples=200, flips=1000), lambda _share, _what: None), results)
    return results


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["stats", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_ranks_gains_and_pairs_in_the_terminal(
    board: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")

    code, out, _ = call(capsys, "--results", board)

    assert code == 0
    assert "Ranks of 6 complete rows of 6" in out
    assert "95% interval" in out
    lines = out.splitlines()
    gains = lines[lines.index("Gains over recipe none, same backbone") :]
    assert any(line.startswith("base+code / mnli") and line.endswith(" significant") for line in gains)
    assert "base+code against base+text (matched pair)" in out
    assert "Code adds to the gain of" in out
    assert "Missing: a mean over pairs, matched pairs." in out
    assert max(map(len, lines)) <= 110


def test_a_column_is_chosen_by_the_name_that_exports_have(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--results", board, "--column", "group.retrieval")
    assert code == 0
    assert "Column: group.retrieval" in out

    gains = call(capsys, "--results", board, "--column", "xquad")[1].splitlines()
    assert ["base+code / squad", "base+text / squad"] == [
        line.partition("  ")[0] for line in gains if line.endswith(" †")
    ]

    code, out, err = call(capsys, "--results", board, "--column", "xnly")
    assert (code, out) == (2, "")
    assert "there is no column 'xnly'; name one of average, group.classification, xnli" in err


def test_json_is_the_file(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--results", board, "--json")

    assert code == 0
    record = json.loads(out)
    assert record["schema"] == "codestilts.statistics/1"
    assert record["method"]["resamples"] == 200
    assert len(record["gains"]) == 4


def test_statistics_are_computed_where_there_are_none_and_written_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = write_board(tmp_path / "store" / "results" / "drawn", targets=("xnli",), units=60)

    code, out, _ = call(capsys, "--suite", "drawn", "--store", tmp_path / "store", "--json")
    assert code == 0
    assert json.loads(out)["method"]["resamples"] == Settings().resamples
    assert not (results / STATISTICS_FILE).exists()

    assert call(capsys, "--results", results, "--write")[0] == 0
    assert (results / STATISTICS_FILE).is_file()


def test_counts_decide_and_not_what_lies_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--recompute`` does not believe the file."""
    results = write_board(tmp_path / "results", targets=("xnli",), units=60)
    assert call(capsys, "--results", results, "--write")[0] == 0
    path = results / STATISTICS_FILE
    record = json.loads(path.read_text(encoding="utf-8"))
    said = record["ranks"]["average"]["rows"][0]["value"]
    record["ranks"]["average"]["rows"][0]["value"] = 0.999
    path.write_text(json.dumps(record), encoding="utf-8")

    shown, again = (
        json.loads(call(capsys, "--results", results, "--json", *more)[1])["ranks"]["average"]["rows"][0]["value"]
        for more in ((), ("--recompute",))
    )

    assert (0.999, said) == (shown, again)


def test_what_cannot_be_is_refused(board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, sentence in (
        (("--results", board, "--suite", "drawn"), "a suite and a folder are named; name one of them"),
        (("--results", board, "--results", board, "--write"), "several folders have no one place to write to"),
        (("--results", tmp_path), "there is no suite.json in it"),
    ):
        code, out, err = call(capsys, *arguments)
        assert (code, out) == (2, "")
        assert sentence in err
