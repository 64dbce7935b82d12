"""Bootstrap draws as weights: how often each unit was drawn. A unit drawn twice counts twice; none is ever dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from leaderboard.stats.counts import Singles


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the generator of a name, independent of all other draws and their order."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], dtype=np.uint32).tolist()])


def weights(
    random: np.random.Generator, resamples: int, units: int, total: int | None = None, *, at_once: int = 4_000_000
) -> Iterator[Singles]:
    """Multinomial weights of shape (some resamples, units).

    Args:
        random: where they come from.
        resamples: how many lines there are in all.
        units: how many units count anything.
        total: how many there are to draw from, with those that count nothing, whose weights are of no use: a line then
            sums to what fell on the others.
        at_once: numbers in one array; all weights of a corpus are a thousand times the default.
    """
    lines = max(1, at_once // units)
    for first in range(0, resamples, lines):
        number = min(lines, resamples - first)
        fell = np.full(number, units)
        if total is not None and total > units:
            fell = random.binomial(total, units / total, size=number)
        drawn = random.integers(0, units, size=int(fell.sum()), dtype=np.int64)
        drawn += np.repeat(np.arange(number) * units, fell)
        yield np.bincount(drawn, minlength=number * units).reshape(number, units).astype(np.float32)
