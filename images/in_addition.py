"""What the Dockerfile runs to add a backbone's own packages to an image that has an environment already.

    in_addition.py        put the packages of extra.txt beside the environment, and see that they have what they need

Standard library only, but for ``packaging``, where the image has it.
"""

# ruff: noqa: INP001 - run as a script

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from in_image import BUILD, EXTRA, install_extra
from quiet_pip import InstallError


def main() -> int:
    """Add them; a fault is one sentence and exit code 1."""
    try:
        if "==" in (BUILD / "extra.txt").read_text(encoding="utf-8"):
            install_extra()
            refuse(list(lacks(EXTRA)))
        EXTRA.mkdir(parents=True, exist_ok=True)
    except InstallError as error:
        sys.stderr.write(f"in_image: {error}\n")
        return 1
    return 0


def refuse(lacking: list[str]) -> None:
    """Raise what is lacking, if anything is.

    Raises:
        InstallError: something is.
    """
    if lacking:
        raise InstallError(f"{'; '.join(lacking)}; add it to the backbone's lock.")


def lacks(folder: Path) -> Iterator[str]:
    """What packages in a folder need and find neither there nor in the environment: pip was told not to look."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return
    places = [str(folder), *sys.path]
    for package in metadata.distributions(path=[str(folder)]):
        for needed in map(Requirement, package.requires or ()):
            if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
                continue
            found = next(iter(metadata.distributions(name=needed.name, path=places)), None)
            if found is None or not needed.specifier.contains(found.version, prereleases=True):
                held = f"the image has {found.version}" if found else "the image has none"
                yield f"{package.name} {package.version} needs {needed}, and {held}"


if __name__ == "__main__":
    sys.exit(main())
