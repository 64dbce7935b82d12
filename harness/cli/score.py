"""``codestilts score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import echo_json, json_option

if TYPE_CHECKING:
    from harness.results.xtreme.score import Report

_FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: codestilts score --predictions submission --labels labels --json")
@click.option("--predictions", type=_FOLDER, required=True, help="Submission: folder of TASK/test-LANG files.")
@click.option("--labels", type=_FOLDER, required=True, help="Folder of labels in the same layout.")
@click.option("--partial", is_flag=True, help="Skip missing languages and the averages over them.")
@click.option("--unanswered", is_flag=True, help="Count missing answers as wrong, as evaluate.py does.")
@json_option
def score(predictions: Path, labels: Path, partial: bool, unanswered: bool, as_json: bool) -> None:
    """Score a submission as XTREME's evaluate.py does.

    Scores are on a scale from 0 to 100. Averages are given only if no language is missing. --json prints evaluate.py's
    own keys.
    """
    from harness.progress import progress
    from harness.results.xtreme.score import score_submission

    with progress("scoring") as told:
        report = score_submission(predictions, labels, partial=partial, unanswered=unanswered, told=told)
    for name in report.ignored:
        click.echo(f"codestilts: {name} is not scored: it is no task of XTREME, or has no labels.", err=True)
    if as_json:
        echo_json(report.to_json())
    else:
        click.echo("\n".join(_lines(report)))


def _lines(report: Report) -> list[str]:
    found = []
    for name, scores in report.tasks.items():
        if "avg_metric" in scores:
            averages = [
                f"{metric.removeprefix('avg_')} {value:.1f}"
                for metric, value in scores.items()
                if metric.startswith("avg_") and metric != "avg_metric"
            ]
            found.append(f"{name:10} {scores['avg_metric']:5.1f}  {', '.join(averages)}")
        else:
            missing = report.missing[name]
            found.append(f"{name:10}     -  no mean: {', '.join(missing)} missing")
    if report.groups:
        found += ["", *(f"{group:14} {value:5.1f}" for group, value in report.groups.items())]
    return found
