"""The scores of one target by language, with counts and baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.chance import at_baseline
from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import LanguageResult, TargetInfo
from leaderboard.scores import mean, spread

#: Above this share of pieces that the tokenizer does not know, a score says little about the language.
UNKNOWN_LIMIT = 0.2


@dataclass(frozen=True, kw_only=True)
class LanguageScore:
    """A row's score in one language: the mean over all seeds, or None if one is missing."""

    value: float | None
    spread: float | None
    mostly_unknown: bool  # more than UNKNOWN_LIMIT of the text's pieces are unknown to the tokenizer, at some seed
    at_baseline: bool  # above the mean of its baselines by no more than chance explains


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Smallest and largest counts in one language over all results of the target; they should be equal."""

    rows: tuple[int, int] | None
    units: tuple[int, int] | None
    baseline: tuple[float, float] | None


def language_scores(folder: ResultsFolder, backbone: str, recipe: str, target: TargetInfo) -> dict[str, LanguageScore]:
    """A row's scores on one target, in the order of its languages."""
    results = [folder.results.get(CellKey(backbone, recipe, target.name, seed)) for seed in folder.suite.seeds]
    return {
        language: _language([result.languages[language] if result else None for result in results])
        for language in target.languages
    }


def _language(per_seed: Sequence[LanguageResult | None]) -> LanguageScore:
    values = [None if one is None else one.score for one in per_seed]
    value = mean(values)
    there = [one for one in per_seed if one is not None]
    return LanguageScore(
        value=value,
        spread=spread(values),
        mostly_unknown=any((one.unknown or 0.0) > UNKNOWN_LIMIT for one in there),
        at_baseline=value is not None and at_baseline(there),
    )


def scored(folder: ResultsFolder) -> Mapping[str, Mapping[str, Scored]]:
    """For each target and language, how much was scored and the baseline. One pass over all results."""
    seen: dict[str, dict[str, list[LanguageResult]]] = {
        target.name: {language: [] for language in target.languages} for target in folder.suite.targets
    }
    for key, result in folder.results.items():
        for language, one in result.languages.items():
            seen[key.target][language].append(one)
    return {target: {name: _scored(found) for name, found in by.items()} for target, by in seen.items()}


def _scored(found: Sequence[LanguageResult]) -> Scored:
    baselines = [one.baseline for one in found if one.baseline is not None]
    return Scored(
        rows=(min(one.rows for one in found), max(one.rows for one in found)) if found else None,
        units=(min(one.units for one in found), max(one.units for one in found)) if found else None,
        baseline=(min(baselines), max(baselines)) if baselines else None,
    )
