"""Statistics of a large board: seconds, memory, and the time of ``scipy.stats.bootstrap`` beside them.

    python benchmarks/bootstrap.py [--rows 1000] [--languages 40] [--units 1000] [--resamples 1000] [--targets NAME ...]

The board has matched pairs of backbones under twenty recipes, and targets of three kinds: items that all languages
share (accuracy), sentences of each language's own (F1), and paragraphs (exact match and F1). Counts are drawn and
handed over in memory, as the phase ``stats`` hands them over target by target; then every interval, test and rank of
the board is computed and written. Reading is timed on a few cells and scaled to all. So is the peer, which draws the
scores of single rows in single languages, with neither differences nor means over languages. Numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as peer

from leaderboard.collection import uncollected
from leaderboard.results import UNITS_SCHEMA
from leaderboard.stats.board import Board
from leaderboard.stats.compute import read_units, write
from leaderboard.stats.counts import CountsBuilder, LanguageCounts, TargetCounts, top_and_bottom
from leaderboard.stats.design import Backbone, Design, Recipe, Target
from leaderboard.stats.effects import Place
from leaderboard.stats.report import Reporter
from leaderboard.stats.settings import Settings

RECIPES = 20
KINDS = {"xnli": "accuracy", "pawsx": "accuracy", "udpos": "f1", "panx": "f1", "xquad": "squad", "mlqa": "squad",
         "tydiqa": "squad", "bucc2018": "f1", "tatoeba": "accuracy"}  # fmt: skip
GROUPS = {"accuracy": "classification", "f1": "tagging", "squad": "qa"}
SINGLES = 12  # rows in single languages that the peer is timed on
CELLS = 10  # that reading is timed on
COLUMNS = {"accuracy": ("correct", "rows"), "f1": ("tp", "predicted", "gold"), "squad": ("exact_match", "f1", "rows")}


def design(rows: int, languages: int, targets: Sequence[str]) -> Design:
    """As many pairs of backbones as make that many rows."""
    sides = ("code", "text")
    recipes = tuple(Recipe(name=name, tasks=() if name == "none" else (name,)) for name in
                    ("none", *(f"task-{number}" for number in range(1, min(RECIPES, rows)))))  # fmt: skip
    backbones = tuple(
        Backbone(name=f"b{place // 2:03d}+{sides[place % 2]}", family=sides[place % 2],  # type: ignore[arg-type]
                 pair=(f"b{place // 2:03d}", sides[place % 2]))  # type: ignore[arg-type]
        for place in range(max(1, rows // len(recipes)))
    )  # fmt: skip
    codes = tuple(f"l{number:02d}" for number in range(languages))
    return Design(
        suite="simulated",
        backbones=backbones,
        recipes=recipes,
        targets=tuple(
            Target(name=name, group=GROUPS[KINDS[name]], type="any", unit="item", languages=codes,  # type: ignore[arg-type]
                   parallel=KINDS[name] != "f1", trained_on=name)
            for name in targets
        ),
        seeds=(1,),
    )  # fmt: skip


def counts(target: Target, rows: int, units: int) -> TargetCounts:
    """A target's counts: rows differ, units differ in how hard they are."""
    random = np.random.default_rng([7, len(target.name), ord(target.name[0])])
    kind = KINDS[target.name]
    ability = random.uniform(0.4, 0.8, rows).astype(np.float32)
    languages = []
    for language in target.languages:
        hard = random.uniform(-0.3, 0.3, (units, 1)).astype(np.float32)
        right = (random.random((units, rows), dtype=np.float32) < ability + hard).astype(np.float32)[..., None]
        if kind == "f1":
            gold = random.integers(1, 6, (units, 1, 1)).astype(np.float32)
            top, bottom = 2 * right * gold, gold + gold * right + random.integers(0, 2, right.shape).astype(np.float32)
        else:
            top, bottom = right, np.ones((units, 1, 1), dtype=np.float32)
        languages.append(LanguageCounts(language=language, units=np.arange(units), total=units, top=top, bottom=bottom))
    return TargetCounts(
        name=target.name,
        joint=target.joint,
        size=units if target.joint else units * len(languages),
        present=np.ones(rows, dtype=np.bool_),
        languages=tuple(languages),
    )


class Clock:
    """Wall and processor seconds by what was done."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.processor: dict[str, float] = {}

    def of(self, name: str, work: Callable[[], Any]) -> Any:
        """Do the work, and add up its time under the name."""
        began, before = time.perf_counter(), time.process_time()
        found = work()
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - began
        self.processor[name] = self.processor.get(name, 0.0) + time.process_time() - before
        return found


def reading_seconds(target: Target, units: int, folder: Path) -> float:
    """Processor seconds to read one cell's counts and take them into arrays."""
    random = np.random.default_rng(11)
    kind = KINDS[target.name]
    builder = CountsBuilder(name=target.name, languages=target.languages, joint=target.joint, rows=CELLS, seeds=1)
    paths, scores = [], []
    for cell in range(CELLS):
        values = {language: random.integers(0, 3, (units, len(COLUMNS[kind]))) for language in target.languages}
        path = folder / f"{target.name}-{cell}.units.json"
        record = {
            "schema": UNITS_SCHEMA,
            "columns": COLUMNS[kind],
            "languages": {
                language: {f"{number:05d}": line for number, line in enumerate(lines.tolist())}
                for language, lines in values.items()
            },
        }
        path.write_text(json.dumps(record), encoding="utf-8")
        paths.append(path)
        parts = {language: top_and_bottom(COLUMNS[kind], lines.astype(float)) for language, lines in values.items()}
        scores.append({language: float(top.sum() / bottom.sum()) for language, (top, bottom) in parts.items()})
    began = time.process_time()
    for cell, (path, said) in enumerate(zip(paths, scores, strict=True)):
        builder.add(cell, 0, read_units(folder, path), said, where=str(path))
    return (time.process_time() - began) / CELLS


def peer_seconds(found: TargetCounts, board: Board, resamples: int) -> tuple[float, float]:
    """What scipy.stats.bootstrap takes for one row in one language, and how far its standard errors are from ours."""
    one = found.languages[0]
    column = board.columns[Place("languages", found.name, one.language)].column

    def score(top: Any, bottom: Any, axis: int = -1) -> Any:
        return top.sum(axis=axis) / bottom.sum(axis=axis)

    apart, began = 0.0, time.process_time()
    for row in range(SINGLES):
        sides = one.top[:, row, 0], np.broadcast_to(one.bottom, one.top.shape)[:, row, 0]
        random = np.random.default_rng(row)
        drawn = peer.bootstrap(
            sides, score, paired=True, vectorized=True, n_resamples=resamples, method="percentile", rng=random
        )
        apart = max(apart, abs(float(drawn.standard_error) / float(np.sqrt(column.variance[row])) - 1))
    return (time.process_time() - began) / SINGLES, apart


def main() -> int:
    """Draw, compute, write, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--languages", type=int, default=40)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--targets", nargs="+", choices=tuple(KINDS), default=["xnli"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with uncollected():
        return measure(given)


def measure(given: argparse.Namespace) -> int:
    """All of it, on the clock."""
    grid = design(given.rows, given.languages, given.targets)
    rows = len(grid.rows())
    clock, board = Clock(), Board(grid, Settings(resamples=given.resamples))
    single = apart = reading = 0.0
    for target in grid.targets:
        found = counts(target, rows, given.units)  # not on the clock: a phase reads them
        clock.of(f"{target.name}: draws and tests", lambda found=found: board.add(found))
        with tempfile.TemporaryDirectory() as folder:
            reading += reading_seconds(target, given.units, Path(folder)) * rows
        if target is grid.targets[0]:
            single, apart = peer_seconds(found, board, given.resamples)
    clock.of("means over targets", board.close)
    teller = clock.of("families", lambda: Reporter(board))
    statistics = clock.of("ranks, pooling, and all but languages told", lambda: teller.statistics({}))
    languages = clock.of("languages told", teller.languages)
    with tempfile.TemporaryDirectory() as folder:
        clock.of("written", lambda: write(statistics, languages, Path(folder)))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    ours = sum(clock.processor.values())
    theirs = single * rows * given.languages * len(grid.targets)
    record = {
        "rows": rows, "languages": given.languages, "units": given.units, "resamples": given.resamples,
        "targets": [target.name for target in grid.targets], "contrasts": len(board.contrasts),
        "wall_seconds": sum(clock.wall.values()), "processor_seconds": ours,
        "parts": clock.processor,
        "reading_seconds_scaled": reading, "peer_seconds_scaled": theirs, "ratio": ours / theirs,
        "standard_errors_apart": apart,
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "megabytes_written": size / 1e6,
    }  # fmt: skip
    if given.json:
        print(json.dumps(record, indent=1))
        return 0
    for name, seconds in clock.processor.items():
        print(f"{seconds:8.2f} s  {name}")
    print(f"{ours:8.2f} s  of one processor in all, {record['wall_seconds']:.2f} s of wall time, for {rows:,} rows, "
          f"{given.languages} languages, {len(grid.targets)} targets, {record['contrasts']:,} differences, "
          f"{given.resamples:,} resamples")  # fmt: skip
    print(f"{reading:8.2f} s  more to read the counts, scaled from {CELLS} cells a target")
    print(f"memory at most {record['memory_mib']:,.0f} MiB, {size / 1e6:.1f} MB written")
    print(f"scipy.stats.bootstrap: {theirs:,.0f} s for the scores alone, scaled; ratio {ours / theirs:.4f}; "
          f"standard errors within {100 * apart:.1f} % of its")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
