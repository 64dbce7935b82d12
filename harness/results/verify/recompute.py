"""Numbers computed again: scores from counts per unit, from other people's labels, and statistics from results."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.context import Progress
from harness.results.findings import Finding, Verdict, compare, refused
from harness.results.xtreme.export import submission_file
from harness.results.xtreme.layout import xtreme_tasks
from harness.results.xtreme.score import headline, score_file
from leaderboard.results import LanguageResult, Result, Units
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE, read_language_statistics, read_statistics
from leaderboard.stats import compute
from leaderboard.stats.settings import Settings
from tasks.errors import UserError

#: Per cent and back.
TOLERANCE = 1e-9


def check_labels(file: str, target: str, result: Result, predictions: Path, labels: Path) -> list[Finding] | None:
    """Where a result's scores are not those of its predictions against ``labels/TASK/test-LANG``; None: cannot be told.

    Tatoeba cannot: XTREME sorts its English sentences by text, and a submission holds no text.

    Raises:
        DataError: predictions or labels are not as they should be, or do not belong together.
    """
    task = xtreme_tasks()[target]
    if target == "tatoeba":
        return None
    found: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="codestilts-labels-") as name:
        for language, claimed in sorted(result.languages.items()):
            given = Path(name) / task.file(language)
            given.write_text(submission_file(task, language, predictions, Path(name)), encoding="utf-8", newline="\n")
            scores = score_file(task, language, given, labels / target / task.file(language))
            shares = {metric: value / 100 for metric, value in scores.items()}
            values = {f"metrics.{metric}": value for metric, value in shares.items()}
            values["score"] = headline(shares)
            for field, value in values.items():
                metric = field.removeprefix("metrics.")
                said = claimed.score if field == "score" else claimed.metrics.get(metric)
                if said is not None and abs(said - value) > TOLERANCE:
                    at = f"languages.{language}.{field}"
                    found.append(Finding(file=file, field=at, claimed=repr(said), found=repr(value)))
    return found


def check_statistics(results: Path, verdict: Verdict, told: Progress) -> Iterator[Finding]:
    """Where the statistics of a results folder are not those of its counts; nothing where it has none.

    They are computed with the settings of this version alone: others are told of, so that nobody can ask for a week's
    work by writing a large number into a file.
    """
    try:
        claimed, languages = read_statistics(results), read_language_statistics(results)
        if claimed is None and languages is None:
            return
        ours = Settings()
        if claimed is not None and any(getattr(claimed.method, name) != value for name, value in ours):
            verdict.trust(f"{STATISTICS_FILE}: it was made with other settings than here")
            return
        again, again_languages = compute.of_folder(results, ours, told)
    except UserError as error:
        yield refused(error)
        return
    for file, theirs, own in ((STATISTICS_FILE, claimed, again), (LANGUAGES_FILE, languages, again_languages)):
        if theirs is not None:
            yield from compare(file, theirs.model_dump(mode="json"), own.model_dump(mode="json"))


#: Sums of fractions over units may round in another order than sums over rows.


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
