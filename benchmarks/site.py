"""Build the pages of a simulated board and tell how long it takes, how heavy they are, and how soon one is painted.

    python benchmarks/site.py [--rows 1000] [--languages 40] [--workers N] [--keep FOLDER] [--browser]

The board has nine targets, every one in all languages, matched pairs of backbones, twenty recipes, statistics for every
cell, and provenance as long as a real run's. All numbers are drawn from a seeded generator and mean nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.provenance import browser
from leaderboard.lookup import places
from leaderboard.read import read_results
from leaderboard.results import SuiteGrid
from leaderboard.scores import build_board
from leaderboard.site import Extras, build_site
from leaderboard.writer import cores

HEAVIEST = 2_000_000
TARGETS = {
    "xnli": ("classification", "accuracy"), "pawsx": ("classification", "accuracy"), "udpos": ("tagging", "f1"),
    "panx": ("tagging", "f1"), "xquad": ("qa", "f1"), "mlqa": ("qa", "f1"), "tydiqa": ("qa", "f1"),
    "bucc2018": ("retrieval", "f1"), "tatoeba": ("retrieval", "accuracy"),
}  # fmt: skip
CODES = [
    "en",
    "af",
    "ar",
    "bg",
    "bn",
    "de",
    "el",
    "es",
    "et",
    "eu",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "id",
    "it",
    "ja",
    "jv",
    "ka",
    "kk",
    "ko",
    "ml",
    "mr",
    "ms",
    "my",
    "nl",
    "pt",
    "ru",
    "sw",
    "ta",
    "te",
    "th",
    "tl",
    "tr",
    "ur",
    "vi",
    "yo",
    "zh",
]
TASKS = ("anli", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa")


def recipes() -> list[dict[str, Any]]:
    """None, nine tasks, each with +mlm, and all of them together: twenty."""
    found = [{"name": "none", "title": "none", "tasks": [], "training": "standard"}]
    for suffix in ("", "+mlm"):
        found += [{"name": task + suffix, "title": task, "tasks": [task], "training": "standard"} for task in TASKS]
    return [*found, {"name": "multitask", "title": "all nine", "tasks": list(TASKS), "training": "standard"}]


def suite(rows: int, codes: list[str]) -> dict[str, Any]:
    """The grid: as many pairs of backbones as make that many rows."""
    backbones = math.ceil(rows / len(recipes()))
    return {
        "schema": "codestilts.suite-grid/1",
        "name": "simulated",
        "title": "A simulated board",
        "description": "Numbers from a random generator, to measure the building of pages.",
        "miniature": True,
        "backbones": [
            {
                "name": f"backbone-{place // 2:03d}+{side}",
                "title": f"Simulated backbone {place // 2}, {side} side",
                "family": side,
                "saw": [],
                "pair": {"name": f"pair-{place // 2:03d}", "side": side},
                "initialised_from": None,
                "architecture": "BERT",
                "layers": 12,
                "hidden_size": 768,
                "parameters": 100_000_000 + place,
                "source": "simulated",
            }
            for place, side in ((place, ("code", "text")[place % 2]) for place in range(backbones))
        ],
        "recipes": recipes(),
        "targets": [
            {
                "name": name,
                "title": name,
                "group": group,
                "type": "any",
                "metric": metric,
                "resampling_unit": "item",
                "languages": codes,
                "all_languages": codes,
                "parallel": True,
                "trained_on": None if group == "retrieval" else name,
                "scored_split": "test",
            }
            for name, (group, metric) in TARGETS.items()
        ],
        "seeds": [1],
        "notes": [],
    }


def stage(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """One stage's provenance, as long as a real one."""
    return {
        "stage": name, "key": rng.bytes(32).hex(), "digest": rng.bytes(32).hex(), "seed": 1,
        "environment": {"base": "local", "device": "cpu", "lock": "0" * 64, "precision": "fp32", "threads": 1},
        "seconds": float(rng.uniform(1, 9000)), "peak_memory": 10**9, "runner": "local", "cpu": "simulated",
        "cpu_capability": "none", "gpu": None, "git": {"commit": "0" * 40, "dirty": False},
        "versions": {f"package-{number}": "1.0" for number in range(12)},
    }  # fmt: skip


def write(path: Path, record: Any) -> None:
    """Write JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")


def simulate(folder: Path, rows: int, codes: list[str]) -> None:
    """Write the results folder."""
    rng = np.random.default_rng(7)
    grid = suite(rows, codes)
    write(folder / "suite.json", grid)
    shared = [stage(f"prepare/rows/{name}", rng) for name in TARGETS]
    for backbone in grid["backbones"]:
        below = [stage(f"{phase}/{backbone['name']}", rng) for phase in ("convert", "pretrain")]
        for recipe in grid["recipes"]:
            row = f"{backbone['name']}/{recipe['name']}"
            middle = [stage(f"intermediate/{row}/s1", rng)] if recipe["tasks"] else []
            for target, (group, metric) in TARGETS.items():
                last = ["retrieve"] if group == "retrieval" else ["finetune", "predict"]
                chain = [*shared[:3], *below, *middle]
                chain += [stage(f"{phase}/{row}/{target}/s1", rng) for phase in (*last, "score")]
                write(folder / row / f"{target}-s1.json", result(rng, backbone, recipe, target, metric, codes, chain))
    write_statistics(folder, rng)


def result(
    rng: np.random.Generator,
    backbone: dict[str, Any],
    recipe: dict[str, Any],
    target: str,
    metric: str,
    codes: list[str],
    chain: list[dict[str, Any]],
) -> dict[str, Any]:
    """One result file."""
    scores = rng.uniform(0.3, 0.9, len(codes)).tolist()
    details: dict[str, Any] = {
        "best_epoch": 2,
        "finetune": {"steps": 1000, "loss_curve": rng.uniform(0, 3, (40, 2)).tolist()},
    }
    if TARGETS[target][0] == "retrieval":
        details |= {
            "layer": 7, "layers": 12, "pooling": "mean", "rule": "dev", "chosen_on": {"languages": 70, "score": 0.5},
            "curve": {name: rng.uniform(0.2, 0.8, 13).tolist() for name in ("mean", "first", "mean-no-special")},
        }  # fmt: skip
    return {
        "schema": "codestilts.result/1", "suite": "simulated", "backbone": backbone["name"], "recipe": recipe["name"],
        "target": target, "seed": 1, "score": sum(scores) / len(scores),
        "languages": {
            code: {"score": score, "metrics": {metric: score, "other": score / 2}, "rows": 1000, "units": 1000,
                   "baseline": 0.3, "unknown": 0.01, "truncated": 0.02, "fertility": 1.7}
            for code, score in zip(codes, scores, strict=True)
        },
        "marks": [], "details": details, "provenance": {"stages": chain},
    }  # fmt: skip


def effect(rng: np.random.Generator) -> dict[str, Any]:
    """A difference with its test."""
    value, p = float(rng.normal(0, 0.02)), float(rng.uniform())
    return {
        "value": value, "se": 0.01, "low": value - 0.02, "high": value + 0.02, "p": p, "adjusted": p,
        "family": "simulated",
        "decision": "significant" if p < 0.05 else "not-detected",
    }  # fmt: skip


def write_statistics(folder: Path, rng: np.random.Generator) -> None:
    """Statistics of every row, gain, pair and language."""
    board = build_board(read_results(folder))
    columns = places(board)
    grid: SuiteGrid = board.suite
    names = [(row.backbone.name, row.recipe.name) for row in board.rows]

    def over(make: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"groups": {}, "targets": {}}
        for place in columns:
            if place.kind == "average":
                found["average"] = make()
            else:
                found[f"{place.kind}s"][place.name] = make()
        return found

    def estimate() -> dict[str, Any]:
        value = float(rng.uniform(0.4, 0.8))
        return {"value": value, "se": 0.01, "low": value - 0.02, "high": value + 0.02}

    def by_language(make: Any) -> dict[str, Any]:
        return {target.name: {code: make() for code in target.languages} for target in grid.targets}

    averages = sorted(
        ((row.scores.average.value or 0.0, name) for row, name in zip(board.rows, names, strict=True)), reverse=True
    )
    ranking = {
        "rows": [
            {"backbone": backbone, "recipe": recipe, "value": value, "rank": place, "low": max(1, place - 9),
             "high": min(len(names), place + 9), "group": 1 + place // 10, "separable": place % 10 == 0}
            for place, (value, (backbone, recipe)) in enumerate(averages, start=1)
        ],
        "neighbours": len(names) - 1, "separable": len(names) // 10, "kind": "items",
    }  # fmt: skip
    pairs = sorted({backbone.pair.name for backbone in grid.backbones if backbone.pair})
    others = [recipe.name for recipe in grid.recipes if recipe.name != "none"]
    matched = [
        {"name": pair, "kind": "matched", "code": f"backbone-{pair[5:]}+code", "text": f"backbone-{pair[5:]}+text"}
        for pair in pairs
        if f"backbone-{pair[5:]}+text" in {backbone.name for backbone in grid.backbones}
    ]

    def effects() -> dict[str, Any]:
        return over(lambda: effect(rng))

    write(folder / "statistics.json", {
        "schema": "codestilts.statistics/1", "suite": grid.name,
        "method": {"confidence": 0.95, "level": 0.05, "resamples": 1000, "flips": 100000, "seed": 1, "seeds": [1],
                   "kind": "items", "words": ["Simulated numbers."], "targets": {}},
        "rows": [{"backbone": b, "recipe": r, "scores": over(estimate)} for b, r in names],
        "gains": [{"backbone": b, "recipe": r, "effects": effects()} for b, r in names if r != "none"],
        "pairs": [
            pair | {"contrasts": [{"recipe": recipe.name, "effects": effects()} for recipe in grid.recipes],
                    "interactions": [{"recipe": name, "effects": effects()} for name in others]}
            for pair in matched
        ],
        "ranks": {"average": ranking}, "families": {},
    })  # fmt: skip
    write(folder / "statistics.languages.json", {
        "schema": "codestilts.language-statistics/1", "suite": grid.name,
        "rows": [{"backbone": b, "recipe": r, "scores": by_language(estimate)} for b, r in names],
        "gains": [],
        "pairs": [
            {"name": pair["name"], "kind": "matched",
             "contrasts": [{"recipe": "none", "effects": by_language(lambda: effect(rng))}], "interactions": []}
            for pair in matched
        ],
        "families": {},
    })  # fmt: skip


def painted(page: Path) -> float | None:
    """Seconds to the first contentful paint of a page from disk, the median of five; None without a browser."""
    found = browser()
    if found is None:
        return None
    observer = (
        "<script>addEventListener('load',()=>setTimeout(()=>{document.title='PAINT '+"
        "performance.getEntriesByName('first-contentful-paint').map(e=>e.startTime)},200))</script>"
    )
    text = page.read_text(encoding="utf-8")
    policy = text.index("<meta http-equiv")
    copy = page.with_name("painted.html")
    # The page's own policy allows no foreign script; the copy that is measured goes without it.
    copy.write_text(
        text[:policy] + text[text.index(">", policy) + 1 :].replace("</body>", observer + "</body>"), "utf-8"
    )
    times = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as profile:
            command = [
                str(found), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--no-first-run", f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom",
                copy.as_uri(),
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        title = done.stdout.partition("<title>PAINT ")[2].partition("</title>")[0]
        if title:
            times.append(float(title) / 1000)
    copy.unlink()
    return statistics.median(times) if times else None


def processors() -> float:
    """Seconds of processors that this process and those that it began have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    """Simulate, build, measure, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1000)
    options.add_argument("--languages", type=int, default=40)
    options.add_argument("--workers", type=int, default=0, help="processes; as many as there are cores if not given")
    options.add_argument("--keep", type=Path, help="folder to leave results and site in")
    options.add_argument("--browser", action="store_true", help="also measure the first paint of the first page")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = given.keep or Path(scratch)
        if not (root / "results" / "suite.json").is_file():
            print("simulating", flush=True)
            simulate(root / "results", given.rows, CODES[: given.languages])
        began, before = time.perf_counter(), processors()
        report = build_site(root / "results", root / "site", Extras(workers=given.workers))
        wall, busy = time.perf_counter() - began, processors() - before
        files = sorted((root / "site").iterdir(), key=lambda path: -path.stat().st_size)
        pages = [path for path in files if path.suffix == ".html"]
        heavy = [path.name for path in pages if path.stat().st_size > HEAVIEST]
        print(f"{given.rows} rows, {len(TARGETS)} targets, {given.languages} languages: {len(report.pages)} pages")
        print(f"built in {wall:.1f} s, {busy:.1f} s of processors, by {given.workers or cores()} processes")
        most = [resource.getrusage(who).ru_maxrss / 2**20 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(f"memory at most {most[0]:.2f} GiB, of a copy {most[1]:.2f} GiB (most of it shared)")
        print(f"site {sum(path.stat().st_size for path in files) / 1e6:.0f} MB in {len(files)} files")
        for path in pages[:6]:
            print(f"  {path.stat().st_size / 1e6:.2f} MB {path.name}")
        print(f"pages over {HEAVIEST / 1e6:.0f} MB: {', '.join(heavy) or 'none'}")
        if given.browser:
            for name in ("index.html", pages[0].name):
                seconds = painted(root / "site" / name)
                print(f"first paint of {name}: {'no browser' if seconds is None else f'{seconds:.2f} s'}")


if __name__ == "__main__":
    main()
