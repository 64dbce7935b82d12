"""One table as CSV, JSON and LaTeX: the same numbers, hostile text as text, and LaTeX that compiles."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leaderboard.site import build_site
from leaderboard.tables.latex import escape, table_latex
from leaderboard.tables.plain import table_csv, table_json
from leaderboard.tables.value import MINIATURE, Column, Field, Table
from tests.leaderboard.conftest import write_results
from tests.leaderboard.example_statistics import write_statistics

HOSTILE = (
    "<script>alert(1)</script>'\"",
    r"\input{/etc/passwd}\write18{id}$x^2_%&#~{",
    "=HYPERLINK(1)",
    "[0pt] ] --- ``''",
    "بايثون \u202e code",
    "naïve Łódź ĵ ą 中文",
    "x" * 300,
)

TABLE = Table(
    name="scores_1",
    caption="Scores & more, 100 % of them.",
    columns=(
        Column(key="name", title="Name", kind="text"),
        Column(key="average", title="Average"),
        Column(key="gain", title="Gain_1", kind="difference", group="Group & co"),
        Column(key="unknown", title="Unknown", kind="share", group="Group & co"),
        Column(key="hours", title="Hours", kind="number"),
    ),
    rows=(
        *((Field(value=name), Field(value=0.4123), Field(value=-0.02, mark="**", low=-0.03, high=-0.01),
           Field(value=0.5), Field(value=-1.5)) for name in HOSTILE),
        (Field(value="gap"), Field(value=None, missing="Failed: no memory."), Field(value=0.0), Field(value=None),
         Field(value=1200)),
    ),
    notes=("** p < 0.01 after Holm",),
)  # fmt: skip


def test_csv_holds_the_numbers_and_what_is_said_of_them() -> None:
    lines = list(csv.DictReader(io.StringIO(table_csv(TABLE))))

    assert list(lines[0]) == [
        "name", "average", "average.missing", "gain", "gain.low", "gain.high", "gain.mark", "unknown", "hours",
    ]  # fmt: skip
    assert lines[0]["average"] == "0.4123"
    assert (lines[0]["gain"], lines[0]["gain.low"], lines[0]["gain.mark"]) == ("-0.02", "-0.03", "**")
    assert (lines[-1]["average"], lines[-1]["average.missing"]) == ("", "Failed: no memory.")


def test_csv_starts_no_formula() -> None:
    lines = list(csv.DictReader(io.StringIO(table_csv(TABLE))))

    assert "'=HYPERLINK(1)" == lines[2]["name"]
    assert [line["name"] for line in lines[:2]] == list(HOSTILE[:2])


def test_json_holds_the_same() -> None:
    record = json.loads(table_json(TABLE))

    assert "codestilts.table/1" == record["schema"]
    assert [row["name"] for row in record["rows"]] == [*HOSTILE, "gap"]
    assert {"value": -0.02, "mark": "**", "low": -0.03, "high": -0.01} == record["rows"][0]["gain"]
    assert {"value": None, "missing": "Failed: no memory."} == record["rows"][-1]["average"]
    assert 0.4123 == record["rows"][0]["average"]


def test_an_empty_table_is_still_one() -> None:
    empty = Table(name="none", caption="", columns=TABLE.columns, rows=())

    assert [] == json.loads(table_json(empty))["rows"]
    assert 1 == len(table_csv(empty).splitlines())
    assert r"\toprule" in table_latex(empty)


def test_miniature_is_said_in_what_is_copied() -> None:
    small = Table(name="m", caption="c", columns=TABLE.columns, rows=(), miniature=True)

    assert MINIATURE in json.loads(table_json(small))["notes"]
    assert "Miniature suite" in table_latex(small)


def test_latex_shows_points_signs_and_marks() -> None:
    line = next(line for line in table_latex(TABLE).splitlines() if "gap & " in line)
    assert r"gap & -- & 0.0 & -- & 1,200 \tabularnewline" == line.removeprefix(r"\raggedright ")
    assert r"41.2 & $-$2.0\textsuperscript{{*}{*}} & 50.0~\%" in table_latex(TABLE)


def test_latex_escapes_every_active_character() -> None:
    assert r"\textbackslash{}input\{a\_b\}\%\$\&\#\textasciitilde{}\textasciicircum{}" == escape(r"\input{a_b}%$&#~^")
    assert r"\'{e} {\footnotesize U+0628}\allowbreak{}" == escape("é ب")


def test_only_some_columns() -> None:
    assert ["gain", "name"] == [column.key for column in TABLE.only(["gain", "name"]).columns]


def test_latex_breaks_words_that_are_too_long_and_wraps_columns_of_words() -> None:
    text = table_latex(TABLE)
    assert r"\begin{tabular}{p{0.40\linewidth}rrrr}" in text
    assert "x" * 16 + r"\allowbreak{}" + "x" * 16 in text
    assert "x" * 17 not in text
    short = Table(name="s", caption="", columns=TABLE.columns[:1], rows=((Field(value="short name"),),))
    assert r"\begin{tabular}{l}" in table_latex(short)


def test_a_latex_table_longer_than_a_page_comes_in_parts_and_loses_no_row() -> None:
    rows = tuple((Field(value=f"row{number}"), Field(value=0.5)) for number in range(100))
    text = table_latex(Table(name="long", caption="Long", columns=TABLE.columns[:2], rows=rows, notes=("The note.",)))
    found = text.split(r"\begin{table}")[1:]
    assert 3 == len(found)
    assert [f"row{number} " for number in range(100)] == re.findall(r"^row\d+ ", text, flags=re.MULTILINE)
    assert all(f"(part {number} of 3)" in part for number, part in enumerate(found, start=1))
    assert [r"\label{tab:long}", r"\label{tab:long-2}", r"\label{tab:long-3}"] == re.findall(r"\\label\{.*\}", text)
    assert [0, 0, 1] == [part.count("The note.") for part in found]


def test_latex_says_what_it_needs_and_what_it_could_not_print() -> None:
    first, second, *_ = table_latex(TABLE).splitlines()
    assert r"% scores_1: needs \usepackage{booktabs} and \usepackage{graphicx}; any engine compiles it" == first
    assert second.startswith("% U+0628 and the like:")
    plain = Table(name="p", caption="", columns=TABLE.columns[:1], rows=((Field(value="Łódź ✓ ✗"),),))
    assert "U+" not in table_latex(plain)


@pytest.mark.latex
@pytest.mark.parametrize("table", [TABLE, Table(name="e", caption="", columns=TABLE.columns, rows=())])
def test_latex_compiles(table: Table, tmp_path: Path) -> None:
    compile_latex([table_latex(table)], tmp_path)


@pytest.mark.latex
def test_every_table_of_a_board_with_hostile_names_compiles(tmp_path: Path) -> None:
    """All at once, with two seeds, gaps and statistics: nothing beyond the page, nothing that fonts lack."""
    results = write_results(tmp_path / "results", seeds=(1, 2))
    write_statistics(results)
    build_site(results, tmp_path / "site")
    found = sorted((tmp_path / "site").glob("*.tex"))
    assert len(found) > 60
    said = compile_latex([path.read_text(encoding="utf-8") for path in found], tmp_path)
    assert "Missing character" not in said
    assert "Float too large" not in said
    assert "Overfull" not in said


def compile_latex(tables: list[str], folder: Path) -> str:
    """Run pdfLaTeX over a document of these tables; gives what it said."""
    program = shutil.which("pdflatex")
    assert program
    body = "\n\\clearpage\n".join(tables)
    packages = "\\usepackage{booktabs}\n\\usepackage{graphicx}\n"
    document = f"\\documentclass{{article}}\n{packages}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / "paper.tex").write_text(document, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "paper.pdf").stat().st_size > 0
    return done.stdout
