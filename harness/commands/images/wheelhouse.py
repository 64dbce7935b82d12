"""``codestilts images wheelhouse``."""

from __future__ import annotations

import click

from harness.commands.images.options import targets_argument


@click.command(epilog="Example: codestilts images wheelhouse wheels --python 3.11 --torch cpu")
@click.argument("folder", type=click.Path(file_okay=False), metavar="DIR")
@targets_argument
@click.option("--python", default="", help="Python of the base image, as 3.12.  [default: this one]")
@click.option(
    "--torch", type=click.Choice(["cpu", "cuda", "none"]), default="cpu", show_default=True, help="Its build."
)
@click.option("--torch-index", metavar="URL", default="", help="PyTorch's CPU wheel index.")
def wheelhouse(folder: str, targets: tuple[str, ...], python: str, torch: str, torch_index: str) -> int:
    """Fill DIR with the wheels of IMAGES, or of all, so that they can be built with no network.

    Bases that bring torch need --torch none.
    """
    import subprocess
    import sys

    from harness import resources

    script = resources.images_dir() / "wheelhouse.py"
    options = ["--python", python, "--torch", torch, "--torch-index", torch_index]
    return subprocess.call([sys.executable, str(script), folder, *targets, *options])
