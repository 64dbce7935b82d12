"""How often intervals hold the truth and tests find what is not there: a simulation of boards whose truth is known.

    python benchmarks/coverage.py [--runs 10000] [--resamples 1000] [--seed 1] [--first N] [--json FILE]
        [--out FILE] [--join FILE ...]

Every run draws a board: two backbones under four recipes, five targets in four languages, one or three seeds of
training. Whether an item is answered rightly depends on the row, the seed, how hard its unit, the item and the language
are, and on what the row, and each training of it, makes of the item: so rows are paired, items of a unit cluster, and
languages of a parallel target hold the same items, those of a partly parallel one some of the same units, as MLQA's do.
Then the project's own code draws intervals and tests. The full form (10,000 runs) takes about half an hour of one core;
``--runs 100`` shows the shape. ``--first`` shares the work among processes; ``--join`` adds up what they wrote. Bars:
95% intervals hold the truth in 93 to 97 of 100 runs, tests find nothing where nothing is in all but 5.5.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from leaderboard.stats.columns import Column, mean_of, target_columns
from leaderboard.stats.contrasts import Contrasts, contrasts_of
from leaderboard.stats.counts import Floats, LanguageCounts, Singles, TargetCounts
from leaderboard.stats.design import Backbone, Design, Recipe, Target
from leaderboard.stats.draws import generator, weights
from leaderboard.stats.testing import guarded, t_intervals

RECIPES = {"none": 0.0, "same": 0.0, "better": 0.3, "best": 0.6}  # gains on the latent scale
CODE = -0.2  # the code backbone's handicap
LANGUAGES = np.array([0.3, 0.0, -0.3, -0.6])  # how much easier each is
SEED = 0.15  # standard deviation of what a training makes of a row
UNIT, ITEM = 0.7, 0.7  # of how hard units and items are
ROW, TRAINING = 0.6, 0.4  # of what a row, and one training of it, makes of an item
NOISE = float(np.sqrt(UNIT**2 + ITEM**2 + ROW**2 + TRAINING**2))
FALSE = 0.6  # tagging: chunks predicted in the place of one missed
GOLD = 0.25  # bitext: sentences with a translation
BARE = 1.5  # bitext: how far above 0 a sentence without one must come to be mined
CLOSE = 0.5  # QA: how far below 0 an answer still shares words
BARS = {"coverage": (0.93, 0.97), "false": (0.0, 0.055)}

DESIGN = Design(
    suite="simulated",
    backbones=(
        Backbone(name="code", family="code", pair=("pair", "code")),
        Backbone(name="text", family="text", pair=("pair", "text")),
    ),
    recipes=tuple(Recipe(name=name, tasks=() if name == "none" else (name,)) for name in RECIPES),
    targets=(
        Target(name="any", group="qa", type="any", unit="any", languages=("a",), parallel=True, trained_on="any"),
    ),
    seeds=(1,),
)
ABILITIES = np.array([(CODE if backbone == "code" else 0.0) + RECIPES[recipe] for backbone, recipe in DESIGN.rows()])


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of target: how many items a unit has, whether languages share them, counts and truth from latents.

    ``held`` is the share of the joint units that each language has: below 1 where a target is parallel in part.
    """

    items: int
    parallel: bool
    held: float = 1.0
    counts: Callable[[np.random.Generator, Floats], tuple[Floats, Floats]]
    truth: Callable[[Floats], Floats]


def _accuracy(_: np.random.Generator, latent: Floats) -> tuple[Floats, Floats]:
    return (latent > 0).sum(axis=1).astype(float), np.full((len(latent), 1, 1), float(latent.shape[1]))


def _answers(_: np.random.Generator, latent: Floats) -> tuple[Floats, Floats]:
    """Exact match above 0; F1 of one half below it, if close."""
    exact, close = latent > 0, latent > -CLOSE
    return (0.75 * exact + 0.25 * close).sum(axis=1).astype(float), np.full((len(latent), 1, 1), float(latent.shape[1]))


def _tags(random: np.random.Generator, latent: Floats) -> tuple[Floats, Floats]:
    """Items are the gold chunks of a sentence, one to all of them; a missed one may have a false one in its place."""
    gold = random.integers(1, latent.shape[1] + 1, size=len(latent))
    there = (np.arange(latent.shape[1]) < gold[:, None])[:, :, None, None]
    found = there & (latent > 0)
    false = there & ~found & (random.random(latent.shape[:2])[:, :, None, None] < FALSE)
    tp = found.sum(axis=1).astype(float)
    return 2 * tp, (tp + false.sum(axis=1) + gold[:, None, None]).astype(float)


def _pairs(random: np.random.Generator, latent: Floats) -> tuple[Floats, Floats]:
    """One item a unit: a source sentence, with a translation or without; either can be mined."""
    gold = (random.random(len(latent)) < GOLD)[:, None, None]
    latent = latent[:, 0]
    tp, mined = gold & (latent > 0), np.where(gold, latent > 0, latent > BARE * NOISE)
    return 2.0 * tp, np.asarray(mined + gold.astype(float))


def _p(mean: Floats) -> Floats:
    return np.asarray(special.ndtr(mean / NOISE))


def _true_answers(mean: Floats) -> Floats:
    return np.asarray((_p(mean) + (_p(mean) + _p(mean + CLOSE)) / 2) / 2)


def _true_pairs(mean: Floats) -> Floats:
    mined = GOLD * _p(mean) + (1 - GOLD) * _p(mean - BARE * NOISE)
    return np.asarray(2 * GOLD * _p(mean) / (mined + GOLD))


KINDS = {
    "accuracy": Kind(items=3, parallel=True, counts=_accuracy, truth=_p),
    "tagging F1": Kind(
        items=6, parallel=False, counts=_tags, truth=lambda m: 2 * _p(m) / (1 + _p(m) + FALSE * (1 - _p(m)))
    ),
    "QA, EM and F1": Kind(items=3, parallel=True, counts=_answers, truth=_true_answers),
    "BUCC F1": Kind(items=1, parallel=False, counts=_pairs, truth=_true_pairs),
    "QA, partly parallel": Kind(items=3, parallel=True, held=0.6, counts=_answers, truth=_true_answers),
}
AVERAGED = 4  # of the kinds, the first so many make the average


def simulate(
    kind: Kind, units: int, seeds: int, *, spread: float, random: np.random.Generator
) -> tuple[TargetCounts, Floats]:
    """A target's counts, and the true scores: (languages, rows).

    With one seed truth is that of the trainings at hand; with more it is the mean over all trainings there could be.
    """
    rows = len(ABILITIES)
    trainings = ABILITIES[:, None] + spread * random.standard_normal((rows, seeds))
    size = round(units / kind.held)  # joint units, so that each language has ``units`` of them
    shape = (units, kind.items)
    shared = _hardness(random, (size, kind.items))
    languages = []
    for number, ease in enumerate(LANGUAGES):
        held = np.arange(units) if size == units else np.sort(random.choice(size, units, replace=False))
        hardness = shared[held] if kind.parallel else _hardness(random, shape)
        own = ROW * random.standard_normal((*shape, rows), dtype=np.float32)
        once = TRAINING * random.standard_normal((*shape, rows, seeds), dtype=np.float32)
        latent = trainings + ease + hardness[:, :, None, None] + own[..., None] + once
        top, bottom = kind.counts(random, latent)
        languages.append(
            LanguageCounts(
                language=str(number),
                units=held,
                total=units,
                top=top.astype(np.float32),
                bottom=bottom.astype(np.float32),
            )
        )
    target = TargetCounts(
        name="target",
        joint=kind.parallel,
        size=size,
        present=np.ones(rows, dtype=np.bool_),
        languages=tuple(languages),
    )
    return target, _truth(kind, trainings, seeds, spread)


def _hardness(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return UNIT * random.standard_normal((shape[0], 1)) + ITEM * random.standard_normal(shape)


def _truth(kind: Kind, trainings: Floats, seeds: int, spread: float) -> Floats:
    if seeds == 1:
        return np.array([kind.truth(trainings[:, 0] + ease) for ease in LANGUAGES])
    nodes, shares = np.polynomial.hermite_e.hermegauss(9)
    shares = shares / shares.sum()
    return np.array(
        [sum(share * kind.truth(ABILITIES + ease + spread * node) for node, share in zip(nodes, shares, strict=True))
         for ease in LANGUAGES]
    )  # fmt: skip


class OneDraw:
    """The weights of one run, drawn once a size and not once a language.

    Variances of languages and targets that hold other items are added up, never taken from draws in common; so nothing
    counted here changes, and half of the time is saved. Every run has weights of its own.
    """

    def __init__(self) -> None:
        self.run: tuple[int, ...] = ()
        self._drawn: dict[tuple[int, ...], Singles] = {}

    def __call__(
        self, _: np.random.Generator, resamples: int, units: int, total: int | None = None
    ) -> Iterable[Singles]:
        name = (*self.run, resamples, units, total or units)
        if name not in self._drawn:
            self._drawn = {name: np.concatenate(list(weights(generator(0, *map(str, name)), resamples, units, total)))}
        return [self._drawn[name]]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Hits and chances by what was asked."""

    hits: dict[tuple[str, ...], int]
    chances: dict[tuple[str, ...], int]

    def add(self, name: tuple[str, ...], found: Any) -> None:
        self.hits[name] += int(np.sum(found))
        self.chances[name] += int(np.size(found))

    def take(self, records: list[dict[str, Any]]) -> None:
        """Add what other runs counted, as :meth:`lines` says it."""
        for one in records:
            name = (one["units"], one["seeds"], one["column"], one["quantity"], one["measure"])
            self.hits[name] += round(one["share"] * one["chances"])
            self.chances[name] += one["chances"]

    def lines(self) -> Iterator[dict[str, Any]]:
        """One record for each size, number of seeds, column and quantity."""
        for name in self.hits:
            *where, quantity, measure = name
            share = self.hits[name] / self.chances[name]
            low, high = BARS[measure]
            # At the bar; the chances of one run hang together, so runs are counted.
            runs = self.chances[(*where, "score", "coverage")] / len(ABILITIES)
            error = max(np.sqrt(bar * (1 - bar) / runs) for bar in (low, high))
            missed = max(low - share, share - high)
            yield {
                "units": where[0], "seeds": where[1], "column": where[2], "quantity": quantity, "measure": measure,
                "share": share, "chances": self.chances[name], "held": bool(missed <= 0),
                "clear": bool(abs(missed) > 2 * error),
            }  # fmt: skip


def judge(tally: Tally, where: tuple[str, str, str], column: Column, truth: Floats, contrasts: Contrasts) -> None:
    """Count what one column's intervals and tests got right."""
    seeds = column.per_seed.shape[1]
    values = np.concatenate([column.values, contrasts.of(column.values)])
    trained = np.concatenate([column.shares, contrasts.squares(column.shares)])
    found = t_intervals(
        values, column.variance, column.df, seeds=column.seeds(), squares=trained, number=seeds, confidence=0.95
    )
    right = np.concatenate([truth, contrasts.of(truth)])
    inside = (found.low <= right) & (right <= found.high)
    rows = len(truth)
    tally.add((*where, "score", "coverage"), inside[:rows])
    measures = np.array([one.measure for one in contrasts.items])
    for measure in ("gain", "interaction"):
        tally.add((*where, measure, "coverage"), inside[rows:][measures == measure])
    # Nothing is to be found in the gain of a recipe that adds nothing, nor where both twins gain the same.
    p = guarded(found.p[rows:], column, flips=2000, seed=1)
    nothing = np.abs(right[rows:]) < 1e-9
    for measure in ("gain", "interaction"):
        if (chosen := nothing & (measures == measure)).any():
            tally.add((*where, measure, "false"), p[chosen] < 0.05)


def run(units: int, seeds: int, number: int, *, resamples: int, seed: int, tally: Tally, draw: OneDraw) -> None:
    """One board: five targets, one language of two of them, and the average of the first four."""
    contrasts = contrasts_of(DESIGN)
    trained = np.ones(len(ABILITIES), dtype=np.bool_)
    random = np.random.default_rng([seed, units, seeds, number])
    # With one seed nothing is claimed of training again: truth is what these trainings reach, and they are all equal.
    spread = 0.0 if seeds == 1 else SEED
    columns, truths = [], []
    for name, kind in KINDS.items():
        target, truth = simulate(kind, units, seeds, spread=spread, random=random)
        column, languages = target_columns(target, trained, contrasts, resamples=resamples, seed=number, drawer=draw)
        columns.append(column)
        truths.append(truth.mean(axis=0))
        judge(tally, (str(units), str(seeds), name), column, truths[-1], contrasts)
        if name in ("accuracy", "tagging F1"):
            judge(tally, (str(units), str(seeds), f"{name}, one language"), languages["0"], truth[0], contrasts)
    columns, truths = columns[:AVERAGED], truths[:AVERAGED]
    draws = sum(column.draws for column in columns if column.draws is not None)
    average = mean_of(columns, np.asarray(draws) / len(columns))
    judge(tally, (str(units), str(seeds), "average of four"), average, np.mean(truths, axis=0), contrasts)


def table(records: list[dict[str, Any]]) -> str:
    """Markdown: a line for each size, number of seeds and column.

    (!) a bar is missed; (~) by less than twice the error of so many runs.
    """
    shown = ["score coverage", "gain coverage", "interaction coverage", "gain false", "interaction false"]
    lines: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    runs: dict[tuple[str, str, str], str] = {}
    for one in records:
        line, cell = (one["units"], one["seeds"], one["column"]), f"{one['quantity']} {one['measure']}"
        lines[line][cell] = f"{100 * one['share']:.1f}{'' if one['held'] else ' (!)' if one['clear'] else ' (~)'}"
        if cell == shown[0]:
            runs[line] = f"{one['chances'] // len(ABILITIES):,}"
    head = ["units", "seeds", "column", "score", "gain", "interaction", "gain found", "interaction found", "runs"]
    text = [" | ".join(head), " | ".join(["---"] * len(head))]
    text += [" | ".join([*at, *(cells.get(name, "") for name in shown), runs[at]]) for at, cells in lines.items()]
    return "".join(f"| {line} |\n" for line in text)


def simulate_all(arguments: argparse.Namespace, tally: Tally) -> None:
    """All sizes and numbers of seeds, with what is done so far in the files after each."""
    draw = OneDraw()
    for units in arguments.units:
        for seeds in arguments.seeds:
            start = told = time.monotonic()
            for number in range(arguments.first, arguments.first + arguments.runs):
                draw.run = (arguments.seed, units, seeds, number)
                run(units, seeds, number, resamples=arguments.resamples, seed=arguments.seed, tally=tally, draw=draw)
                if time.monotonic() - told > 10:
                    told, done = time.monotonic(), number + 1 - arguments.first
                    left = (told - start) / done * (arguments.runs - done)
                    print(f"{units} units, {seeds} seeds: run {done:,}, {left:.0f} s left", file=sys.stderr)
            write(arguments, tally)


def write(arguments: argparse.Namespace, tally: Tally) -> list[dict[str, Any]]:
    """The files that are asked for; returns all records."""
    records = list(tally.lines())
    if arguments.out:
        arguments.out.write_text(table(records), encoding="utf-8")
    if arguments.json:
        arguments.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    return records


def main() -> int:
    """Simulate, and say which bars are held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first run: parts of the work, added by --join"
    )
    parser.add_argument("--join", type=Path, nargs="+", help="add up what --json wrote of other runs, simulate nothing")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--units", type=int, nargs="+", default=[20, 60, 300])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--json", type=Path, help="write every share here")
    parser.add_argument("--out", type=Path, help="write the table here")
    arguments = parser.parse_args()
    tally = Tally(hits=defaultdict(int), chances=defaultdict(int))
    if arguments.join:
        for path in arguments.join:
            tally.take(json.loads(path.read_text(encoding="utf-8")))
    else:
        simulate_all(arguments, tally)
    records = write(arguments, tally)
    print(table(records))
    return 0 if all(one["held"] for one in records) else 1


if __name__ == "__main__":
    sys.exit(main())
