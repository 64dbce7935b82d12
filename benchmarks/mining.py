"""Bitext mining beside the reference implementation: the same pairs, and what do both take, on the same embeddings?

    python benchmarks/mining.py agreement --reference DIR [--sentences 1500] [--json]
    python benchmarks/mining.py speed [--rows 30000] [--width 768] [--threads 2] [--json]
    python benchmarks/mining.py comparable [--rows 50000] [--width 384] [--json]

DIR holds XTREME's ``third_party/utils_retrieve.py`` (a checkout of google-research/xtreme, or that folder). ``speed``
times the two FAISS searches that the reference makes, one bare matrix product of the size, and our search of both
directions, in turn and in one process, and gives the best of ``--rounds``. ``comparable`` makes two corpora with known
pairs and distractors and mines them through the command line.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import torch

from harness.retrieval.bitext import tune_threshold
from harness.retrieval.knn import search, search_both, unit_rows

Matrix = npt.NDArray[np.float32]
WAYS = ("max", "intersect", "fwd", "bwd")
MARGINS = ("ratio", "distance", "absolute")
_CLOSE = 1e-6  # scores nearer than this may swap places


def main() -> int:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["agreement", "speed", "comparable"])
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--sentences", type=int, default=1500)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.what == "agreement" and arguments.reference is None:
        parser.error("agreement needs --reference")
    record = {"agreement": agreement, "speed": speed, "comparable": comparable}[arguments.what](arguments)
    if arguments.json:
        print(json.dumps(record, indent=1))
    return 0 if record.get("agrees", True) else 1


def corpora(sentences: int, width: int, seed: int) -> tuple[list[Matrix], list[list[str]], set[tuple[int, int]]]:
    """Two sides with pairs, distractors, and a tenth of the lines repeated; embeddings, lines, and pairs of lines."""
    draw = np.random.default_rng(seed)
    meanings = draw.normal(size=(3 * sentences, width))
    shared = sentences // 3
    sides = [np.arange(sentences), np.concatenate((np.arange(shared), np.arange(sentences, 2 * sentences - shared)))]
    vectors, lines, rows = [], [], []
    for name, side in zip(("source", "target"), sides, strict=True):
        noisy = meanings[side] + 1.8 * draw.normal(size=(len(side), width)) + 0.3
        order = draw.permutation(np.concatenate((np.arange(len(side)), draw.choice(len(side), sentences // 10))))
        vectors.append(noisy[order].astype(np.float32))
        lines.append([f"{name} {side[place]}" for place in order])
        rows.append({int(side[place]): row for row, place in reversed(list(enumerate(order)))})
    gold = {(rows[0][meaning], rows[1][meaning]) for meaning in range(shared)}
    return vectors, lines, gold


def agreement(arguments: argparse.Namespace) -> dict[str, Any]:
    """All margins and ways of retrieval, thresholds, and nearest neighbours, ours against the reference's."""
    reference = _load(arguments.reference)
    vectors, lines, gold = corpora(arguments.sentences, arguments.width or 256, arguments.seed)
    cells = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, (matrix, text) in enumerate(zip(vectors, lines, strict=True)):
            np.save(folder / f"{side}.npy", matrix)
            (folder / f"{side}.txt").write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        for margin in MARGINS:
            for way in WAYS:
                theirs = _their_pairs(reference, vectors, folder, margin, way)
                ours = _our_pairs(folder, lines, margin, way)
                cells.append({"margin": margin, "retrieval": way, **_compare(theirs, ours)})
        cuts = [_cuts(reference, _our_pairs(folder, lines, margin, "max"), lines, gold) for margin in MARGINS]
    nearest = _nearest(reference, vectors)
    for cell in cells:
        print(
            f"{cell['margin']:9} {cell['retrieval']:10} {cell['theirs']:6} theirs {cell['ours']:6} ours "
            f"{cell['differ']:4} differ, {cell['unexplained']:3} of them by more than a tie"
        )
    for margin, cut in zip(MARGINS, cuts, strict=True):
        print(
            f"{margin:9} threshold {cut['theirs']:.9f} theirs {cut['ours']:.9f} ours, "
            f"F1 {cut['their_f1']:.6f} / {cut['our_f1']:.6f}"
        )
    print(f"nearest neighbours: {nearest['differ']} of {nearest['queries']} differ")
    agrees = (
        not any(cell["unexplained"] for cell in cells) and not nearest["differ"] and all(cut["agrees"] for cut in cuts)
    )
    return {"agrees": agrees, "pairs": cells, "thresholds": cuts, "nearest": nearest}


def _load(folder: Path) -> ModuleType:
    path = next(
        (folder / part for part in ("third_party/utils_retrieve.py", "utils_retrieve.py") if (folder / part).is_file()),
        None,
    )
    if path is None:
        sys.exit(f"{folder}: there is no utils_retrieve.py in it")
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _their_pairs(
    reference: ModuleType, vectors: list[Matrix], folder: Path, margin: str, way: str
) -> dict[tuple[str, str], float]:
    out = folder / "theirs.tsv"
    with contextlib.redirect_stdout(io.StringIO()):
        reference.mine_bitext(
            *(matrix.copy() for matrix in vectors),
            *(str(folder / f"{side}.txt") for side in (0, 1)),
            str(out),
            margin=margin,
            # It compares by identity, and fails with the literals 'fwd' and 'bwd': a string made here is another.
            retrieval="".join(list(way)),
        )
    rows = (line.split("\t") for line in out.read_text(encoding="utf-8").splitlines())
    return {(source, target): float(score) for score, source, target in rows}


def _our_pairs(folder: Path, lines: list[list[str]], margin: str, way: str) -> dict[tuple[str, str], float]:
    out = folder / "ours.tsv"
    sides = [
        f"--{name}-{kind}={folder / f'{side}.{end}'}"
        for side, name in enumerate(("source", "target"))
        for kind, end in (("embeddings", "npy"), ("text", "txt"))
    ]
    _mine(*sides, f"--margin={margin}", f"--retrieval={way}", f"--out={out}")
    rows = (line.split("\t") for line in out.read_text(encoding="utf-8").splitlines())
    return {(lines[0][int(source)], lines[1][int(target)]): float(score) for score, source, target in rows}


def _mine(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness.cli", "retrieve", "mine", "--json", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _compare(theirs: dict[tuple[str, str], float], ours: dict[tuple[str, str], float]) -> dict[str, int]:
    """Pairs that only one side has, and those of them that no pair of the other side scores as high as."""
    scores = {True: sorted(theirs.values()), False: sorted(ours.values())}
    unexplained = 0
    differing = theirs.keys() ^ ours.keys()
    for pair in differing:
        mine, others = (theirs[pair], scores[False]) if pair in theirs else (ours[pair], scores[True])
        place = int(np.searchsorted(others, mine))
        near = [abs(other - mine) for other in others[max(0, place - 1) : place + 1]]
        unexplained += not near or min(near) >= _CLOSE
    unexplained += sum(abs(theirs[pair] - ours[pair]) >= _CLOSE for pair in theirs.keys() & ours.keys())
    return {"theirs": len(theirs), "ours": len(ours), "differ": len(differing), "unexplained": unexplained}


def _cuts(
    reference: ModuleType, pairs: dict[tuple[str, str], float], lines: list[list[str]], gold: set[tuple[int, int]]
) -> dict[str, Any]:
    """The threshold chosen on the same candidates, and F1 with it. The reference's fails where every pair is kept."""
    right = {(lines[0][source], lines[1][target]) for source, target in gold}
    theirs = reference.bucc_optimize(pairs, {"\t".join(pair) for pair in right})
    correct = np.array([pair in right for pair in pairs])
    tuned = tune_threshold(np.array(list(pairs.values())), correct, len(right))
    kept = {tuple(line.split("\t")) for line in reference.bucc_extract(pairs, theirs, None)}
    their_f1 = 2 * len(kept & right) / (len(kept) + len(right))
    same = abs(theirs - tuned.value) < _CLOSE and abs(their_f1 - tuned.f1) < 1e-12
    return {"theirs": theirs, "ours": tuned.value, "their_f1": their_f1, "our_f1": tuned.f1, "agrees": bool(same)}


def _nearest(reference: ModuleType, vectors: list[Matrix]) -> dict[str, int]:
    theirs = reference.similarity_search(vectors[0].copy(), vectors[1].copy(), vectors[0].shape[1], normalize=True)
    ours = search(unit_rows(vectors[1]), unit_rows(vectors[0]), 1).ids
    # Copies of a row are equal to the reference too, but rounding decides which it takes.
    same = (unit_rows(vectors[0])[theirs[:, 0]] == unit_rows(vectors[0])[ours[:, 0]]).all(axis=1)
    return {"queries": len(ours), "differ": int((~same).sum())}


def speed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Seconds of the reference's two searches, of a bare product, and of ours."""
    rows, width = arguments.rows or 30_000, arguments.width or 768
    draw = np.random.default_rng(arguments.seed)
    left, right = (unit_rows(draw.standard_normal((rows, width), dtype=np.float32)) for _ in range(2))
    torch.set_num_threads(arguments.threads)
    tensors = torch.from_numpy(left), torch.from_numpy(right)

    def one_search(queries: Matrix, corpus: Matrix) -> None:
        faiss.omp_set_num_threads(arguments.threads)
        index = faiss.IndexFlatIP(width)
        index.add(corpus)
        index.search(queries, 4)

    def product() -> None:
        for start in range(0, rows, 4096):
            torch.mm(tensors[0][start : start + 4096], tensors[1].T)

    ways: dict[str, Callable[[], Any]] = {
        "two FAISS searches (the reference)": lambda: (one_search(left, right), one_search(right, left)),
        "one bare matrix product": product,
        "both directions in one pass (ours)": lambda: search_both(left, right, 4, 4, threads=arguments.threads),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    best = {name: min(times) for name, times in seconds.items()}
    reference = best["two FAISS searches (the reference)"]
    for name, time_taken in best.items():
        print(f"{name:38} {time_taken:6.2f} s  {time_taken / reference:.2f} of the reference")
    return {"rows": rows, "width": width, "threads": arguments.threads, "seconds": seconds}


def comparable(arguments: argparse.Namespace) -> dict[str, Any]:
    """Mine two generated corpora of which a third are pairs; precision, recall, time and memory of the command."""
    rows, width = arguments.rows or 50_000, arguments.width or 384
    vectors, lines, gold = corpora(rows, width, arguments.seed)
    right = {(lines[0][source], lines[1][target]) for source, target in gold}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, (matrix, text) in enumerate(zip(vectors, lines, strict=True)):
            np.save(folder / f"{side}.npy", matrix)
            (folder / f"{side}.txt").write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        start = time.perf_counter()
        pairs = _our_pairs(folder, lines, "ratio", "max")
        seconds = time.perf_counter() - start
    tuned = tune_threshold(np.array(list(pairs.values())), np.array([pair in right for pair in pairs]), len(right))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    record = {
        "rows": [len(matrix) for matrix in vectors],
        "pairs": len(right),
        "seconds": seconds,
        "peak_gb": peak,
        "f1": tuned.f1,
        "precision": tuned.precision,
        "recall": tuned.recall,
    }
    print(
        f"{len(vectors[0]):,} x {len(vectors[1]):,} lines, {len(right):,} pairs: {seconds:.1f} s, {peak:.2f} GB; "
        f"at the best cut (an oracle's) precision {tuned.precision:.3f}, recall {tuned.recall:.3f}, F1 {tuned.f1:.3f}"
    )
    return record


if __name__ == "__main__":
    sys.exit(main())
