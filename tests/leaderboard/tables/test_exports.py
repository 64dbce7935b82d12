"""One table as CSV, JSON and LaTeX: the same numbers, hostile text as text, and LaTeX that compiles."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from leaderboard.tables.latex import escape, table_latex
from leaderboard.tables.plain import table_csv, table_json
from leaderboard.tables.value import MINIATURE, Column, Field, Table

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
    line = next(line for line in table_latex(TABLE).splitlines() if line.startswith("gap"))
    assert r"gap & -- & 0.0 & -- & 1,200 \\" == line
    assert r"41.2 & $-$2.0\textsuperscript{{*}{*}} & 50.0~\%" in table_latex(TABLE)


def test_latex_escapes_every_active_character() -> None:
    assert r"\textbackslash{}input\{a\_b\}\%\$\&\#\textasciitilde{}\textasciicircum{}" == escape(r"\input{a_b}%$&#~^")
    assert r"\'{e} {\footnotesize U+0628}" == escape("é ب")


def test_only_some_columns() -> None:
    assert ["gain", "name"] == [column.key for column in TABLE.only(["gain", "name"]).columns]


@pytest.mark.latex
@pytest.mark.parametrize("table", [TABLE, Table(name="e", caption="", columns=TABLE.columns, rows=())])
def test_latex_compiles(table: Table, tmp_path: Path) -> None:
    compile_latex([table_latex(table)], tmp_path)


def compile_latex(tables: list[str], folder: Path) -> None:
    """Run pdfLaTeX over a document of these tables; a warning about wide lines is no error."""
    program = shutil.which("pdflatex")
    assert program
    body = "\n\\clearpage\n".join(tables)
    document = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" + body + "\n\\end{document}\n"
    (folder / "paper.tex").write_text(document, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "paper.pdf").stat().st_size > 0
