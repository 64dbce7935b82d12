"""Sentences on the assumptions of the statistics, and their limits."""

from __future__ import annotations

from leaderboard.stats.columns import SPARSE
from leaderboard.stats.counts import TargetCounts
from leaderboard.stats.design import Target
from leaderboard.stats.settings import Settings

#: With fewer informative units in a language than this, the simulation in docs/statistics.md misses a bar.
FEW_UNITS = 60

_TYPES = {
    "bitext_mining": (
        "Conditional on what was mined: pairs, layer and threshold are held fixed, and source sentences are drawn with "
        "the pairs they are in."
    ),
    "sentence_retrieval": "Conditional on the sentences searched: the candidates are held fixed, queries are drawn.",
    "token_tagging": "Sentences of one document count as independent: the files do not say which belong together.",
}
_UNITS = {
    "pair": "Pairs count as independent, also those that share a sentence.",
    "paragraph": "Paragraphs of one article count as independent.",
}


def of_target(target: Target) -> tuple[str, ...]:
    """Describe how a target's items were drawn, and the assumptions."""
    if target.parallel:
        drawn = f"One draw of {_plural(target.unit)} serves all languages, because they hold the same items."
    elif target.partly_parallel:
        drawn = (
            f"One draw serves all languages: {_plural(target.unit)} that share an item, directly or through others, "
            "are one unit in every language that has it."
        )
    else:
        drawn = f"Every language has {_plural(target.unit)} of its own, drawn apart."
    more = _TYPES.get(target.type) or _UNITS.get(target.unit)
    return (drawn, more) if more else (drawn,)


def caution(counts: TargetCounts) -> str:
    """Return a caution if there are too few units for the nominal coverage, else the empty string."""
    few = [one.language for one in counts.languages if one.informative() < FEW_UNITS]
    if not few:
        return ""
    return (
        f"Fewer than {FEW_UNITS} units count anything in {', '.join(few)}: in simulations of such sizes 95% intervals "
        "and tests missed their bars, so read these as rough."
    )


def of_method(settings: Settings, seeds: int) -> tuple[str, ...]:
    """How intervals and tests were made."""
    percent = f"{settings.confidence:.0%}"
    items = f"Item variance is that of {settings.resamples:,} bootstrap draws of whole units"
    if seeds == 1:
        training = (
            f"{items}. There is one seed, so intervals and tests are about other test items only: nothing is said of "
            "training again."
        )
    else:
        training = (
            f"{items}; the variance between seeds is pooled over the rows of a column and added. Seeds are taken to "
            "vary alike in all rows on the scale of log-odds, so the nearer a score is to one half, the more it varies."
        )
    return (
        f"Intervals are {percent} intervals by t quantiles. {training}",
        "Both sides of a difference are scored on the same draws.",
        (
            f"Tests are two-sided t tests of the same standard errors; where at most {SPARSE} units differ, sign flips "
            f"are made as well ({settings.flips:,}, or all there are) and the larger p-value stands."
        ),
        (
            "p-values are adjusted by Holm's method within the family named, and by Benjamini and Hochberg's for "
            "single languages, which are explored and not claimed. "
            f"Significant means adjusted p below {settings.level:g}."
        ),
        "Intervals are not corrected for how many there are.",
        "A row's rank interval leaves out the rows that differ from it, all comparisons of that row taken together.",
    )


def _plural(unit: str) -> str:
    return f"{unit}s"
