"""``codestilts run``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from harness.cli.choice import RunnerName, choose
from harness.cli.options import (
    allow_option,
    data_option,
    default_workers,
    device_option,
    echo_json,
    json_option,
    runner_option,
    store_option,
)


@click.command(epilog="Example: codestilts run real-small --data data --workers 2")
@click.argument("suite", required=False)
@runner_option
@device_option
@store_option
@data_option
@click.option("--workers", type=click.IntRange(min=1), help="Stages at once.  [default: one a core]")
@click.option("--gpus", metavar="LIST", help="GPUs to use, by number or id, such as 0,2.  [default: all]")
@click.option("--stage-memory", type=click.FloatRange(min=0.1), metavar="GIB", help="Most memory of a container.")
@click.option("--stage-output", type=click.FloatRange(min=0.001), metavar="GIB", help="Most that a stage may write.")
@click.option("--stage-hours", type=click.FloatRange(min=0.001), metavar="HOURS", help="Deadline of every stage.")
@click.option(
    "--only", multiple=True, metavar="GLOB", help="Run only the stages whose names match, and what they need."
)
@click.option("--force", multiple=True, metavar="GLOB", help="Run the stages whose names match even if they are kept.")
@allow_option
@click.option("--smoke", is_flag=True, help="20 rows a task through every stage; before days of compute.")
@click.option("--keep-weights", is_flag=True, help="Keep fine-tuned weights after their predictions are made.")
@click.option("--keep-going/--fail-fast", default=True, show_default=True, help="After a failure, go on with what can.")
@json_option
def run(
    suite: str | None,
    runner: RunnerName | None,
    device: Literal["cpu", "cuda"] | None,
    store: Path,
    data: Path | None,
    workers: int | None,
    gpus: str | None,
    stage_memory: float | None,
    stage_output: float | None,
    stage_hours: float | None,
    only: tuple[str, ...],
    force: tuple[str, ...],
    allowed: tuple[str, ...],
    smoke: bool,
    keep_weights: bool,
    keep_going: bool,
    as_json: bool,
) -> int:
    """Run SUITE (a shipped name or a path): ready stages run in parallel, finished stages are reused.

    Without SUITE, one is chosen for this machine, and the first line says which and why.
    """
    from harness.cli.display import make_display
    from harness.run.suite import Request, run_suite

    count = workers or default_workers()
    display = make_display(count)
    choice = choose(suite, runner, device)
    display.say(str(choice))
    request = Request(
        suite=choice.suite,
        store=store,
        workers=count,
        runner=choice.runner,
        device=device,
        gpus=tuple(part.strip() for part in gpus.split(",") if part.strip()) if gpus is not None else None,
        stage_memory=int(stage_memory * 2**30) if stage_memory else None,
        stage_output=int(stage_output * 2**30) if stage_output else None,
        stage_seconds=stage_hours * 3600 if stage_hours else None,
        data=data,
        only=only,
        force=force,
        allowed=allowed,
        smoke=smoke,
        keep_weights=keep_weights,
        fail_fast=not keep_going,
    )
    report = run_suite(request, display)
    if as_json:
        echo_json(report.to_json())
    else:
        _show(report.folder, report.page, report.counts(), report.to_json()["failures"])
    return report.exit_code


def _show(results: Path, page: Path, counts: dict[str, int], failures: list[dict[str, str]]) -> None:
    import shutil

    from leaderboard.text import summary

    click.echo(summary(results, shutil.get_terminal_size((100, 24)).columns))
    click.echo("Stages: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count))
    for failure in failures:
        log = f" (log: {failure['log']})" if failure.get("log") else ""
        click.echo(f"Failed: {failure['stage']}: {failure['kind']}: {failure['reason']}{log}")
    click.echo(f"Leaderboard: {page.resolve()}")
