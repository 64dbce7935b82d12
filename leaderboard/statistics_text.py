"""Statistics of one column of a board as plain text: ranks, gains, and the effect of code in every pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leaderboard.effects import ComparedPair, compared_pairs
from leaderboard.findings import finding
from leaderboard.lookup import Lookup, Place, lookup, of_columns, places
from leaderboard.pairs import matched_pairs
from leaderboard.scores import Board, Row
from leaderboard.statistics import Effect, RecipeEffects, Statistics
from leaderboard.text import NARROWEST, TextTable, plain, table_lines, without_isolates, wrapped
from leaderboard.words import MINUS, points, signed
from tasks.errors import UserError

_NONE = "-"
_OWN = "†"
_DECISIONS = {"significant": "significant", "not-detected": "no detectable difference", "untested": "not tested"}
_EFFECT_HEADS = ("points", "interval", "p", "adjusted", "")


def place_of(board: Board, column: str) -> Place:
    """The place that a column's name stands for: ``average``, ``group.NAME``, or a target.

    Raises:
        UserError: there is no such column.
    """
    place = next((place for place in places(board) if place.key == column), None)
    if place is None:
        known = ", ".join(place.key for place in places(board))
        raise UserError(f"there is no column {column!r}", where="--column", remedy=f"name one of {known}")
    return place


def statistics_summary(board: Board, statistics: Statistics, place: Place, width: int) -> str:
    """Format ranks, gains, pairs and means over pairs of one column, with methods and missing values.

    Args:
        board: the results.
        statistics: theirs.
        place: the column.
        width: the terminal's, in columns.
    """
    found = lookup(statistics, None, board)
    width = max(width, NARROWEST)
    lines = [plain(board.suite.title), f"Column: {plain(place.key)}, in points", ""]
    for part in (_ranks, _gains, _pairs, _pooled):
        lines += part(board, found, place, width)
    lines += _said(statistics, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table(heads: Sequence[str], rows: Sequence[tuple[str, tuple[str, ...]]], width: int) -> list[str]:
    return [*table_lines(TextTable(heads=tuple(heads), rows=tuple(rows)), width), ""]


def _ranks(board: Board, found: Lookup, place: Place, width: int) -> list[str]:
    ranking = found.ranking(place)
    if ranking is None:
        return ["Ranks: no row has a score in every target.", ""]
    rows = []
    for row in ranking.rows:
        estimate = found.estimate(row.backbone, row.recipe, place)
        bounds = None if estimate is None or estimate.low is None or estimate.high is None else estimate
        rows.append(
            (
                f"{row.backbone} / {row.recipe}",
                (
                    str(row.low) if row.low == row.high else f"{row.low}-{row.high}",
                    str(row.group),
                    points(row.value),
                    _NONE if bounds is None else f"{points(bounds.low or 0.0)} to {points(bounds.high or 0.0)}",
                ),
            )
        )
    told = f"{ranking.separable} of {ranking.neighbours} neighbours are told apart"
    head = f"Ranks of {len(ranking.rows)} complete rows of {len(board.rows)}; {told}"
    return [*wrapped(head, width), *_table(("rank", "tie group", "score", found.interval), rows, width)]


def _gains(board: Board, found: Lookup, place: Place, width: int) -> list[str]:
    rows = [
        (f"{row.backbone.name} / {row.recipe.name}", _effect(effect, own=_own(found, row, place)))
        for row in board.rows
        if (effect := found.gain(row.backbone.name, row.recipe.name, place)) is not None
    ]
    if not rows:
        return ["Gains over recipe none: there are none in this column.", ""]
    table = _table(_EFFECT_HEADS, rows, width)
    if any(cells[-1].endswith(_OWN) for _, cells in rows):
        table[-1:] = [*wrapped(f"{_OWN} the target's own training data: more training, no transfer", width), ""]
    return ["Gains over recipe none, same backbone", *table]


def _own(found: Lookup, row: Row, place: Place) -> bool:
    """Whether the recipe's tasks are the training data of the target that the column shows."""
    return place.kind == "target" and place.name in found.own.get((row.backbone.name, row.recipe.name), ())


def _pairs(board: Board, found: Lookup, place: Place, width: int) -> list[str]:
    lines: list[str] = []
    recipes, targets = ([one.name for one in some] for some in (board.suite.recipes, board.suite.targets))
    for pair in compared_pairs(board, matched_pairs(board), found):
        if pair.statistics is not None:
            sentence = without_isolates(finding(pair, recipes, targets, found.interval)).replace(MINUS, "-")
            lines += [*wrapped(plain(pair.title), width), *wrapped(plain(sentence), width)]
            lines += _table(_EFFECT_HEADS, tuple(_pair_rows(pair, place)), width)
    return lines


def _pair_rows(pair: ComparedPair, place: Place) -> Iterator[tuple[str, tuple[str, ...]]]:
    assert pair.statistics is not None
    named: tuple[tuple[str, tuple[RecipeEffects, ...]], ...] = (
        ("Code minus text under", pair.statistics.contrasts),
        ("Code adds to the gain of", pair.statistics.interactions),
    )
    for head, some in named:
        effects = [(one.recipe, of_columns(one.effects, place)) for one in some]
        if any(effect is not None for _, effect in effects):
            yield head, ()
            yield from ((f"  {recipe}", _effect(effect)) for recipe, effect in effects if effect is not None)


def _pooled(board: Board, found: Lookup, place: Place, width: int) -> list[str]:  # noqa: ARG001 (all parts alike)
    assert found.statistics is not None
    rows = []
    for one in found.statistics.pooled:
        mean = of_columns(one.effects, place)
        if mean is not None:
            what = "code minus text under" if one.measure == "contrast" else "code adds to the gain of"
            cells = (_signed(mean.value), f"{_signed(mean.low)} to {_signed(mean.high)}", f"{mean.p:.3g}")
            rows.append((f"{one.kind}, {what} {one.recipe}", (*cells, str(mean.pairs))))
    return ["Means over pairs", *_table(("points", found.interval, "p", "pairs"), rows, width)] if rows else []


def _effect(effect: Effect, *, own: bool = False) -> tuple[str, ...]:
    said = _DECISIONS[effect.decision] + (f" {_OWN}" if own else "")
    if effect.low is None or effect.high is None or effect.p is None or effect.adjusted is None:
        return (_signed(effect.value), _NONE, _NONE, _NONE, said)
    return (
        _signed(effect.value),
        f"{_signed(effect.low)} to {_signed(effect.high)}",
        f"{effect.p:.3g}",
        f"{effect.adjusted:.3g}",
        said,
    )


def _signed(value: float) -> str:
    return signed(value).replace(MINUS, "-")


def _said(statistics: Statistics, width: int) -> list[str]:
    method = statistics.method
    notes = [*method.words]
    notes += [f"{name}: {target.caution}" for name, target in method.targets.items() if target.caution]
    notes += [f"Missing: {one.what}, {one.where}. {one.why}" for one in statistics.missing]
    return [line for note in notes for line in wrapped(plain(note), width, indent=2)]
