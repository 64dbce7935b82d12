"""Masked-language-model steps between the steps on tasks (``+mlm``; Phang et al. 2020, section 2.2, continued MLM)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

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
