"""Which task each optimiser step trains on, when several are trained at once.

Sampling is that of multi-task studies: in proportion to size, to size capped at K (Raffel et al. 2020, section 3.5.2;
K = 2**17 in Phang et al. 2020), to a root of it (temperature), or evenly. One task is the trivial mixture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, assert_never, cast, get_args

import numpy as np
import numpy.typing as npt

from harness.training.runtime import derived_seed
from tasks.errors import UserError

MixingKind = Literal["proportional", "capped", "uniform", "temperature"]


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """How tasks share the steps.

    Attributes:
        kind: ``proportional`` to size, ``capped``: to min(size, cap), ``uniform``, or ``temperature``: to
            min(size, cap) ** (1 / temperature).
        cap: K, in inputs; None is no cap.
    """

    kind: MixingKind = "proportional"
    cap: int | None = None
    temperature: float = 1.0

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Read the MIXING object.

        Raises:
            UserError: the kind is unknown, or a number is out of range.
        """
        kind = params.get("kind", "proportional")
        cap = params.get("cap")
        temperature = params.get("temperature")
        temperature = 1.0 if temperature is None else float(temperature)
        if kind not in get_args(MixingKind):
            allowed = ", ".join(get_args(MixingKind))
            raise UserError(f"unknown mixing {kind!r}", where="params.mixing.kind", remedy=f"use one of {allowed}")
        if (cap is not None and cap < 1) or temperature <= 0 or (kind == "capped" and cap is None):
            raise UserError(f"cap {cap} and temperature {temperature} do not fit", where="params.mixing")
        return cls(kind=cast("MixingKind", kind), cap=cap, temperature=temperature)

    def weights(self, sizes: Sequence[int]) -> npt.NDArray[np.float64]:
        """The share of each task; they sum to one."""
        counted = np.array(sizes, np.float64)
        capped = counted if self.cap is None else np.minimum(counted, self.cap)
        match self.kind:
            case "proportional":
                shares = counted
            case "capped":
                shares = capped
            case "uniform":
                shares = np.ones_like(counted)
            case "temperature":
                shares = capped ** (1.0 / self.temperature)
            case _:
                assert_never(self.kind)
        normalised: npt.NDArray[np.float64] = shares / shares.sum()
        return normalised

    def epoch_inputs(self, sizes: Sequence[int]) -> int:
        """Inputs of one epoch: all of them, or, where sizes are capped, as many as count under the cap."""
        if self.kind == "capped" and self.cap is not None:
            return sum(min(size, self.cap) for size in sizes)
        return sum(sizes)

    def schedule(self, sizes: Sequence[int], steps: int, seed: int) -> npt.NDArray[np.int64]:
        """The index of the task of each step, drawn independently with the weights."""
        if len(sizes) == 1:
            return np.zeros(steps, np.int64)
        generator = np.random.default_rng(derived_seed(seed, "mixture"))
        return generator.choice(len(sizes), size=steps, p=self.weights(sizes))
