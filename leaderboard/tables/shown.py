"""A field as people read it, in plain characters."""

from __future__ import annotations

from leaderboard.tables.value import Column, Field
from leaderboard.words import DASH, MINUS, points, signed


def shown(field: Field, column: Column) -> str:
    """The value as text, without its marks; a dash where there is none."""
    value = field.value
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    if column.kind == "points":
        return points(value)
    if column.kind == "difference":
        return signed(value)
    if column.kind == "share":
        return f"{value * 100:.1f}\N{NO-BREAK SPACE}%"
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return text.replace("-", MINUS)
