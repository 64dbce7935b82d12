"""Fine-tuning MiniLM on real rows, beside the Trainer of transformers: seconds an update, padding, the loss reached.

    python benchmarks/training.py --data DIR [--updates 32] [--rounds 1] [--threads 2] [--json]

The same encoder, heads, rows, effective batch, number of updates, learning rate, dropout, optimiser and precision in
three ways, each in a process of its own and in turn: ``maximum`` is Trainer with every input padded to the maximum
length, as XTREME's and jiant's scripts pad; ``grouped`` is Trainer with dynamic padding and length grouping; ``ours``
is the loop of this project. All pass once over the same inputs, as many as the updates take. Loading and tokenizing
are not counted. ``loss`` is the mean loss afterwards on the same validation rows, without dropout; the ways shuffle
differently, so it agrees but for noise. SQuAD takes a quarter of the updates. With ``--device cuda``, ``--size large``
takes a randomly initialised XLM-R Large instead, and the share of the device's arithmetic that the real pieces need is
shown (``--peak`` in TFLOP/s); the first updates, in which libraries are loaded, are not counted then.
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

WAYS = ("maximum", "grouped", "ours")
TASKS = {"mnli": "mnli", "udpos": "udpos", "squad": "squad_v1"}
ROWS = {"train": 3000, "validation": 96}
QUARTER = 4


def main() -> int:
    """Measure all ways on all tasks in turn, or be the process of one measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    real_rows.options(parser)
    parser.add_argument("--updates", type=int, default=32)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--size", choices=("minilm", "large"), default="minilm")
    parser.add_argument("--batch", type=int, help="inputs an update instead of the recipe's")
    parser.add_argument("--pieces", type=int, help="most pieces in a micro-batch of ours instead of the recipe's")
    parser.add_argument("--peak", type=float, default=989.0, help="TFLOP/s of the device; 989 is an H100 in bf16")
    parser.add_argument("--spec", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.spec:
        print(json.dumps(measure(json.loads(arguments.spec.read_text(encoding="utf-8")))))
        return 0
    found: dict[str, dict[str, dict[str, float]]] = {}
    languages = {"xnli": ("en",), "xquad": ("en",)}
    with (
        real_rows.prepared(arguments.data, arguments.store, languages=languages, **ROWS) as held,
        tempfile.TemporaryDirectory() as name,
    ):
        print(f"{'task':6} {'way':8} {'s/update':>9} {'of CPUs':>8} {'pieces':>8} {'padding':>8} {'loss':>7}")
        for task in arguments.tasks:
            found[task] = {}
            for way in WAYS:
                request = _request(held, task, way, arguments)
                runs = [real_rows.apart(__file__, request, Path(name)) for _ in range(arguments.rounds)]
                best = min(runs, key=lambda run: run["seconds"])
                found[task][way] = best
                print(_line(task, way, best), _utilisation(best, arguments), flush=True)
            _ratios(task, found[task])
    if arguments.json:
        print(json.dumps(found, indent=1))
    return 0


def _line(task: str, way: str, run: Mapping[str, float]) -> str:
    seconds, processors = run["seconds"], run["cpu_seconds"]
    beside = f"{run['pieces']:8,.0f} {run['padding']:8.1%} {run['loss']:7.3f}"
    return f"{task:6} {way:8} {seconds:9.3f} {processors:8.3f} {beside}"


def _utilisation(run: Mapping[str, float], arguments: argparse.Namespace) -> str:
    """Real pieces a second, and the share of a GPU's arithmetic that they need."""
    if arguments.device != "cuda":
        return ""
    seconds = run["seconds"] * run["updates"]
    return f"{run['pieces'] / seconds:9,.0f} pieces/s {run['operations'] / seconds / arguments.peak / 1e12:6.1%}"


def _ratios(task: str, found: Mapping[str, Mapping[str, float]]) -> None:
    """How many times as fast ours is, by the clock and by the processors' time."""
    for measure, words in (("seconds", "by the clock"), ("cpu_seconds", "of CPUs")):
        ratios = [f"{found[way][measure] / found['ours'][measure]:.2f} times {way}" for way in WAYS[:-1]]
        print(f"{task:6} ours is {', '.join(ratios)} {words}")


def _request(held: real_rows.Prepared, task: str, way: str, arguments: argparse.Namespace) -> dict[str, Any]:
    name = TASKS[task]
    trained = next(stage for stage in held.stages.values() if stage.name.startswith(f"finetune/minilm/none/{name}/"))
    updates = max(2, arguments.updates // (QUARTER if task == "squad" else 1))
    return {
        "way": way,
        "task": trained.params["task"],
        "hyper": {**trained.params["hyper"], "max_steps": updates, **_asked(arguments)},
        "rows": str(held.rows(name)),
        "checkpoint": str(held.checkpoint),
        **{option: getattr(arguments, option) for option in ("threads", "device", "precision", "size")},
    }


def _asked(arguments: argparse.Namespace) -> dict[str, int]:
    asked = {"batch_size": arguments.batch, "micro_batch_pieces": arguments.pieces}
    return {name: value for name, value in asked.items() if value is not None}


def measure(request: Mapping[str, Any]) -> dict[str, float]:
    """Seconds an update, real pieces, the share of padding, and the loss afterwards, of one way."""
    import torch

    from harness.training.runtime import Reporter, set_up

    context = real_rows.silent_context(**{name: request[name] for name in ("threads", "device", "precision")})
    device = set_up(context)
    from benchmarks.peers import Counted, Workload, operations, train_ours, train_theirs

    workload = Workload.load(request, device, Reporter(context.progress))
    if request["way"] != "ours":
        torch.use_deterministic_algorithms(mode=False)
    counted = Counted(device, request["hyper"]["max_steps"])
    (train_ours if request["way"] == "ours" else train_theirs)(workload, request, counted)
    found = counted.summary()
    return {**found, "loss": workload.validation_loss(), "operations": operations(found, workload.model)}


if __name__ == "__main__":
    sys.exit(main())
