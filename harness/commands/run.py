"""``codestilts run``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import data_option, default_workers, echo_json, json_option, store_option

DEFAULT_SUITE = "mini"


@click.command(epilog="Example: codestilts run real-small --data data --workers 2")
@click.argument("suite", required=False)
@click.option("--runner", type=click.Choice(["local"]), default=None, help="Where stages run.  [default: local]")
@store_option
@data_option
@click.option("--workers", type=click.IntRange(min=1), help="Stages at once.  [default: one a core]")
@click.option(
    "--only", multiple=True, metavar="GLOB", help="Run only the stages whose names match, and what they need."
)
@click.option("--force", multiple=True, metavar="GLOB", help="Run the stages whose names match even if they are kept.")
@click.option("--smoke", is_flag=True, help="20 rows a task through every stage; before days of compute.")
@click.option("--keep-weights", is_flag=True, help="Keep fine-tuned weights after their predictions are made.")
@click.option("--keep-going/--fail-fast", default=True, show_default=True, help="After a failure, go on with what can.")
@json_option
def run(
    suite: str | None,
    runner: str | None,
    store: Path,
    data: Path | None,
    workers: int | None,
    only: tuple[str, ...],
    force: tuple[str, ...],
    smoke: bool,
    keep_weights: bool,
    keep_going: bool,
    as_json: bool,
) -> int:
    """Run SUITE (a shipped name or a path): what is missing is made, what is there is kept.

    Without SUITE, one is chosen for this machine, and the first line says which and why.
    """
    from harness.display import make_display
    from harness.run import Request, run_suite

    count = workers or default_workers()
    display = make_display(count)
    display.say(_first_line(suite, runner))
    request = Request(
        suite=suite or DEFAULT_SUITE,
        store=store,
        workers=count,
        data=data,
        only=only,
        force=force,
        smoke=smoke,
        keep_weights=keep_weights,
        fail_fast=not keep_going,
    )
    report = run_suite(request, display)
    if as_json:
        echo_json(report.to_json())
    else:
        _show(report.results, report.page, report.counts(), report.to_json()["failures"])
    return 1 if report.failed else 0


def _first_line(suite: str | None, runner: str | None) -> str:
    """Which suite and runner, and why."""
    if suite is not None:
        how = "as asked" if runner else "the only runner of this version"
        return f"Suite {suite} on the local runner ({how})."
    from harness.doctor import docker_gpus

    found = docker_gpus()
    why = (
        "no Docker engine with GPUs was found here"
        if not found
        else f"{found}, but this version runs stages on the local runner only"
    )
    return f"Suite {DEFAULT_SUITE} on the local runner: no suite was asked for, and {why}."


def _show(results: Path, page: Path, counts: dict[str, int], failures: list[dict[str, str]]) -> None:
    import shutil

    from leaderboard.text import summary

    click.echo(summary(results, shutil.get_terminal_size((100, 24)).columns))
    click.echo("Stages: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count))
    for failure in failures:
        log = f" (log: {failure['log']})" if failure.get("log") else ""
        click.echo(f"Failed: {failure['stage']}: {failure['kind']}: {failure['reason']}{log}")
    click.echo(f"Leaderboard: {page.resolve()}")
