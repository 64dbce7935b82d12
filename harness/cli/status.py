"""``codestilts status``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.columns import counts_by_phase
from harness.cli.options import echo_json, json_option, store_option

#: Stages that are named without ``--all``: so many that took longest, and the new ones of a phase that has no more.
_NAMED = 5


@click.command(epilog="Example: codestilts status --json")
@store_option
@click.option("--all", "everything", is_flag=True, help="List every stage with its outcome.")
@json_option
def status(store: Path, everything: bool, as_json: bool) -> int:
    """Show how the last run went: counts by phase, what is new, what took longest, and what failed.

    A failure is shown with its class, reason and log file.
    """
    from harness.errors import StoreError
    from harness.store.ledger import latest_run, read_events

    run = latest_run(store) if (store / "runs").is_dir() else None
    if run is None:
        raise StoreError("no run is recorded", where=str(store), remedy="run a suite, or give the right --store")
    report = summarise(run, list(read_events(store, run)))
    if as_json:
        echo_json(report)
    else:
        _show(report, everything=everything)
    return 1 if report["failures"] else 0


def summarise(run: str, events: list[Any]) -> dict[str, Any]:
    """The state of a run from its ledger; a run without an end was killed or is still going."""
    stages: dict[str, dict[str, Any]] = {}
    start: dict[str, Any] = {}
    end: dict[str, Any] | None = None
    for event in events:
        match event["event"]:
            case "start":
                start = dict(event)
            case "begun":
                stages[event["key"]] = {"stage": event["stage"], "outcome": "running", "reason": event["reason"]}
            case "ended":
                stages[event["key"]] = {
                    name: event.get(name)
                    for name in ("stage", "outcome", "reason", "seconds", "peak_memory", "failure", "at_fault")
                }
            case "end":
                end = dict(event)
    counts: dict[str, int] = {}
    for stage in stages.values():
        counts[stage["outcome"]] = counts.get(stage["outcome"], 0) + 1
    state = (
        "interrupted" if end and end["interrupted"] else "finished" if end else "unfinished (killed, or still going)"
    )
    return {
        "run": run,
        "suite": start.get("suite"),
        "state": state,
        "started": start.get("time"),
        "ended": end["time"] if end else None,
        "counts": dict(sorted(counts.items())),
        "failures": [stage for stage in stages.values() if stage["outcome"] == "failed"],
        "stages": sorted(stages.values(), key=lambda stage: stage["stage"]),
    }


def _show(report: dict[str, Any], *, everything: bool) -> None:
    click.echo(f"Run {report['run']} of suite {report['suite']}: {report['state']}, started {report['started']}.")
    if everything:
        for stage in report["stages"]:
            seconds = f"{stage['seconds']:.1f} s" if stage.get("seconds") else ""
            click.echo(f"  {stage['outcome']:8} {stage['stage']}  {seconds}".rstrip())
    else:
        for line in counts_by_phase((_phase(stage), stage["outcome"]) for stage in report["stages"]):
            click.echo(line)
        _show_names(report["stages"])
    click.echo(", ".join(f"{count} {name}" for name, count in report["counts"].items()))
    for stage in report["failures"]:
        failure = stage["failure"] or {}
        log = f" (log: {failure['log']})" if failure.get("log") else ""
        click.echo(f"Failed: {stage['stage']}: {failure.get('kind')}: {failure.get('reason')}{log}")


def _show_names(stages: list[dict[str, Any]]) -> None:
    """The stages that are new or running, by phase, and those that took longest."""
    for outcome, label in (("done", "New"), ("running", "Running")):
        by_phase: dict[str, list[str]] = {}
        for stage in stages:
            if stage["outcome"] == outcome:
                by_phase.setdefault(_phase(stage), []).append(stage["stage"])
        for phase, names in by_phase.items():
            short = len(names) <= _NAMED
            click.echo(f"{label}: {', '.join(names) if short else f'{len(names)} of {phase} (--all lists them)'}")
    timed = sorted((stage for stage in stages if stage.get("seconds")), key=lambda stage: -stage["seconds"])
    for stage in timed[:_NAMED]:
        click.echo(f"Took longest: {stage['stage']}  {stage['seconds']:.1f} s")


def _phase(stage: dict[str, Any]) -> str:
    return str(stage["stage"]).partition("/")[0]
