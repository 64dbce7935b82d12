"""Published rows, apart from ours: nothing of them was run here."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from leaderboard.pages.blocks import Prose, Section, TableBlock, prose
from leaderboard.pages.look import Look
from leaderboard.published import MARK_WORDS, PublishedRow, published
from leaderboard.tables.value import Column, Field, Table

METRICS = {"accuracy": "accuracy", "f1": "F1", "exact_match": "exact match"}
#: XTREME's targets in its order, with the name of its tables.
_TARGETS = {
    "xnli": "XNLI", "pawsx": "PAWS-X", "udpos": "POS", "panx": "NER", "xquad": "XQuAD", "mlqa": "MLQA",
    "tydiqa": "TyDiQA", "bucc2018": "BUCC", "tatoeba": "Tatoeba",
}  # fmt: skip


def published_section() -> tuple[Section, ...]:
    """Rows of papers and other boards, with where each number was read."""
    rows = [row for file in published() for row in file.rows]
    pairs = [
        (target, metric)
        for target in _TARGETS
        for metric in METRICS
        if any((number.target, number.metric) == (target, metric) for row in rows for number in row.numbers)
    ]
    columns = [
        Column(key="system", title="System", kind="text"),
        Column(key="family", title="Family", kind="family"),
        Column(key="recipe", title="Recipe", kind="text"),
        *(Column(key=f"{target}.{metric}", title=METRICS[metric], group=_TARGETS[target]) for target, metric in pairs),
        Column(key="source", title="Read in", kind="text"),
    ]
    fields = [
        (
            Field(value=row.name),
            Field(value=row.family),
            Field(value=row.recipe),
            *(_number(row, target, metric) for target, metric in pairs),
            Field(value=_sources(row)),
        )
        for row in rows
    ]
    table = Table(
        name="published",
        caption="Published results, not run here: test scores in points, as given by other sources",
        columns=tuple(columns),
        rows=tuple(fields),
        notes=(
            "A dash: no verifiable number of this system on this target was found.",
            *(f"{mark}: {words}." for mark, words in MARK_WORDS.items()),
        ),
    )
    firsts = frozenset(
        f"{target}.{metric}"
        for place, (target, metric) in enumerate(pairs)
        if not place or pairs[place - 1][0] != target
    )
    look = Look(id="table-published", label="Published scores", heads=("system",), firsts=firsts)
    intro = prose(
        "<p>These rows were <strong>published, not run here</strong>: other code, other hardware, no interval. They "
        'are given for orientation; <a href="reproduction.html">Reproduction</a> compares them with ours where '
        "possible.</p>\n"
    )
    blocks = (intro, TableBlock(table=table, look=look), Prose(html=Markup("").join(_references())))
    return (Section(id="published", title="Published results, not run here", blocks=blocks),)


def _number(row: PublishedRow, target: str, metric: str) -> Field:
    found = next((number for number in row.numbers if (number.target, number.metric) == (target, metric)), None)
    return Field(value=None) if found is None else Field(value=found.points / 100)


def _sources(row: PublishedRow) -> str:
    """Where the numbers were read, each source once, with its mark."""
    titles = {key: source.title for file in published() for key, source in file.sources.items()}
    found = dict.fromkeys((number.source, number.mark) for number in row.numbers)
    return "; ".join(f"{titles[source]} [{mark}]" for source, mark in found)


def _references() -> Iterator[Markup]:
    yield Markup('<ul class="notes">\n')
    for file in published():
        for source in file.sources.values():
            if source.href:
                yield Markup('<li><a href="{}" rel="noreferrer">{}</a></li>\n').format(source.href, source.title)
    yield Markup("</ul>\n")
