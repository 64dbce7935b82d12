"""Text in columns, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

#: Columns of a page that is no terminal's.
WIDTH = 110


def wrapped(margin: str, text: str, width: int = WIDTH) -> Iterator[str]:
    """Lines of ``width`` columns: the first behind ``margin``, the others indented as far. No word is broken."""
    room = max(1, width - len(margin))
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{margin}{lines[0]}".rstrip()
    yield from (f"{' ' * len(margin)}{line}" for line in lines[1:])
