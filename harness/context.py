"""What a phase gets to work with. The same in a warm local worker, in a container and on a Ray worker."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Folder below a stage's output for the state that a try which does not come to its end leaves to the next one. Kept
#: aside and put back by whoever runs stages; never part of an artifact.
RESUME = ".resume"

#: Role of the folder with training rows that earlier stages have encoded, and folder below a stage's output for those
#: that it has encoded itself. Whoever runs stages keeps the latter among the former; no part of an artifact or a key.
ENCODED = ".encoded"

#: Role of the folder of the stage's own image that holds what ``fetch`` would else reach out for.
BAKED = "baked"

#: Called with the fraction done (0 to 1) and a short note such as ``"step 30 of 75, loss 1.21"``.
Progress = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True)
class StageContext:
    """One stage, seen from inside.

    Attributes:
        params: everything that can change the result, as the plan wrote it (JSON values).
        inputs: artifact directories by role, to be read only.
        expected: SHA-256 of files that are fetched, by path, as recorded; other bytes are an error.
        data: the ``--data`` directory, for phases that read release files; None elsewhere.
        out: the only directory that may be written; empty at the start but for what an earlier try left in ``RESUME``.
        seed: the stage's seed; every random choice comes from it.
        threads: compute threads of torch, FAISS and OpenMP; already set when the phase starts.
        device: ``cpu`` or ``cuda``.
        precision: ``fp32`` or ``bf16``.
        progress: tells the display how far the stage is.
    """

    params: Mapping[str, Any]
    inputs: Mapping[str, Path]
    out: Path
    progress: Progress
    expected: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    precision: str = "fp32"


def run_phase(
    name: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, Path],
    out: Path,
    *,
    progress: Progress = lambda _fraction, _note: None,
    **fields: Any,
) -> None:
    """Run a phase in this process.

    Args:
        name: of the phase, which is that of its module.
        params: as the plan wrote them.
        inputs: artifact folders by role.
        out: an existing folder that it writes to.
        progress: told how far it is.
        fields: all others of :class:`StageContext`.

    Raises:
        Exception: whatever goes wrong in the phase.
    """
    context = StageContext(params=params, inputs=inputs, out=out, progress=progress, **fields)
    importlib.import_module(f"harness.phases.{name}").run(context)
