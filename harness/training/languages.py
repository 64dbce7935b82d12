"""How much of each language masked language modelling sees: exponential smoothing (Conneau et al. 2020, section 3.1).

A language whose text is a share ``q`` of all is drawn with a probability proportional to ``q ** smoothing``: at 1 as
there is text, at 0 evenly.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from harness.training.inputs import IntArray
from harness.training.runtime import derived_seed


def shares(sizes: Mapping[str, int], smoothing: float) -> dict[str, float]:
    """The share of each language; they sum to one. ``sizes``: how much text each has, in any unit."""
    powers = {language: float(size) ** smoothing for language, size in sorted(sizes.items())}
    total = sum(powers.values())
    return {language: power / total for language, power in powers.items()}


def quotas(wanted: Mapping[str, float], blocks: int) -> dict[str, int]:
    """So many blocks, shared out; what rounding down leaves goes to the largest remainders, the first by name."""
    exact = {language: share * blocks for language, share in sorted(wanted.items())}
    found = {language: int(value) for language, value in exact.items()}
    by_remainder = sorted(exact, key=lambda language: (found[language] - exact[language], language))
    for language in by_remainder[: blocks - sum(found.values())]:
        found[language] += 1
    return found


def draw(there: Mapping[str, int], wanted: Mapping[str, int], seed: int) -> IntArray:
    """Blocks in the order in which they are read, (sum of ``wanted``,).

    Blocks count through the languages in the order of ``there``, which says how many each has. One with fewer than are
    wanted is gone through several times, shuffled anew each time; none is seen two times more often than another.
    """
    parts: list[npt.NDArray[np.int64]] = []
    first = 0
    for language, count in there.items():
        generator = np.random.default_rng(derived_seed(seed, "language", language))
        passes = -(-wanted[language] // count) if count else 0
        rounds = [generator.permutation(count) for _ in range(passes)]
        parts += [first + np.concatenate(rounds)[: wanted[language]]] if rounds else []
        first += count
    together = np.concatenate(parts)
    order = np.random.default_rng(derived_seed(seed, "languages")).permutation(len(together))
    mixed: IntArray = together[order]
    return mixed
