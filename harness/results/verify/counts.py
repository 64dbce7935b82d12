"""Scores from counts per resampling unit alone: what can still be checked where predictions are not at hand."""

from __future__ import annotations

from collections.abc import Iterator

from harness.results.findings import Finding
from leaderboard.results import LanguageResult, Result, Units

#: Sums of fractions over units may round in another order than sums over rows.
TOLERANCE = 1e-9


def check_counts(file: str, result: Result, units: Units) -> Iterator[Finding]:
    """Where a result says something else than its counts do."""
    for language in sorted(result.languages.keys() ^ units.languages.keys()):
        which = "no counts" if language in result.languages else "counts, but no score"
        yield Finding(file=file, field=f"languages.{language}", claimed=None, found=f"{which} of this language")
    for language in sorted(result.languages.keys() & units.languages.keys()):
        claimed = result.languages[language]
        for name, value in _counted(units, language).items():
            said = _said(claimed, name)
            if said is not None and abs(said - value) > TOLERANCE:
                at = f"languages.{language}.{name}"
                yield Finding(file=file, field=at, claimed=repr(said), found=f"{value!r} (from the counts)")


def _said(claimed: LanguageResult, name: str) -> float | None:
    part, _, metric = name.partition(".")
    return claimed.metrics.get(metric) if metric else float(getattr(claimed, part))


def _counted(units: Units, language: str) -> dict[str, float]:
    """What the counts of a language say, by field."""
    counts = list(units.languages[language].values())
    sums = [sum(column) for column in zip(*counts, strict=True)] or [0.0] * len(units.columns)
    of = dict(zip(units.columns, sums, strict=True))
    found = {"units": float(len(counts))}
    if "rows" in of:
        found["rows"] = of["rows"]
    if "correct" in of:
        found["score"] = found["metrics.accuracy"] = _ratio(of["correct"], of["rows"])
    elif "tp" in of:
        precision, recall = _ratio(of["tp"], of["predicted"]), _ratio(of["tp"], of["gold"])
        f1 = _ratio(2 * of["tp"], of["predicted"] + of["gold"])
        found |= {"score": f1, "metrics.f1": f1, "metrics.precision": precision, "metrics.recall": recall}
    elif "exact_match" in of:
        exact, f1 = _ratio(of["exact_match"], of["rows"]), _ratio(of["f1"], of["rows"])
        found |= {"score": (exact + f1) / 2, "metrics.exact_match": exact, "metrics.f1": f1}
    return found


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
