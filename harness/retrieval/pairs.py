"""Mining between any two sides, and the file of pairs that it leaves."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.context import Progress
from harness.errors import EnvironmentFault
from harness.files import atomic_write
from harness.retrieval.exact import FloatMatrix
from harness.retrieval.knn import search_both
from harness.retrieval.margin import Candidates, Margin, Retrieval, mine
from harness.retrieval.tiles import DEFAULT_MEMORY
from tasks.errors import UserError

_Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of what is mined: its different sentences.

    Attributes:
        name: ``source`` or ``target``, for messages.
        vectors: unit embeddings of the different sentences (d, width), float32.
        rows: for each of them all rows of the file that hold it, the first one first.
        count: rows of the file.
    """

    name: str
    vectors: FloatMatrix
    rows: Sequence[_Ids]
    count: int

    def facts(self) -> dict[str, int]:
        """For the record: rows, and how many differ."""
        return {"rows": self.count, "different": len(self.vectors)}


@dataclass(frozen=True, kw_only=True)
class MiningSettings:
    """How pairs are scored and kept.

    Attributes:
        margin: the score.
        retrieval: which pairs are kept of both directions.
        k: neighbours in each direction.
        threshold: pairs that score less are left out; None is the reference's rule: ``max`` keeps what scores above 0,
            the other ways keep everything.
        memory: bytes for both sides' embeddings and their products.
        threads: of the search; they do not change what is found.
        device: of the search; the same holds.
    """

    margin: Margin = Margin.RATIO
    retrieval: Retrieval = Retrieval.MAX
    k: int = 4
    threshold: float | None = None
    memory: int = 8 * 10**9
    threads: int = 1
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        """What the pairs depend on."""
        return {
            "margin": self.margin.value,
            "retrieval": self.retrieval.value,
            "k": self.k,
            "threshold": self.threshold,
        }


@dataclass(frozen=True, kw_only=True)
class MinedRows:
    """Pairs, best first: scores, rows of the source file and rows of the target file, all three (n,)."""

    scores: npt.NDArray[np.float64]
    sources: _Ids
    targets: _Ids

    def __len__(self) -> int:
        return len(self.scores)

    def at_all_rows(self, source: Side, target: Side) -> MinedRows:
        """Every row that holds the source sentence with every row that holds the target sentence."""
        by_first = [{int(rows[0]): rows for rows in side.rows} for side in (source, target)]
        crossed = [
            np.array([(i, j) for i in by_first[0][left] for j in by_first[1][right]], dtype=np.int64)
            for left, right in zip(self.sources.tolist(), self.targets.tolist(), strict=True)
        ]
        rows = np.concatenate(crossed) if crossed else np.empty((0, 2), np.int64)
        scores = np.repeat(self.scores, [len(pairs) for pairs in crossed])
        return MinedRows(scores=scores, sources=rows[:, 0], targets=rows[:, 1])


def mine_sides(source: Side, target: Side, settings: MiningSettings, report: Progress | None = None) -> MinedRows:
    """Mine pairs of different sentences; each is given by the first row that holds it.

    Equal scores stand in the order of the sources, then of the targets.

    Raises:
        UserError: the embeddings differ in width, ``k`` is more than the different sentences of a side, or the memory
            does not suffice for the embeddings.
    """
    for side in (source, target):
        if settings.k > len(side.vectors):
            raise UserError(
                f"{settings.k} neighbours were asked for, and the {side.name} side has {len(side.vectors)} different "
                "sentences",
                where="--k",
                remedy=f"give {len(side.vectors)} at most",
            )
    if source.vectors.shape[1] != target.vectors.shape[1]:
        raise UserError(
            f"source embeddings are {source.vectors.shape[1]} wide, target embeddings {target.vectors.shape[1]}",
            remedy="embed both with the same backbone and layer",
        )
    left = settings.memory - source.vectors.nbytes - target.vectors.nbytes
    forward, backward = search_both(
        source.vectors,
        target.vectors,
        settings.k,
        settings.k,
        threads=settings.threads,
        memory=min(DEFAULT_MEMORY, max(left, 1 << 20)),
        device=settings.device,
        names=("source", "target"),
        report=report,
    )
    threshold = 0.0 if settings.threshold is None else -np.inf
    found = mine(forward, backward, margin=settings.margin, retrieval=settings.retrieval, threshold=threshold)
    if settings.threshold is not None:
        found = found.at_least(settings.threshold)
    return _in_rows(found, source, target)


def _in_rows(found: Candidates, source: Side, target: Side) -> MinedRows:
    firsts = [np.array([rows[0] for rows in side.rows], dtype=np.int64) for side in (source, target)]
    sources, targets = firsts[0][found.sources], firsts[1][found.targets]
    order = np.lexsort((targets, sources, -found.scores))
    return MinedRows(scores=found.scores[order], sources=sources[order], targets=targets[order])


def require_writable(path: Path) -> None:
    """Find out before hours of work that the file cannot be written afterwards.

    Raises:
        UserError: it is a folder, its folder is missing, or nothing can be written there.
    """
    if path.is_dir():
        raise UserError("this is a folder", where=str(path), remedy="name a file")
    if not path.parent.is_dir():
        raise UserError("its folder does not exist", where=str(path), remedy="make the folder first")
    probe = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"cannot be written ({error.strerror})", where=str(path)) from error


def pair_lines(pairs: MinedRows, texts: tuple[Sequence[str], Sequence[str]] | None = None) -> Iterator[str]:
    """One pair a line: score, source row, target row, with ``texts`` also both sentences; tab-separated, best first.

    Scores read back as the very numbers they were.
    """
    rows = zip(pairs.scores.tolist(), pairs.sources.tolist(), pairs.targets.tolist(), strict=True)
    for score, source, target in rows:
        fields = [repr(score), str(source), str(target)]
        if texts is not None:
            fields += [_one_field(texts[0][source]), _one_field(texts[1][target])]
        yield "\t".join(fields)


def write_pairs(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file that appears whole or not at all."""
    try:
        with atomic_write(path, durable=True) as file:
            file.writelines(f"{line}\n".encode() for line in lines)
    except OSError as error:
        raise EnvironmentFault(f"cannot be written ({error.strerror})", where=str(path)) from error


def _one_field(text: str) -> str:
    """A sentence with its tabs turned to spaces, so that the line has as many fields as it should."""
    return text.replace("\t", " ")
