"""Correcting many tests: Holm for what is claimed, Benjamini-Hochberg for what is explored."""

from __future__ import annotations

import numpy as np

from harness.stats.counts import Floats


def holm(p: Floats) -> Floats:
    """Adjusted p-values that keep the chance of any false finding in the family (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    return _back(np.maximum.accumulate(steps), order)


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p-values that keep the expected share of false findings among the findings (1995)."""
    order = np.argsort(p, kind="stable")
    steps = p[order] * len(p) / np.arange(1, len(p) + 1)
    return _back(np.minimum.accumulate(steps[::-1])[::-1], order)


def _back(steps: Floats, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    found = np.empty(len(steps))
    found[order] = np.minimum(steps, 1.0)
    return found
