"""``codestilts images build``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.images.options import chosen, lock_option, targets_argument
from harness.cli.options import default_workers, echo_json, json_option, store_option


@click.command(epilog="Example: codestilts images build train retrieve --wheelhouse wheels")
@targets_argument
@lock_option
@click.option("--wheelhouse", type=click.Path(path_type=Path), help="Install from this folder, without a network.")
@click.option("--ca-bundle", type=click.Path(path_type=Path), help="Certificates to trust behind a TLS proxy.")
@click.option("--network", type=click.Choice(["default", "host"]), default="default", help="Network of the build.")
@click.option("--torch-index", metavar="URL", default="", help="PyTorch's CPU wheel index, for --torch cpu.")
@store_option
@click.option("--force", is_flag=True, help="Rebuild existing images without the engine's cache.")
@json_option
def build(
    targets: tuple[str, ...],
    lock: Path | None,
    wheelhouse: Path | None,
    ca_bundle: Path | None,
    network: str,
    torch_index: str,
    store: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Build the locked images that are missing.

    The files of a backbone with an image of its own come from the store, and are fetched into it first if missing.
    """
    from dataclasses import asdict

    from harness import progress
    from harness.runners.images import engine, lockfile
    from harness.runners.images.build import build, weights_needed
    from harness.runners.images.folder import PackageSources, Wheelhouse

    locked = lockfile.read_lock(lock)
    images = chosen(targets, locked)
    client = engine.connect()
    supplies = PackageSources(
        wheelhouse=Wheelhouse(wheelhouse) if wheelhouse else None,
        ca_bundle=ca_bundle,
        network=network,
        torch_index=torch_index,
        weights=_weights(weights_needed(client, locked, images, force=force), store),
    )
    found = []
    for target in images:
        with progress.progress(f"images build {target}") as say:
            built = build(client, locked, target, supplies, say, force=force)
        found.append(built)
        if not as_json:
            how = f"built in {built.seconds:.0f} s" if built.made else "was there"
            click.echo(f"{built.reference}  {built.size / 1e6:.0f} MB  {built.id[7:19]}  {how}")
    if as_json:
        echo_json([asdict(built) for built in found])


def _weights(backbones: Sequence[str], store: Path) -> dict[str, Path]:
    """Return the folder of each backbone's files, fetching them into the store if missing."""
    from harness.cli.display import make_display
    from harness.plan.checkpoint import plan_fetch
    from harness.run.checkpoints import ensure_checkpoint
    from harness.store.artifacts import Store

    held, workers = Store(store), default_workers()
    return {
        name: ensure_checkpoint(plan_fetch(name, store=held.root), held, workers, make_display(workers))
        for name in backbones
    }
