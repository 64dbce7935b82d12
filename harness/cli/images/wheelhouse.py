"""``codestilts images wheelhouse``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.images.options import chosen, lock_option, targets_argument


@click.command(epilog="Example: codestilts images wheelhouse wheels --python 3.11 --torch cpu")
@click.argument("folder", type=click.Path(file_okay=False), metavar="DIR")
@targets_argument
@lock_option
@click.option("--python", default="", help="Python version of the base image, such as 3.12.  [default: this one]")
@click.option(
    "--torch", type=click.Choice(["cpu", "cuda", "none"]), default="cpu", show_default=True, help="Build of torch."
)
@click.option("--torch-index", metavar="URL", default="", help="PyTorch's CPU wheel index.")
def wheelhouse(
    folder: str, targets: tuple[str, ...], lock: Path | None, python: str, torch: str, torch_index: str
) -> int:
    """Download the wheels of images to DIR, to build them without a network.

    Use --torch none if the base includes torch. The packages of backbones with images of their own are included.
    """
    import subprocess

    from harness import isolated, paths
    from harness.runners.images import lockfile
    from harness.runners.images.targets import Target, addition_of, target_of
    from harness.specs.packages import read_packages

    locked = lockfile.read_lock(lock)
    images = chosen(targets, locked)
    own = [image for image in images if addition_of(image) and target_of(image) is not Target.FETCH]
    files = sorted({read_packages(f"{addition_of(image)}.txt", where=f"image {image}").path for image in own})

    script = paths.images_dir() / "wheelhouse.py"
    options = ["--python", python, "--torch", torch, "--torch-index", torch_index]
    options += [f"--requirements={path}" for path in files]
    targets_wanted = sorted({target_of(image) for image in images})
    return subprocess.call(isolated.python(str(script), folder, *targets_wanted, *options))
