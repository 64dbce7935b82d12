"""``codestilts store``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import data_option, echo_json, json_option, store_option


@click.group()
def store() -> None:
    """Verify or clean the store of results."""


@store.command(epilog="Example: codestilts store verify --store store")
@store_option
@json_option
def verify(store: Path, as_json: bool) -> int:
    """Rehash every artifact and list the damaged ones.

    'codestilts run SUITE --force STAGE' repairs an artifact by running its stage again.
    """
    from harness.store.artifacts import State
    from harness.store.cleaning import verify_all

    found = verify_all(_existing(store))
    damaged = [entry for entry in found if entry.held.state is State.CORRUPT]
    if as_json:
        echo_json(
            [
                {"key": entry.key, "stage": entry.name, "state": entry.held.state.value, "problem": entry.held.problem}
                for entry in found
            ]
        )
    else:
        for entry in damaged:
            click.echo(f"damaged  {entry.key[:8]}  {entry.name}  {entry.held.problem}")
        click.echo(f"{len(found)} artifacts, {len(damaged)} damaged.")
    return 1 if damaged else 0


@store.command(epilog="Example: codestilts store gc --dry-run mini")
@click.argument("suites", nargs=-1)
@store_option
@data_option
@click.option("--dry-run", is_flag=True, help="Report the artifacts; remove nothing.")
@json_option
def gc(suites: tuple[str, ...], store: Path, data: Path | None, dry_run: bool, as_json: bool) -> None:
    """Remove leftovers, damaged artifacts, and artifacts of no SUITE.

    Leftovers are files of interrupted runs. Without SUITES, every undamaged artifact is kept.
    """
    from harness.plan.stats import stats_name
    from harness.plan.suite import RunLocation, plan_suite
    from harness.runners.hosts import bases
    from harness.runners.images.lockfile import lock_path
    from harness.specs.backbone import FLAGS
    from harness.store.cleaning import collect

    keep: set[str] | None = None
    if suites:
        # Wherever a suite was run: its stages in containers have keys of their own.
        wheres = [RunLocation(), *([RunLocation(bases=bases("docker"))] if lock_path().is_file() else [])]
        plans = [
            plan_suite(name, data_dir=data, store=store, where=where, allowed=FLAGS).plan
            for name in suites
            for where in wheres
        ]
        keep = {stage.key for plan in plans for stage in plan.stages}
    held = _existing(store)
    if keep is not None:  # in no plan beforehand: known by name
        names = {stats_name(plan.suite) for plan in plans}
        keep |= {key for key in held if (found := held.look(key).manifest) is not None and found.name in names}
    with held.locked(lambda holder: click.echo(f"{holder} is using the store; waiting.", err=True)):
        found = collect(held, keep, dry_run=dry_run)
    if as_json:
        echo_json([{"what": item.what, "why": item.why, "bytes": item.size} for item in found])
        return
    for item in found:
        click.echo(f"{'would remove' if dry_run else 'removed'}  {item.what}  ({item.why}, {item.size / 1e6:.1f} MB)")
    click.echo(f"{len(found)} items, {sum(item.size for item in found) / 1e6:.1f} MB.")


def _existing(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Store is imported late
    from harness.errors import StoreError
    from harness.store.artifacts import Store

    if not (path / "store.json").is_file():
        raise StoreError("is not a store", where=str(path), remedy="give the right --store")
    return Store(path)
