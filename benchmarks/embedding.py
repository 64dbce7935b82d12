"""All hidden states of all sentences, beside what SentenceTransformer.encode needs for one: time, memory, same vectors?

    python benchmarks/embedding.py --checkpoint DIR --data DIR [--sentences 20000] [--threads 2] [--rounds 3] [--json]

``--checkpoint`` is a checkpoint (backbone.json, encoder/, tokenizer/), ``--data`` holds Tatoeba's release files, of
which the first ``--sentences`` lines are embedded, repeated ones too. Every measurement is a process of its own, in
turn; loading is not counted. ``one`` is the peer: sentence-transformers' own modules and ``encode``, the mean of the
last layer. ``mean`` is ours with the mean of every layer, ``all`` with every candidate that retrieval tries, and
``last`` with the mean of the last layer alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

WAYS = ("one", "last", "mean", "all")


def main() -> int:
    """Measure all ways in turn, or be the process of one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--vectors", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments)))
        return 0
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(arguments.rounds):
            for way in WAYS:
                found[way].append(_apart(way, Path(name) / f"{way}.npy", arguments))
        apart = _difference(Path(name))
    best = {way: min(each["seconds"] for each in runs) for way, runs in found.items()}
    peak = {way: max(each["peak_gb"] for each in runs) for way, runs in found.items()}
    for way in WAYS:
        ratio = best[way] / best["one"]
        print(f"{way:5} {best[way]:7.2f} s  {ratio:.2f} of encode  {peak[way]:.2f} GB at most")
    print(f"largest difference to encode's vectors, last layer: {apart:.1e}")
    if arguments.json:
        print(json.dumps({"seconds": best, "peak_gb": peak, "difference": apart, "runs": found}, indent=1))
    return 0


def _apart(way: str, vectors: Path, arguments: argparse.Namespace) -> dict[str, float]:
    passed = ("checkpoint", "data", "sentences", "threads")
    options = [f"--{name}={getattr(arguments, name)}" for name in passed]
    command = [sys.executable, __file__, *options, f"--way={way}", f"--vectors={vectors}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _difference(folder: Path) -> float:
    """The largest among the ways of the last layer's vectors."""
    one = np.load(folder / "one.npy")
    return max(float(np.abs(np.load(folder / f"{way}.npy") - one).max()) for way in WAYS[1:])


def sentences(data: Path, count: int) -> list[str]:
    """Lines of Tatoeba's files, in order of their names."""
    folder = data / "tatoeba" if (data / "tatoeba").is_dir() else data
    lines: list[str] = []
    for path in sorted(folder.glob("tatoeba.*-eng.*")):
        lines += (line.strip() for line in path.read_text(encoding="utf-8").split("\n")[:-1])
        if len(lines) >= count:
            break
    return lines[:count]


def measure(way: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds and peak memory of one way; its vectors of the last layer go to a file."""
    import torch

    torch.set_num_threads(arguments.threads)
    lines = sentences(arguments.data, arguments.sentences)
    work = _theirs(arguments.checkpoint) if way == "one" else _ours(way, arguments.checkpoint)
    work(lines[:64])  # what is set up at the first call is not what is measured
    start = time.perf_counter()
    vectors = work(lines)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    np.save(arguments.vectors, vectors)
    return {"seconds": seconds, "peak_gb": peak, "sentences": len(lines)}


def _theirs(checkpoint: Path) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    facts = json.loads((checkpoint / "backbone.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        for part in ("encoder", "tokenizer"):
            shutil.copytree(checkpoint / part, name, dirs_exist_ok=True)
        transformer = Transformer(name, max_seq_length=facts["max_length"])
        model = SentenceTransformer(modules=[transformer, Pooling(facts["hidden_size"], pooling_mode="mean")])
    return lambda lines: model.encode(lines, show_progress_bar=False)


def _ours(way: str, checkpoint: Path) -> Any:
    from harness.retrieval.embed import SentenceEmbedder
    from harness.retrieval.readings import Reading
    from harness.specs.training import ModelTask
    from harness.training.encoding import limits
    from tasks.rows import BitextSentence
    from tasks.types import task_type

    depth = json.loads((checkpoint / "backbone.json").read_text(encoding="utf-8"))["layers"]
    last = Reading(layer=depth)
    layers = [Reading(layer=layer) for layer in range(depth + 1)]
    embedder = SentenceEmbedder(checkpoint, readings={"last": [last], "mean": layers, "all": None}[way])
    task = ModelTask(name="tatoeba", type="sentence_retrieval", labels=(), metric="accuracy", max_length=10_000)
    length = limits(task, embedder.backbone, embedder.tokenizer)

    def work(lines: list[str]) -> Any:
        rows = [BitextSentence(id=str(n), unit=str(n), side="foreign", text=line) for n, line in enumerate(lines)]
        features = task_type("sentence_retrieval").encode(rows, embedder.tokenizer, length, ()).features
        return embedder.embed(features)[last]

    return work


if __name__ == "__main__":
    sys.exit(main())
