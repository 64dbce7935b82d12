"""Statistics beside results: made again from the counts per unit, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.context import Progress
from harness.results.findings import Finding, Verdict, compare, refused
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE, read_language_statistics, read_statistics
from leaderboard.stats import compute
from leaderboard.stats.settings import Settings
from tasks.errors import UserError


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
