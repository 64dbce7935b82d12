"""Published and reproduced numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from leaderboard.lookup import Lookup, Place
from leaderboard.pages.blocks import Block, Prose, Section, TableBlock, paragraphs
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look
from leaderboard.pages.published import METRICS
from leaderboard.published import MARK_WORDS, Number, Published, PublishedRow, published
from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import BackboneInfo, TargetInfo
from leaderboard.scores import Board, mean
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import DASH, plural

Status = Literal["matches", "differs", "cannot be compared"]
#: Points by which two careful runs of the same recipe are known to differ (huggingface/transformers#10588 reports about
#: one point for XLM-R on XTREME, with other versions and small changes of hyper-parameters).
TOLERANCE = 1.0
BEST_PER_TARGET = "best per target"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A published and a reproduced number, both in points; ``ours`` is None if there is no counterpart."""

    row: PublishedRow
    number: Number
    ours: float | None
    tolerance: float
    status: Status
    why: str


def compare(board: Board, folder: ResultsFolder, lookup: Lookup, files: tuple[Published, ...]) -> tuple[Compared, ...]:
    """Every published number, in the order of the files."""
    return tuple(
        _compare(board, folder, lookup, file, row, number)
        for file in files
        for row in file.rows
        for number in row.numbers
    )


def _compare(
    board: Board, folder: ResultsFolder, lookup: Lookup, file: Published, row: PublishedRow, number: Number
) -> Compared:
    def cannot(why: str, ours: float | None = None) -> Compared:
        return Compared(row=row, number=number, ours=ours, tolerance=TOLERANCE, status="cannot be compared", why=why)

    backbone = next((one for one in board.suite.backbones if _is(one, row.backbone)), None)
    if backbone is None:
        return cannot(f"no backbone of this suite is {row.backbone}")
    target = next((one for one in board.suite.targets if one.name == number.target), None)
    if target is None:
        return cannot(f"the suite does not score {number.target}")
    recipe = _recipe(board, lookup, row, backbone, target)
    if recipe is None:
        return cannot(f"the suite has no recipe {row.recipe} for it")
    ours = _ours(folder, backbone.name, recipe, target, number.metric)
    if ours is None:
        return cannot("not every seed of ours has this metric")
    if problem := _problem(folder, file, backbone.name, recipe, target):
        return cannot(problem, ours)
    estimate = lookup.estimate(backbone.name, recipe, Place("target", target.name))
    half = 0.0
    if estimate is not None and estimate.low is not None and estimate.high is not None:
        half = (estimate.high - estimate.low) * 50
    tolerance = TOLERANCE + half
    gap = abs(ours - number.points)
    why = f"they are {gap:.1f} points apart; allowed are {TOLERANCE:.1f} for other code and hardware"
    why += f" and {half:.1f} for the choice of test items" if half else ""
    status: Status = "matches" if gap <= tolerance else "differs"
    return Compared(row=row, number=number, ours=ours, tolerance=tolerance, status=status, why=why)


def _is(backbone: BackboneInfo, name: str) -> bool:
    source = backbone.source.lower().split()
    here = any(word == name or word.endswith(f"/{name}") for word in source)
    return backbone.pair is None and (backbone.name == name or here)


def _recipe(board: Board, lookup: Lookup, row: PublishedRow, backbone: BackboneInfo, target: TargetInfo) -> str | None:
    if row.recipe != BEST_PER_TARGET:
        return row.recipe if any(one.name == row.recipe for one in board.suite.recipes) else None
    best = next((one for one in lookup.best if one.backbone == backbone.name), None)
    choice = best.targets.get(target.name) if best else None
    return choice.recipe if choice else None


def _ours(folder: ResultsFolder, backbone: str, recipe: str, target: TargetInfo, metric: str) -> float | None:
    """Ours in points: the mean over seeds of the mean over languages."""
    by_seed: list[float | None] = []
    for seed in folder.suite.seeds:
        result = folder.results.get(CellKey(backbone, recipe, target.name, seed))
        by_seed.append(
            None if result is None else mean([result.languages[code].metrics.get(metric) for code in target.languages])
        )
    found = mean(by_seed)
    return None if found is None else found * 100


def _problem(folder: ResultsFolder, file: Published, backbone: str, recipe: str, target: TargetInfo) -> str:
    """Why ours is not the same measurement; empty if it is."""
    if target.miniature:
        return "ours is of generated data"
    if target.scored_split != "test":
        return f"ours is of split {target.scored_split}, not of the test split"
    if lacking := [code for code in target.all_languages if code not in target.languages]:
        return f"ours lacks {len(lacking)} of {len(target.all_languages)} languages"
    size = next((one for one in file.sizes if one.target == target.name), None)
    if size is None:
        return ""
    for seed in folder.suite.seeds:
        result = folder.results[CellKey(backbone, recipe, target.name, seed)]
        for code, one in result.languages.items():
            if not size.least <= one.rows <= size.most:
                return f"ours is of {one.rows:,} rows in {code}; published are {size.least:,} to {size.most:,}"
    return ""


_SYMBOLS = {"matches": "✓", "differs": "✗", "cannot be compared": DASH}


def reproduction_page(site: Site) -> Page:
    """The page of published numbers."""
    found = compare(site.board, site.folder, site.lookup, published())
    sources = {key: source for file in published() for key, source in file.sources.items()}
    counts = Counter(one.status for one in found)
    table = Table(
        name="reproduction",
        caption="Published and reproduced test scores, in points",
        columns=(
            Column(key="system", title="System", kind="text"),
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="target", title="Target", kind="text"),
            Column(key="metric", title="Metric", kind="text"),
            Column(key="published", title="Published"),
            Column(key="ours", title="Ours"),
            Column(key="difference", title="Ours minus published", kind="difference"),
            Column(key="tolerance", title="Tolerance"),
            Column(key="status", title="Status", kind="text"),
            Column(key="why", title="Why", kind="text"),
            Column(key="source", title="Read in", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=one.row.name),
                Field(value=one.row.recipe),
                Field(value=one.number.target),
                Field(value=METRICS[one.number.metric]),
                Field(value=one.number.points / 100),
                Field(value=None if one.ours is None else one.ours / 100),
                Field(value=None if one.ours is None else (one.ours - one.number.points) / 100),
                Field(value=None if one.status == "cannot be compared" else one.tolerance / 100),
                Field(value=f"{_SYMBOLS[one.status]} {one.status}"),
                Field(value=one.why),
                Field(
                    value=f"{sources[one.number.source].title} [{one.number.mark}]",
                    href=sources[one.number.source].href,
                ),
            )
            for one in found
        ),
        notes=tuple(f"{mark}: {words}." for mark, words in MARK_WORDS.items()),
        miniature=site.frame.miniature,
    )
    look = Look(
        id="table-reproduction", label="Published and reproduced numbers", heads=("system",), sortable=True, words=True
    )
    rule = (
        f"A number matches if ours lies within {TOLERANCE:.0f} point, widened by half of our {site.lookup.interval} "
        "if there is one: careful runs of the same recipe with other code and hardware are known to differ by about "
        "a point. Only verified numbers are listed, each with its source."
    )
    summary = "; ".join(f"{plural(number, 'number')}: {status}" for status, number in sorted(counts.items()))
    reasons = Counter(one.why for one in found if one.status == "cannot be compared")
    return Page(
        stem="reproduction",
        title=f"Reproduction: {site.frame.title}",
        heading=heading("Published and reproduced numbers"),
        lede=Markup('<p class="lede">{}.</p>\n').format(summary or "Nothing is published"),
        sections=(
            Section(id="numbers", title="Number by number",
                    blocks=(paragraphs(rule), *_reasons(reasons), TableBlock(table=table, look=look))),
        ),
    )  # fmt: skip


def _reasons(reasons: Counter[str]) -> Iterator[Block]:
    """Why numbers cannot be compared, each reason once, the most frequent first."""
    if reasons:
        told = Markup("").join(
            Markup("<li>{}: <bdi>{}</bdi></li>\n").format(plural(number, "number"), why)
            for why, number in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))
        )
        yield Prose(html=Markup('<p>Not comparable, by reason:</p>\n<ul class="notes">\n{}</ul>\n').format(told))
