"""Before any work: has this machine what the plan needs? What it lacks is said all at once, each with its remedy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import provenance
from harness.errors import EnvironmentFault
from harness.isolated import python
from harness.plan.stage import Plan

#: Asked in a process of its own: what plans and executes never loads torch.
_QUESTION = """
import json, torch
cuda = torch.cuda.is_available()
print(json.dumps({
    "cuda": cuda,
    "build": torch.version.cuda,
    "device": torch.cuda.get_device_name() if cuda else "",
    "bf16": cuda and torch.cuda.is_bf16_supported(including_emulation=False),
}))
"""

_GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that keeps stages from running, and what to do: both without their full stop."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}." if self.remedy else f"{self.what}."


class NotReady(EnvironmentFault):
    """The machine cannot run the plan as it is. Says everything that stands in the way."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.what for problem in problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        many = f"{len(self.problems)} problems keep" if len(self.problems) > 1 else "one problem keeps"
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"nothing was run: {many} stages from running.{lines}"


def check_disk(store: Path, needed: int) -> list[Problem]:
    """Whether a store has room for what the plan will leave in it.

    Args:
        store: its folder.
        needed: bytes, by the plan's estimate.
    """
    free = provenance.free_bytes(store)
    if free >= needed:
        return []
    what = f"{store} has {free / _GIB:.1f} GiB free, and the plan needs about {needed / _GIB:.1f} GiB"
    return [Problem(what=what, remedy="free space ('codestilts store gc'), or put the store elsewhere with --store")]


def torch_devices() -> dict[str, Any]:
    """What torch sees here: ``cuda``, the CUDA of its ``build``, the ``device``'s name, and whether that does ``bf16``.

    Raises:
        EnvironmentFault: torch cannot be loaded.
    """
    done = subprocess.run(python("-c", _QUESTION), capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise EnvironmentFault(f"torch cannot be asked for its devices ({last})", remedy="run 'codestilts doctor'")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def require_hardware(plan: Plan, devices: Callable[[], dict[str, Any]] = torch_devices) -> None:
    """Check that stages on this machine find the device and the precision they ask for. The CPU can do everything.

    Args:
        plan: its stages ask.
        devices: says what torch sees; not called where every stage is on a CPU.

    Raises:
        EnvironmentFault: torch sees no GPU, or one that does not compute in bfloat16.
    """
    asked = {(stage.environment.device, stage.environment.precision) for stage in plan.stages}
    if not any(device == "cuda" for device, _ in asked):
        return
    found = devices()
    where = f"suite {plan.suite}, field 'device'"
    if not found["cuda"]:
        why = "torch sees none here" if found["build"] else "the torch installed here is a build for CPUs"
        raise EnvironmentFault(
            f"asks for a CUDA GPU, and {why}",
            where=where,
            remedy="use a host with a GPU, or say 'device: cpu' in the suite",
        )
    if ("cuda", "bf16") in asked and not found["bf16"]:
        raise EnvironmentFault(
            f"{found['device']} does not compute in bfloat16",
            where=f"suite {plan.suite}, field 'precision'",
            remedy="use an Ampere GPU or a later one, or say 'precision: fp32' in the suite",
        )
