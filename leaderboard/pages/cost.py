"""Cost of a score: is this intermediate task worth it?"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from leaderboard.charts.scatter import Dot, pareto, scatter
from leaderboard.lookup import AVERAGE
from leaderboard.names import row_page
from leaderboard.pages.blocks import Block, Figure, Section, TableBlock, paragraphs
from leaderboard.pages.columns import STAR_NOTE, effect_field
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look, RowLook
from leaderboard.pairs import Difference
from leaderboard.provenance import Cost, cost_of, results_of, stages_of
from leaderboard.results import BASELINE_RECIPE
from leaderboard.scores import Row
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import MINUS, plural, points

FAMILIES = ("code", "text", "mixed")


@dataclass(frozen=True, kw_only=True)
class _Costed:
    row: Row
    cost: Cost
    hours: float
    score: float


def cost_page(site: Site) -> Page:
    """The page of costs."""
    found, without = _costed(site)
    sections = (
        (_front(found), _table(site, found))
        if found
        else (
            Section(id="none", title="Nothing to show", blocks=(paragraphs("No row has both an average and times."),)),
        )
    )
    lost = ""
    if without:
        lost = f" {plural(without, 'row')} without an average, or with a stage of unknown time, cannot be shown."
    return Page(
        stem="cost",
        title=f"Cost: {site.frame.title}",
        heading=heading("Cost of a score"),
        lede=Markup(
            '<p class="lede">Is an intermediate task worth its cost? The cost of a row is the time of all its '
            "stages of pretraining, training, prediction and retrieval; stages shared with other rows count in full.{} "
            "Times depend on the machine: compare rows within one board only.</p>\n"
        ).format(lost),
        sections=sections,
    )


def _costed(site: Site) -> tuple[list[_Costed], int]:
    found, without = [], 0
    for row in site.board.rows:
        cost = cost_of(stages_of(results_of(site.folder, row)))
        score = row.scores.average.value
        if score is None or not cost.hours:
            without += 1
        else:
            found.append(_Costed(row=row, cost=cost, hours=cost.hours, score=score))
    return found, without


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """The unit of times: hours, or minutes if no row took an hour; of GPUs, CPUs, or either."""

    kind: str
    time: str
    per_hour: float

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.time}" if "," not in self.kind else f"{self.time}, {self.kind}"

    def shown(self, hours: float) -> str:
        """With as many decimals as tell rows apart: a few seconds are not nought."""
        return f"{hours * self.per_hour:,.2f}".replace("-", MINUS)


def _unit(found: list[_Costed]) -> _Unit:
    gpus = {bool(one.cost.gpu_hours) for one in found}
    kind = "GPU" if gpus == {True} else "CPU" if gpus == {False} else "of GPUs, or else of CPUs"
    short = all(one.cost.cpu_hours < 1 and one.cost.gpu_hours < 1 for one in found)
    return _Unit(kind=kind, time="minutes" if short else "hours", per_hour=60.0 if short else 1.0)


def _front(found: list[_Costed]) -> Section:
    unit = _unit(found)
    front = pareto([(one.hours, one.score) for one in found])
    dots = [
        Dot(
            cost=one.hours * unit.per_hour,
            score=one.score * 100,
            series=FAMILIES.index(one.row.backbone.family),
            text=f"{one.row.backbone.name}, {one.row.recipe.name}: {points(one.score)} points, "
            f"{unit.shown(one.hours)} {unit.time}",
            label=_short(f"{one.row.backbone.name}, {one.row.recipe.name}") if place in front else "",
        )
        for place, one in enumerate(found)
    ]
    about = (
        f"Average score against {unit.name} of {plural(len(found), 'row')}; the {len(front)} on the Pareto "
        "front, which no other row beats at their cost, are ringed and joined, and labelled if there is room. "
        "The front is based on the averages only; the table tests whether gains are significant."
    )
    chart = scatter(
        dots, key="cost", title="Average score against cost", about=about,
        across=f"{unit.name} (logarithmic)", up="Average (points)",
    )  # fmt: skip
    figure = Figure(svg=chart, caption=about, label="Average score against cost", series=FAMILIES)
    return Section(id="front", title="Score against cost", blocks=(figure,))


def _short(text: str, longest: int = 34) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _table(site: Site, found: list[_Costed]) -> Section:
    unit = _unit(found)
    front = pareto([(one.hours, one.score) for one in found])
    base = {one.row.backbone.name: one for one in found if one.row.recipe.name == BASELINE_RECIPE}
    order = sorted(range(len(found)), key=lambda place: (found[place].hours, place))
    fields = [
        _fields(site, unit, found[place], base.get(found[place].row.backbone.name), front=place in front)
        for place in order
    ]
    table = Table(
        name="cost",
        caption="Rows by cost, the cheapest first",
        columns=(
            Column(key="backbone", title="Backbone", kind="text"),
            Column(key="family", title="Family", kind="family"),
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="front", title="Pareto front", kind="text"),
            Column(key=f"cpu_{unit.time}", title=f"CPU-{unit.time}", kind="number"),
            Column(key=f"gpu_{unit.time}", title=f"GPU-{unit.time}", kind="number"),
            Column(key="average", title="Average"),
            Column(key="gain", title="Gain over none", kind="difference"),
            Column(key=f"more_{unit.time}", title=f"{unit.time.capitalize()} more than none", kind="number"),
        ),
        rows=tuple(fields),
        notes=(STAR_NOTE,) if site.lookup.gains else (),
        miniature=site.frame.miniature,
    )
    rows = tuple(
        RowLook(
            href=row_page(one.row.backbone.name, one.row.recipe.name),
            title=one.row.backbone.title,
            family=one.row.backbone.family,
            recipe=one.row.recipe.name,
            suite=site.board.suite.name,
        )
        for one in (found[place] for place in order)
    )
    look = Look(
        id="table-cost", label="Cost", heads=("backbone", "recipe"), rows=rows, sortable=True, filters=True,
        intervals=frozenset({"gain"}), strong=frozenset({"average"}),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (TableBlock(table=table, look=look),)
    return Section(id="rows", title="Row by row", blocks=blocks)


def _fields(site: Site, unit: _Unit, one: _Costed, base: _Costed | None, *, front: bool) -> tuple[Field, ...]:
    backbone, recipe = one.row.backbone, one.row.recipe.name
    gain = more = Field(value=None)
    if base is not None and base is not one:
        found = Difference(left=one.row.scores.average, right=base.row.scores.average)
        gain = effect_field(found, site.lookup.gain(backbone.name, recipe, AVERAGE))
        more = Field(value=unit.shown(one.hours - base.hours))
    return (
        Field(value=backbone.name),
        Field(value=backbone.family),
        Field(value=recipe),
        Field(value="◎ on it" if front else None),
        Field(value=unit.shown(one.cost.cpu_hours)),
        Field(value=unit.shown(one.cost.gpu_hours)),
        Field(value=one.score),
        gain,
        more,
    )
