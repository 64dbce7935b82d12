r"""A table as LaTeX, for a paper: booktabs, significance marks as superscripts, the notes below.

It needs ``\usepackage{booktabs}`` and compiles with any engine, pdfLaTeX with its own fonts included: a character that
those fonts lack is written as its code point.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby

from leaderboard.tables.shown import shown
from leaderboard.tables.value import Column, Field, Table, all_notes

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\char34}", "'": r"{\char39}", "`": r"\textasciigrave{}",
    "-": "-{}", "[": "{[}", "]": "{]}", "*": r"{*}",
    "\N{MINUS SIGN}": r"$-$", "\N{EN DASH}": "--", "\N{EM DASH}": "---", "\N{NO-BREAK SPACE}": "~",
    "\N{MULTIPLICATION SIGN}": r"$\times$", "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$", "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    "\N{DAGGER}": r"\dag{}", "\N{DOUBLE DAGGER}": r"\ddag{}", "\N{SECTION SIGN}": r"\S{}", "\N{PILCROW SIGN}": r"\P{}",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``", "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{LEFT SINGLE QUOTATION MARK}": "`", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{WHITE CIRCLE}": r"$\circ$", "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
}  # fmt: skip
#: Combining marks that LaTeX sets over a letter.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
_LETTERS = {"ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ł": r"\l{}", "Ł": r"\L{}",
            "œ": r"\oe{}", "Œ": r"\OE{}"}  # fmt: skip
#: The last plain character of ASCII.
_LAST_ASCII = "~"


def table_latex(table: Table) -> str:
    """A ``table`` environment. Every character of the data is text: nothing in it is ever run as a command."""
    spec = "".join("l" if column.kind in ("text", "family") else "r" for column in table.columns)
    lines = [
        rf"% {_comment(table.name)}: needs \usepackage{{booktabs}}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(table.caption)}}}",
        rf"\label{{tab:{_label(table.name)}}}",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        *_heads(table.columns),
        r"\midrule",
        *(_line([_cell(field, column) for field, column in zip(row, table.columns, strict=True)])
          for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]  # fmt: skip
    if notes := all_notes(table):
        lines += [r"\par\medskip", r"\begin{minipage}{\linewidth}\footnotesize"]
        lines += [rf"{escape(note)}\par" for note in notes]
        lines.append(r"\end{minipage}")
    lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text as LaTeX that prints it."""
    return text.translate(_ESCAPED)


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char in "\n\t ":
        return " "
    if " " < char <= _LAST_ASCII:
        return char
    if char in _LETTERS:
        return _LETTERS[char]
    base, *marks = list(unicodedata.normalize("NFD", char))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        letter = {"i": r"\i", "j": r"\j"}.get(base, base)
        return rf"\{_ACCENTS[marks[0]]}{{{letter}}}"
    return rf"{{\footnotesize U+{ord(char):04X}}}"


class _Escaped(dict[int, str]):
    """Characters as LaTeX prints them, each worked out once."""

    def __missing__(self, code: int) -> str:
        self[code] = _escape(chr(code))
        return self[code]


_ESCAPED = _Escaped()


def _heads(columns: tuple[Column, ...]) -> list[str]:
    lines = []
    if any(column.group for column in columns):
        spans = [(name, len(list(members))) for name, members in groupby(columns, key=lambda column: column.group)]
        lines.append(_line([rf"\multicolumn{{{width}}}{{c}}{{{escape(name)}}}" if name else " & " * (width - 1)
                            for name, width in spans]))  # fmt: skip
        start, rules = 1, []
        for name, width in spans:
            if name:
                rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
            start += width
        lines.append("".join(rules))
    lines.append(_line([escape(column.title) for column in columns]))
    return lines


def _line(cells: list[str]) -> str:
    # A row that begins with a bracket would be an argument of the row break before it; escape() braces them.
    return " & ".join(cells) + r" \\"


def _cell(field: Field, column: Column) -> str:
    mark = rf"\textsuperscript{{{escape(field.mark)}}}" if field.mark else ""
    return escape(shown(field, column)) + mark


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _label(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in ".-") else "-" for char in text)
