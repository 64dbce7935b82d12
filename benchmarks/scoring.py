"""``codestilts score`` beside XTREME's evaluate.py: the same scores, and the time of both.

    python benchmarks/scoring.py --reference DIR [--rows 100000] [--seed 1] [--json]

DIR holds evaluate.py and ``third_party`` (a checkout of google-research/xtreme); what it needs (seqeval 0.0.12) must be
importable, for instance by PYTHONPATH. Labels and noisy predictions of all nine tasks in all languages are drawn, about
``--rows`` predictions in all, with odd tag sequences, repeated pairs and answers in every script of the tasks;
then both run as commands. Shown are for each task the cells (metrics by language, and means) and the largest difference
between the two, then the time of both, by the clock and of the processor (which counts on a machine in use).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.results.xtreme.layout import XtremeTask, xtreme_tasks

_UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM",
    "VERB", "X",
)  # fmt: skip
_TAGS = {"panx": ("O", "O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"), "udpos": _UPOS}
_LABELS = {"xnli": ["entailment", "neutral", "contradiction"], "pawsx": ["0", "1"]}
_WORDS = (
    "the", "a", "an", "of", "der", "die", "el", "la", "ال", "的", "中国", "2019", "twenty-one", "Paris,", "O'Neill",
    "«x»", "và", "là", "कि", "ประเทศ", "서울", "(UN)", "1.5", "؟",
)  # fmt: skip

CLOCKS = ("by the clock", "of the processor")


def main() -> int:
    """Draw, score twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    files = sum(len(task.languages) for task in xtreme_tasks().values())
    rows = max(1, arguments.rows // files)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task in xtreme_tasks().values():
            for language in task.languages:
                write(folder, task, language, rows, random.Random(f"{arguments.seed} {task.name} {language}"))  # noqa: S311
        sides = [f"{folder}/predictions", f"{folder}/labels"]
        theirs, their_seconds = _run(
            [arguments.reference / "evaluate.py", f"--prediction_folder={sides[0]}", f"--label_folder={sides[1]}"],
            folder / "theirs.json",
        )
        ours, our_seconds = _run(
            ["-m", "harness.cli", "score", f"--predictions={sides[0]}", f"--labels={sides[1]}", "--json"], None
        )
    left, right = dict(_flat(theirs)), dict(_flat(ours))
    apart = {key: abs(left[key] - right[key]) for key in left.keys() & right.keys()}
    largest = max(apart.values())
    agrees = left.keys() == right.keys() and largest < 1e-9
    record = {
        "predictions": rows * files,
        "cells": len(left),
        "keys_that_differ": len(left.keys() ^ right.keys()),
        "largest_difference": largest,
        "evaluate_seconds": dict(zip(CLOCKS, their_seconds, strict=True)),
        "score_seconds": dict(zip(CLOCKS, our_seconds, strict=True)),
    }
    print(f"{'task':14} {'languages':>9} {'predictions':>11} {'cells':>5} {'largest difference':>18}")
    for name in [*xtreme_tasks(), *sorted({key[0] for key in left} - xtreme_tasks().keys())]:
        own = [value for key, value in apart.items() if key[0] == name]
        count = len(xtreme_tasks()[name].languages) if name in xtreme_tasks() else 0
        print(f"{name:14} {count or '':>9} {count * rows or '':>11} {len(own):5} {max(own):18.1e}")
    print(f"{rows * files:,} predictions, {len(left)} cells, largest difference {largest:.1e}")
    for clock, theirs_took, ours_took in zip(CLOCKS, their_seconds, our_seconds, strict=True):
        ratio = theirs_took / ours_took
        print(
            f"{clock}: evaluate.py {theirs_took:.2f} s, codestilts score {ours_took:.2f} s: {ratio:.1f} times as fast"
        )
    if arguments.json:
        print(json.dumps(record, indent=1))
    return 0 if agrees else 1


def _run(command: list[Any], out: Path | None) -> tuple[dict[str, Any], tuple[float, float]]:
    if out is not None:
        command = [*command, f"--output_file={out}"]
    start, busy = time.perf_counter(), _busy()
    done = subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start, _busy() - busy
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8") if out is not None else done.stdout)
    return found, seconds


def _busy() -> float:
    """Processor seconds of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write(folder: Path, task: XtremeTask, language: str, rows: int, draw: random.Random) -> None:
    """Labels and predictions of one language; about two in three are right."""
    if task.kind == "answers":
        contents = _answers(rows, draw)
    elif task.kind == "tags":
        contents = _tags(task.name, rows, draw)
    elif task.kind == "pairs":
        gold = [f"{language}-{n:09d}\ten-{draw.randrange(10**6):09d}" for n in range(rows)]
        found = [line if draw.random() < 0.7 else line.replace("en-0", "en-9") for line in gold]
        contents = ["".join(f"{line}\n" for line in lines) for lines in (gold, [*found, *found[:3]])]
    else:
        labels = _LABELS.get(task.name) or [str(n) for n in range(rows)]
        gold = [draw.choice(labels) for _ in range(rows)]
        found = [label if draw.random() < 0.7 else draw.choice(labels) for label in gold]
        contents = ["".join(f"{line}\n" for line in lines) for lines in (gold, found)]
    for side, content in zip(("labels", "predictions"), contents, strict=True):
        path = folder / side / task.name / task.file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _tags(name: str, rows: int, draw: random.Random) -> list[str]:
    gold = [[draw.choice(_TAGS[name]) for _ in range(draw.randint(1, 25))] for _ in range(rows)]
    found = [[tag if draw.random() < 0.8 else draw.choice(_TAGS[name]) for tag in tags] for tags in gold]
    return ["\n\n".join("\n".join(tags) for tags in side) + "\n" for side in (gold, found)]


def _answers(rows: int, draw: random.Random) -> list[str]:
    questions, found = [], {}
    for number in range(rows):
        golds = [" ".join(draw.choices(_WORDS, k=draw.randint(1, 5))) for _ in range(draw.randint(1, 3))]
        questions.append({"id": f"q{number}", "answers": [{"text": text, "answer_start": 0} for text in golds]})
        words = draw.choice(golds).split()
        found[f"q{number}"] = " ".join(word for word in words if draw.random() < 0.8)
    labels = {"version": "1.1", "data": [{"paragraphs": [{"context": "", "qas": questions}]}]}
    return [json.dumps(labels, ensure_ascii=False), json.dumps(found, ensure_ascii=False)]


def _flat(value: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, (*path, key))
        else:
            yield (*path, key), inner


if __name__ == "__main__":
    sys.exit(main())
