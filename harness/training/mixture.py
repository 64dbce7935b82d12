"""Which task each optimiser step trains on, when several are trained at once.

Sampling is that of multi-task studies: in proportion to size, to size capped at K (Raffel et al. 2020, section 3.5.2;
K = 2**17 in Phang et al. 2020), to a root of it (temperature), or evenly. One task is the trivial mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np
import numpy.typing as npt

from harness.specs.training import MixingSpec
from harness.training.runtime import derived_seed


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
