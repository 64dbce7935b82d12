"""``codestilts images lock``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.images.options import lock_option

if TYPE_CHECKING:
    from harness.runners.images.lockfile import TorchBuild


@click.command(epilog="Example: codestilts images lock --base codestilts-base:bookworm --torch cpu")
@lock_option
@click.option("--base", metavar="IMAGE", help="Base of all images: name:tag@sha256:..., or a local image.")
@click.option("--torch-base", metavar="IMAGE", help="Base of train and retrieve, if different.")
@click.option("--torch", type=click.Choice(["base", "cpu", "cuda"]), help="Use the base's torch, or add a build.")
@click.option("--source", default="", help="Source of the base's digest, for the record.")
@click.option("--ids", is_flag=True, help="Also pin the ids of the engine's images.")
@click.option("--published", metavar="REGISTRY", help="Also pin the images' digests in this registry.")
@click.option(
    "--pin", "names", multiple=True, metavar="NAME", help="Pin a backbone whose spec says UNPINNED, or all of them."
)
@click.option("--repin", "again", multiple=True, metavar="NAME", help="Pin again, at a possibly newer commit.")
def lock(
    lock: Path | None,
    base: str | None,
    torch_base: str | None,
    torch: TorchBuild | None,
    source: str,
    ids: bool,
    published: str | None,
    names: tuple[str, ...],
    again: tuple[str, ...],
) -> int:
    """Update images.lock.yaml: bases, dependency locks and image recipes.

    Settings not given stay as they are in the lock. Backbones whose specs list packages (requirements) or include
    their files (bake) get images of their own; exit code 1 if one of these cannot be locked. Only --pin and --repin
    need a network: they ask the hub for the commit of the model's main branch.
    """
    from harness import progress
    from harness.runners.images import engine, lockfile
    from harness.runners.images.additions import wanted
    from harness.runners.images.pins import base_from, relocked, with_ids, with_pins, with_published
    from harness.runners.images.registry import published_in
    from harness.specs.catalog import Catalog

    path = lock or lockfile.lock_path()
    additions, faults = wanted(Catalog())
    made = relocked(
        lockfile.read_lock(path) if path.is_file() else None,
        plain=base_from(base, source, engine.connect) if base else None,
        torch=base_from(torch_base, source, engine.connect) if torch_base else None,
        torch_build=torch,
        additions=additions,
    )
    if ids:
        made = with_ids(made, engine.connect())
    if published:
        client = engine.connect()
        made = with_published(made, published_in(client, made, published))
    if names or again:
        with progress.progress("images lock") as note:
            made, said = with_pins(made, Catalog(), names, again, lambda text: note(0.0, text))
        for sentence in said:
            click.echo(sentence)
    changed = lockfile.write_lock(made, path)
    click.echo(f"{path}: {'written' if changed else 'it said so already'}.")
    for fault in faults:
        click.echo(f"left out: {fault}", err=True)
    return 1 if faults else 0
