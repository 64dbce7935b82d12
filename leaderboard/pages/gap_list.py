"""The gaps of a page, by cause."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from leaderboard.pages.blocks import Prose, Section
from leaderboard.pages.gaps import GapNote

#: More cells of one cause than this are counted, not listed: scores.csv has them all.
LISTED = 200


def gap_section(notes: Sequence[GapNote]) -> tuple[Section, ...]:
    """Cells without a result, each cause once; nothing where there is none."""
    if not notes:
        return ()
    items = Markup("").join(_item(note) for note in notes)
    html = Markup(
        "<p>Cells of the grid without a result, by cause. A gap is never counted as zero, and a mean is given only "
        "if all "
        'its members are there.</p>\n<ol class="gaps">\n{}</ol>\n'
    ).format(items)
    return (Section(id="gaps", title="Gaps", blocks=(Prose(html=html),)),)


def _item(note: GapNote) -> Markup:
    cells = Markup("").join(Markup('<li><bdi translate="no">{}</bdi></li>\n').format(cell)
                            for cell in note.cells[:LISTED])  # fmt: skip
    if (more := len(note.cells) - LISTED) > 0:
        cells += Markup('<li>and {} more: <a href="scores.csv">scores.csv</a> has them all</li>\n').format(f"{more:,}")
    listed = Markup("<ul>\n{}</ul>\n").format(cells)
    if note.folded:
        listed = Markup("<details><summary>{}</summary>\n{}</details>\n").format(note.count, listed)
    return Markup('<li id="gap-{0}" value="{0}"><bdi>{1}</bdi>\n{2}</li>\n').format(note.number, note.text, listed)
