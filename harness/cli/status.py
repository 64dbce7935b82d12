"""``codestilts status``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.options import echo_json, json_option, store_option


@click.command(epilog="Example: codestilts status --json")
@store_option
@json_option
def status(store: Path, as_json: bool) -> int:
    """Show how the last run went: outcome of every stage, failures with class, reason and log file."""
    from harness.errors import StoreError
    from harness.store.ledger import latest_run, read_events

    run = latest_run(store) if (store / "runs").is_dir() else None
    if run is None:
        raise StoreError("no run is recorded", where=str(store), remedy="run a suite, or give the right --store")
    report = summarise(run, list(read_events(store, run)))
    if as_json:
        echo_json(report)
    else:
        _show(report)
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


def _show(report: dict[str, Any]) -> None:
    click.echo(f"Run {report['run']} of suite {report['suite']}: {report['state']}, started {report['started']}.")
    for stage in report["stages"]:
        seconds = f"{stage['seconds']:.1f} s" if stage.get("seconds") else ""
        click.echo(f"  {stage['outcome']:8} {stage['stage']}  {seconds}".rstrip())
    click.echo(", ".join(f"{count} {name}" for name, count in report["counts"].items()))
    for stage in report["failures"]:
        failure = stage["failure"] or {}
        log = f" (log: {failure['log']})" if failure.get("log") else ""
        click.echo(f"Failed: {stage['stage']}: {failure.get('kind')}: {failure.get('reason')}{log}")
