"""``codestilts plan``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

import click

from harness.cli.choice import RunnerName
from harness.cli.columns import counts_by_phase
from harness.cli.options import (
    allow_option,
    data_option,
    device_option,
    echo_json,
    json_option,
    runner_option,
    store_option,
)

#: Stages that are listed one by one without ``--all``.
_LISTED = 40


@click.command(epilog="Example: codestilts plan mini")
@click.argument("suite")
@runner_option
@device_option
@store_option
@data_option
@click.option("--force", multiple=True, metavar="GLOB", help="As for run.")
@click.option("--only", multiple=True, metavar="GLOB", help="As for run.")
@allow_option
@click.option("--smoke", is_flag=True, help="As for run.")
@click.option("--all", "everything", is_flag=True, help=f"List every stage, also of more than {_LISTED}.")
@json_option
def plan(
    suite: str,
    runner: RunnerName | None,
    device: Literal["cpu", "cuda"] | None,
    store: Path,
    data: Path | None,
    force: tuple[str, ...],
    only: tuple[str, ...],
    allowed: tuple[str, ...],
    smoke: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """List the stages of SUITE in order, with the reason each would run, and what all of it would take.

    A plan of many stages is shown as counts by phase, with the stages that would run if they are few. Nothing is run or
    written. A suite whose rows are not there has no stages to list yet; what it would take is told.
    """
    from harness.data.release import MissingRowsError
    from harness.plan.cost import format_estimate, gpu_hours
    from harness.plan.suite import RunLocation, plan_suite
    from harness.run.explain import matching_stages, selected_stages
    from harness.run.scheduler import foretell
    from harness.runners.hosts import bases
    from harness.store.artifacts import Store

    place = RunLocation(bases=bases(runner or "local"), device=device)
    held_at = store if (store / "store.json").is_file() else None
    try:
        planned = plan_suite(suite, data_dir=data, smoke=smoke, store=held_at, where=place, allowed=allowed).plan
    except MissingRowsError:
        if not as_json:
            there = plan_suite(
                suite, data_dir=data, smoke=smoke, store=held_at, where=place, allowed=allowed, unread=True
            ).plan
            click.echo(
                f"{len(there.stages)} stages, once its rows are there. {format_estimate(there.stages) or ''}".rstrip()
            )
        raise
    held = Store(store) if held_at else None
    forced = matching_stages(planned, force, "--force")
    decisions = foretell(planned, held, forced, selected_stages(planned, only))
    if as_json:
        echo_json(
            [
                {
                    "stage": stage.name,
                    "phase": stage.phase.value,
                    "key": stage.key,
                    "inputs": dict(stage.inputs),
                    "runs": decisions[stage.key].runs,
                    "reason": decisions[stage.key].reason.value,
                    "detail": decisions[stage.key].detail,
                    "cost": round(stage.cost, 1),
                    "gpu_hours": round(gpu_hours([stage]), 3),
                }
                for stage in planned.stages
            ]
        )
        return
    running = [stage for stage in planned.stages if decisions[stage.key].runs]
    listed = planned.stages
    if not everything and len(planned.stages) > _LISTED:
        listed = tuple(running) if len(running) <= _LISTED else ()
        for line in counts_by_phase((stage.phase, decisions[stage.key].reason) for stage in planned.stages):
            click.echo(line)
    for stage in listed:
        click.echo(f"{stage.key[:8]}  {stage.name}  {decisions[stage.key]}")
    counts = Counter(decisions[stage.key].reason.value for stage in planned.stages)
    hint = "" if len(listed) == len(planned.stages) else " (--all lists them)"
    click.echo(
        f"{len(planned.stages)} stages: " + ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) + hint
    )
    sentence = format_estimate(running)
    if sentence:
        click.echo(sentence)
