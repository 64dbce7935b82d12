"""Is a score more than reading nothing gives? A rule of thumb, marked on the pages; intervals are another matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from leaderboard.results import LanguageResult, Result

#: Of the standard normal distribution, the point that one value in twenty exceeds.
_ONE_IN_TWENTY = 1.645


def explained_by_chance(score: float, baseline: float, units: int) -> bool:
    """Is a score not above its baseline, or by no more than the choice of the scored units lifts one in twenty?

    Every unit counts as one trial at the baseline's rate. That is exact for accuracies with one row a unit, and errs on
    the side of chance where a unit holds several rows.
    """
    return score <= baseline + _ONE_IN_TWENTY * math.sqrt(baseline * (1.0 - baseline) / max(1, units))


def at_baseline(per_seed: Sequence[LanguageResult]) -> bool:
    """The same of the mean over all seeds of one language; no where some seed has no baseline."""
    baselines = [one.baseline for one in per_seed if one.baseline is not None]
    if not per_seed or len(baselines) < len(per_seed):
        return False
    score = fmean(one.score for one in per_seed)
    return explained_by_chance(score, fmean(baselines), min(one.units for one in per_seed))


def nowhere_above_baseline(results: Sequence[Result]) -> bool:
    """Is a target's score, at all of its seeds, explained by chance in each of its languages?"""
    return bool(results) and all(
        at_baseline([result.languages[language] for result in results]) for language in results[0].languages
    )
