"""Results beside XTREME's own label files, which know neither resampling units nor what was counted on the way."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.results.findings import Finding
from harness.results.xtreme.export import submission_file
from harness.results.xtreme.layout import xtreme_tasks
from harness.results.xtreme.score import headline, score_file
from leaderboard.results import Result

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
