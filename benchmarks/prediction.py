"""Answering XNLI and XQuAD in all languages with MiniLM, beside Trainer.predict language by language.

    python benchmarks/prediction.py --data DIR [--rows 64] [--tasks xnli xquad] [--threads 2] [--json]

The same encoder, head, rows and precision in three ways, each in a process of its own and in turn: ``maximum`` is
Trainer.predict with every input padded to the maximum length, as XTREME's and jiant's scripts pad; ``sorted`` is
Trainer.predict with each language's inputs sorted by length and padded to the longest of their batch; ``ours`` passes
all languages together, longest first, equal inputs once. Both of Trainer's go language by language, as those scripts
do, with the model loaded once. Batches of theirs have 32 inputs (8 for questions). Loading and tokenizing are not
counted; a first pass over one language is not, either. ``logits`` is the greatest difference from ours, and ``apart``
counts the rows with another answer. The head has random weights, so that many of its answers are close calls.
``decode`` is the time from logits to answers, which is not in ``seconds``; what scoring costs is measured by
``benchmarks/scoring.py``.

With few rows a language, sorted batches hold more padding than those of a whole test set (XNLI: 23 % of 48 rows, 2 %
of 900), so take many where that way is compared.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import real_rows

WAYS = ("maximum", "sorted", "ours")
XNLI = ("en", "ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
XQUAD = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")


def main() -> int:
    """Measure all ways on both tasks in turn, or be the process of one measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    real_rows.options(parser)
    parser.add_argument("--rows", type=int, default=64, help="of each language; of XQuAD a quarter")
    parser.add_argument("--tasks", nargs="+", choices=("xnli", "xquad"), default=["xnli", "xquad"])
    parser.add_argument("--ways", nargs="+", choices=WAYS[:-1], default=list(WAYS[:-1]), help="to compare ours with")
    parser.add_argument("--languages", type=int, default=99, help="at most so many of each task")
    parser.add_argument("--spec", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.spec:
        print(json.dumps(measure(json.loads(arguments.spec.read_text(encoding="utf-8")))))
        return 0
    here = tuple(code for code in XQUAD if (arguments.data / "xquad" / f"xquad.{code}.json").is_file())
    languages = {"xnli": XNLI, "xquad": here}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with (
        real_rows.prepared(
            arguments.data, arguments.store, train=64, validation=64, test=arguments.rows, languages=languages
        ) as held,
        tempfile.TemporaryDirectory() as name,
    ):
        print(
            f"{'task':8} {'way':8} {'seconds':>8} {'CPU':>7} {'inputs':>7} {'passed':>7} {'padding':>8} {'logits':>8}"
            f" {'apart':>6} {'decode':>7}"
        )
        for task in arguments.tasks:
            codes = languages[task][: arguments.languages]
            found[task] = {}
            for way in ("ours", *reversed(arguments.ways)):  # ours first: the others are compared with its logits
                request = _request(held, task, way, codes, arguments, Path(name))
                runs = [real_rows.apart(__file__, request, Path(name)) for _ in range(arguments.rounds)]
                found[task][way] = min(runs, key=lambda run: run["seconds"])
                print(_line(f"{task} {len(codes)}", way, found[task][way]), flush=True)
            for clock, said in (("seconds", "by the clock"), ("cpu_seconds", "by processor time")):
                spent = {way: run[clock] for way, run in found[task].items()}
                ratios = [f"{spent[way] / spent['ours']:.2f} times {way}" for way in arguments.ways]
                print(f"{task:6} {said} ours is {', '.join(ratios)}")
    if arguments.json:
        print(json.dumps(found, indent=1))
    return 0


def _line(task: str, way: str, run: Mapping[str, Any]) -> str:
    return (
        f"{task:8} {way:8} {run['seconds']:8.2f} {run['cpu_seconds']:7.2f} {run['inputs']:7,} {run['passed']:7,}"
        f" {run['padding']:8.1%} {run['difference']:8.1e} {run['answers_apart']:6} {run['decoding']:7.2f}"
    )


def _request(
    held: real_rows.Prepared, task: str, way: str, codes: tuple[str, ...], arguments: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    stage = next(one for one in held.stages.values() if one.name.startswith(f"predict/minilm/none/{task}/"))
    return {
        "way": way,
        "task": stage.params["task"],
        "languages": list(codes),
        "rows": max(1, arguments.rows // (4 if task == "xquad" else 1)),
        "inputs": str(held.folders[f"prepare/inputs/{task}"]),
        "checkpoint": str(held.checkpoint),
        "threads": arguments.threads,
        "batch": 8 if task == "xquad" else 32,
        "logits": str(folder / f"{task}.pt"),
    }


def measure(request: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of one way, how many inputs there are and how many passed, the share of padding, and the difference."""
    from harness.training.runtime import set_up

    context = real_rows.silent_context(threads=request["threads"], device="cpu", precision="fp32")
    set_up(context)
    from benchmarks import predicting

    return predicting.measure(request)


if __name__ == "__main__":
    sys.exit(main())
