"""Bootstrap draws as weights: how often each unit was drawn. A unit drawn twice counts twice; none is ever dropped."""

from __future__ import annotations

import hashlib

import numpy as np

from harness.stats.counts import Singles

_AT_ONCE = 4_000_000  # numbers drawn at once: they take eight bytes each, twice


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for everything that has a name: what else is drawn, and in what order, does not matter."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], dtype=np.uint32).tolist()])


def weights(random: np.random.Generator, resamples: int, units: int) -> Singles:
    """Multinomial weights of shape (resamples, units); every line sums to ``units``."""
    found = np.empty((resamples, units), dtype=np.float32)
    lines = max(1, _AT_ONCE // units)
    for first in range(0, resamples, lines):
        some = found[first : first + lines]
        drawn = random.integers(0, units, size=some.shape, dtype=np.int64)
        drawn += np.arange(len(some))[:, None] * units
        some[:] = np.bincount(drawn.ravel(), minlength=some.size).reshape(some.shape)
    return found
