"""Targets as arrays, from counts written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from leaderboard.stats.contrasts import Contrast, Contrasts
from leaderboard.stats.counts import LanguageCounts, TargetCounts

Make = Callable[..., TargetCounts]
#: One gain: row 1 minus row 0.
GAIN = Contrasts((Contrast("gain", "any", "any", (1, 0)),))


@pytest.fixture
def target() -> Make:
    """A target of tops and bottoms by language, each of shape (units, rows) or (units, rows, seeds)."""

    def make(
        languages: dict[str, tuple[Sequence[object], Sequence[object]]],
        *,
        joint: bool = False,
        present: Sequence[bool] | None = None,
    ) -> TargetCounts:
        made = []
        for name, (top, bottom) in languages.items():
            tops, bottoms = (_three(np.array(values, dtype=np.float32)) for values in (top, bottom))
            units = np.arange(len(tops))
            made.append(LanguageCounts(language=name, units=units, total=len(units), top=tops, bottom=bottoms))
        rows = made[0].top.shape[1]
        return TargetCounts(
            name="any",
            joint=joint,
            size=len(made[0].units) if joint else sum(len(one.units) for one in made),
            present=np.array([True] * rows if present is None else present),
            languages=tuple(made),
        )

    return make


def _three(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return values[:, :, None] if values.ndim == 2 else values
