"""The summary for terminals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from leaderboard.read import read_results
from leaderboard.scores import build_board
from leaderboard.text import TextTable, summary, table_lines
from leaderboard.words import metric_words


def test_main_table(results: Path) -> None:
    row = build_board(read_results(results)).rows[0].scores
    lines = summary(results, 200).splitlines()
    heads = next(line for line in lines if "average" in line)
    assert ["average", "[pair", "cl.]", "[tagging]", "[QA]", "[retrieval]", "xnli", "panx", "xquad", "tatoeba"] == (
        heads.split()
    )
    line = next(line for line in lines if line.startswith("  none"))
    values = [row.average, *row.groups.values(), *row.targets.values()]
    assert ["none", *(f"{100 * (score.value or 0):.1f}" for score in values)] == line.split()


def test_gaps_and_marks(results: Path) -> None:
    text = summary(results, 200)
    squad = [line for line in text.splitlines() if line.startswith("  squad")]
    assert ["squad", "-", "-", "-"] == squad[1].split()[:4]
    assert "- (2)" in squad[1]
    assert "(2) 1 cell: Failed at stage finetune (out-of-memory): CUDA ran out of memory" in text
    assert "† Own training data" in text
    assert "Miniature suite" in text
    assert "Note: <b>Note</b> & more" in text


def test_pair_differences(results: Path) -> None:
    text = summary(results, 200)
    assert "base+code minus base+text, in points" in text
    assert "With recipe none, base+code averages" in text
    assert "without interval" in text


@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_no_table_line_is_wider_than_asked(results: Path, width: int) -> None:
    text = summary(results, width)
    table = [line for line in text.splitlines() if re.match(r"  \S|\S.*(\[code\]|\[text\]|\[mixed\])$", line)]
    assert len(table) >= 20
    assert all(cell_len(line) <= width for line in table)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_seeds(two_seeds: Path) -> None:
    assert "Means over seeds 1, 2." in summary(two_seeds, 100)


def test_no_character_steers_the_terminal(results: Path) -> None:
    path = results / "suite.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Test & ", "\\u001b[2J\\u202e"), encoding="utf-8")
    text = summary(results, 100)
    assert text.startswith("?[2J?<suite>")
    assert not set(text) & {"\x1b", "\u202e", "\u2068", "\u2069"}


def test_columns_line_up_whatever_their_characters_take() -> None:
    """A wide character takes two places of a terminal, a combining one none."""
    names = ("中文", "e\u0301", "ab")
    table = TextTable(heads=("head",), rows=tuple((name, ("1.0",)) for name in names))

    lines = table_lines(table, 80)

    assert {len("中文") * 2 + 2 + len("head")} == {cell_len(line) for line in lines}


@pytest.mark.parametrize(
    ("name", "words"), [("exact_match", "exact match"), ("f1_seqeval_1_2_2", "f1 seqeval 1.2.2"), ("f1", "f1")]
)
def test_metrics_are_named_in_words(name: str, words: str) -> None:
    assert words == metric_words(name)
