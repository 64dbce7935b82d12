r"""A table as LaTeX, for a paper: booktabs, significance marks as superscripts, the notes below.

It needs ``\usepackage{booktabs}`` and ``\usepackage{graphicx}`` and compiles with any engine, pdfLaTeX with its own
fonts included: a character that those fonts lack is written as its code point, and a table that has one says so. A
table that is wider than the line is made smaller until it fits; one that is longer than a page comes in parts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
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
    "\N{CHECK MARK}": r"$\surd$", "\N{BALLOT X}": r"$\times$", "\N{BULLSEYE}": r"$\odot$",
    "\N{WHITE CIRCLE}": r"$\circ$", "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
}  # fmt: skip
#: Combining marks that LaTeX sets over a letter.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
_LETTERS = {"ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ł": r"\l{}", "Ł": r"\L{}",
            "œ": r"\oe{}", "Œ": r"\OE{}"}  # fmt: skip
#: Letters up to which words stand on one line; letters on a line and lines on a page of the article class, about.
_UNBROKEN = 30
_LETTERS_A_LINE, _LINES_A_PAGE = 65, 38
#: The same of wide letters, or of code points in their place.
_WIDE_LETTERS = 45
#: A word longer than this, a digest or a hostile name, may be broken after every so many letters.
_WORD, _PIECE = 24, 16
#: The last plain character of ASCII.
_LAST_ASCII = "~"


def table_latex(table: Table) -> str:
    """One ``table`` environment, or several. Every character of the data is text: none is ever run as a command."""
    shares = _shares(table)
    found = list(_parts(table, shares))
    top = [
        rf"% {_comment(table.name)}: needs \usepackage{{booktabs}} and \usepackage{{graphicx}}; any engine compiles it"
    ]
    body = "".join(_environment(table, shares, rows, number, len(found)) for number, rows in enumerate(found, start=1))
    if r"{\footnotesize U+" in body:
        top.append(
            "% U+0628 and the like: characters that pdfLaTeX's fonts lack; LuaLaTeX or XeLaTeX with a font prints them"
        )
    return "\n".join([*top, body])


def _environment(
    table: Table, shares: Mapping[int, float], rows: Sequence[tuple[Field, ...]], number: int, total: int
) -> str:
    """One part of a table; the last one has the notes."""
    spec = "".join(_column(column, shares.get(place)) for place, column in enumerate(table.columns))
    part = f" (part {number} of {total})" if total > 1 else ""
    label = _label(table.name) + (f"-{number}" if number > 1 else "")
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_words(table.caption + part)}}}",
        rf"\label{{tab:{label}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        *_heads(table.columns),
        r"\midrule",
        *(_line([_cell(field, column, wrapped=place in shares)
                 for place, (field, column) in enumerate(zip(row, table.columns, strict=True))])
          for row in rows),
        r"\bottomrule",
        r"\end{tabular}%",
        "}",
    ]  # fmt: skip
    if number == total and (notes := all_notes(table)):
        lines += [r"\par\medskip", r"\begin{minipage}{\linewidth}\footnotesize"]
        lines += [rf"{_words(note)}\par" for note in notes]
        lines.append(r"\end{minipage}")
    lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def _shares(table: Table) -> dict[int, float]:
    """Columns of words that are broken into lines, by place, with their share of the line's width."""
    long = [place for place in range(len(table.columns)) if _longest(table, place) > _UNBROKEN]
    return {place: max(min(0.4, 0.7 / len(long)), _widest_word(table, place) / _WIDE_LETTERS) for place in long}


def _widest_word(table: Table, place: int) -> int:
    words = [word for row in table.rows for word in shown(row[place], table.columns[place]).split()]
    return max(len(word) if len(word) <= _WORD else _PIECE for word in words)


def _longest(table: Table, place: int) -> int:
    return max((len(shown(row[place], table.columns[place])) for row in table.rows), default=0)


def _parts(table: Table, shares: Mapping[int, float]) -> Iterator[Sequence[tuple[Field, ...]]]:
    """Rows that fit on a page together, by how many lines their words will take."""
    rows: list[tuple[Field, ...]] = []
    used = 0
    for row in table.rows:
        lines = max(
            (-(-len(shown(row[place], table.columns[place])) // max(1, int(share * _LETTERS_A_LINE)))
             for place, share in shares.items()),
            default=1,
        )  # fmt: skip
        if rows and used + lines > _LINES_A_PAGE:
            yield rows
            rows, used = [], 0
        rows.append(row)
        used += max(1, lines)
    yield rows


def _column(column: Column, share: float | None) -> str:
    if share is not None:
        return rf"p{{{share:.2f}\linewidth}}"
    return "l" if column.kind in ("text", "family") else "r"


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
    return rf"{{\footnotesize U+{ord(char):04X}}}\allowbreak{{}}"


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
    # The end of a row that holds in columns of broken lines, too. A row that begins with a bracket would be an argument
    # of the end before it; escape() braces them.
    return " & ".join(cells) + r" \tabularnewline"


def _cell(field: Field, column: Column, *, wrapped: bool) -> str:
    mark = rf"\textsuperscript{{{escape(field.mark)}}}" if field.mark else ""
    text = shown(field, column)
    if not wrapped:
        return escape(text) + mark
    return r"\raggedright " + _words(text) + mark


def _words(text: str) -> str:
    """Text that is broken into lines, and inside its words where they are too long for one."""
    return " ".join(_broken(word) for word in text.split(" "))


def _broken(word: str) -> str:
    if len(word) <= _WORD:
        return escape(word)
    pieces = [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]
    return r"\allowbreak{}".join(escape(piece) for piece in pieces)


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _label(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in ".-") else "-" for char in text)
