"""Text wrapped to columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

#: Columns of a page that is no terminal's.
WIDTH = 110


def wrapped(margin: str, text: str, width: int = WIDTH) -> Iterator[str]:
    """Wrap text to ``width`` columns, with ``margin`` before the first line and the others indented as far."""
    room = max(1, width - len(margin))
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{margin}{lines[0]}".rstrip()
    yield from (f"{' ' * len(margin)}{line}" for line in lines[1:])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of rows of equal length: the first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def counts_by_phase(stages: Iterable[tuple[str, str]]) -> list[str]:
    """A table of how many stages each phase has of each label, from pairs of phase and label."""
    from harness.plan.stage import Phase

    counts = Counter(stages)
    order = {phase.value: number for number, phase in enumerate(Phase)}
    phases = sorted({phase for phase, _ in counts}, key=lambda phase: (order.get(phase, len(order)), phase))
    labels = sorted({label for _, label in counts})
    heads = ["phase", "stages", *labels]
    table = [
        [phase, f"{sum(counts[phase, label] for label in labels):,}"]
        + [f"{counts[phase, label]:,}" if counts[phase, label] else "" for label in labels]
        for phase in phases
    ]
    return aligned([heads, *table])
