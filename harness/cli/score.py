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
@click.option("--predictions", type=_FOLDER, required=True, help="Folder of TASK/test-LANG files, XTREME's submission.")
@click.option("--labels", type=_FOLDER, required=True, help="The same for the labels.")
@click.option("--partial", is_flag=True, help="Leave languages out that lack a file, and the averages they belong to.")
@click.option("--unanswered", is_flag=True, help="Count questions without a prediction as wrong, as evaluate.py does.")
@json_option
def score(predictions: Path, labels: Path, partial: bool, unanswered: bool, as_json: bool) -> None:
    """Score a submission as XTREME's evaluate.py does; --json prints what that writes.

    Scores are on its scale from 0 to 100. Means are given only where nothing is missing.
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
