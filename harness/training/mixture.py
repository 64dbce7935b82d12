"""Which task each optimiser step trains on, when several are trained at once.

Sampling is that of multi-task studies: in proportion to size, to size capped at K (Raffel et al. 2020, section 3.5.2;
K = 2**17 in Phang et al. 2020), to a root of it (temperature), or evenly. One task is the trivial mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, assert_never

import numpy as np
import numpy.typing as npt

from harness.specs.training import MixingSpec
from harness.training.runtime import derived_seed


@dataclass(frozen=True, kw_only=True)
class Interleaving:
    """Which of a training's steps are on tasks; ``on_task``: (steps,)."""

    on_task: npt.NDArray[np.bool_]

    @classmethod
    def none(cls, task_steps: int) -> Self:
        """Steps on tasks alone."""
        return cls(on_task=np.ones(task_steps, bool))

    @classmethod
    def draw(cls, task_steps: int, mlm_steps: int, seed: int) -> Self:
        """Steps of both kinds in random order; the last is on a task, since its weights are evaluated."""
        total = task_steps + mlm_steps
        generator = np.random.default_rng(derived_seed(seed, "interleaving"))
        on_task = np.ones(total, bool)
        on_task[generator.choice(total - 1, size=mlm_steps, replace=False)] = False
        return cls(on_task=on_task)

    def drawn(self, schedule: npt.NDArray[np.int64], steps: int) -> npt.NDArray[np.int64]:
        """Return the part of a schedule of task steps that the first ``steps`` training steps took."""
        return schedule[: int(self.on_task[:steps].sum())]

    def ends(self, task_ends: tuple[int, ...]) -> tuple[int, ...]:
        """Points of a training, given in steps on tasks, in steps of the whole training; both count from 1."""
        places = np.flatnonzero(self.on_task) + 1
        return tuple(int(places[end - 1]) for end in task_ends)


def task_weights(mixing: MixingSpec, sizes: Sequence[int]) -> npt.NDArray[np.float64]:
    """The share of the steps of each task; they sum to one."""
    counted = np.array(sizes, np.float64)
    capped = np.minimum(counted, mixing.cap)
    match mixing.kind:
        case "proportional":
            shares = counted
        case "capped":
            shares = capped
        case "uniform":
            shares = np.ones_like(counted)
        case "temperature":
            shares = capped ** (1.0 / mixing.temperature)
        case _:
            assert_never(mixing.kind)
    normalised: npt.NDArray[np.float64] = shares / shares.sum()
    return normalised


def epoch_inputs(mixing: MixingSpec, sizes: Sequence[int]) -> int:
    """Inputs of one epoch: all of them, or, where sizes are capped, as many as count under the cap."""
    return sum(min(size, mixing.cap) if mixing.kind == "capped" else size for size in sizes)


def task_schedule(mixing: MixingSpec, sizes: Sequence[int], steps: int, seed: int) -> npt.NDArray[np.int64]:
    """The index of the task of each step, drawn independently with the weights."""
    if len(sizes) == 1:
        return np.zeros(steps, np.int64)
    generator = np.random.default_rng(derived_seed(seed, "mixture"))
    return generator.choice(len(sizes), size=steps, p=task_weights(mixing, sizes))
