"""``codestilts images build``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.images.options import lock_option, targets_argument
from harness.commands.options import echo_json, json_option


@click.command(epilog="Example: codestilts images build train retrieve --wheelhouse wheels")
@targets_argument
@lock_option
@click.option("--wheelhouse", type=click.Path(path_type=Path), help="Install from this folder, with no network at all.")
@click.option("--ca-bundle", type=click.Path(path_type=Path), help="Certificates to trust, behind a TLS proxy.")
@click.option("--network", type=click.Choice(["default", "host"]), default="default", help="The build's network.")
@click.option("--torch-index", metavar="URL", default="", help="PyTorch's CPU wheel index, for --torch cpu.")
@click.option("--force", is_flag=True, help="Build what is there already, without the engine's cache.")
@json_option
def build(
    targets: tuple[str, ...],
    lock: Path | None,
    wheelhouse: Path | None,
    ca_bundle: Path | None,
    network: str,
    torch_index: str,
    force: bool,
    as_json: bool,
) -> None:
    """Build IMAGES, or all of them, as the lock says. What is there already stays."""
    from dataclasses import asdict

    from harness import console
    from harness.images import engine, lockfile
    from harness.images.build import build
    from harness.images.folder import Supplies
    from harness.images.targets import Target
    from harness.images.wheels import Wheelhouse

    locked = lockfile.read_lock(lock)
    supplies = Supplies(
        wheelhouse=Wheelhouse(wheelhouse) if wheelhouse else None,
        ca_bundle=ca_bundle,
        network=network,
        torch_index=torch_index,
    )
    client = engine.connect()
    found = []
    for target in [Target(name) for name in targets] or list(Target):
        with console.progress(f"images build {target}") as say:
            built = build(client, locked, target, supplies, say, force=force)
        found.append(built)
        if not as_json:
            how = f"built in {built.seconds:.0f} s" if built.made else "was there"
            click.echo(f"{built.reference}  {built.size / 1e6:.0f} MB  {built.id[7:19]}  {how}")
    if as_json:
        echo_json([asdict(built) for built in found])
