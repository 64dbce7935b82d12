"""Python processes that the project starts: none imports modules from the current folder."""

# ruff: noqa: PTH100, PTH109, PTH117, PTH120 - pathlib would be imported before the search path is clean

from __future__ import annotations

import os
import sys

#: Holds our packages: a checkout, or an environment's site-packages.
OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_PACKAGES = ("site-packages", "dist-packages")


def python(*arguments: str) -> list[str]:
    """Command that runs ``-m MODULE``, ``-c CODE`` or a script in a Python like this, apart from the current folder.

    Modules are run through this file, so that they find our packages wherever this process has them. A ``tasks.py`` or
    ``random.py`` of the user's stays unread. A script finds its neighbours first, as always.
    """
    if arguments[0] == "-m":
        return [sys.executable, "-P", os.path.abspath(__file__), *arguments[1:]]
    return [sys.executable, *(["-P"] if arguments[0] == "-c" else []), *arguments]


def search_path(entries: list[str], own: str, here: str | None) -> list[str]:
    """Where a child looks for modules: not in the current folder, and for ours before installed packages.

    Args:
        entries: ``sys.path`` as it is.
        own: folder that holds our packages; the standard library goes before it.
        here: the current folder; it counts only where it is a folder of installed packages itself.
    """
    installed = [entry.endswith(_PACKAGES) for entry in entries]
    kept = [
        entry
        for entry, packages in zip(entries, installed, strict=True)
        if os.path.isabs(entry) and (packages or os.path.realpath(entry) != here)
    ]
    number = next((number for number, entry in enumerate(kept) if entry.endswith(_PACKAGES)), len(kept))
    if own in kept[: number + 1] or own.endswith(_PACKAGES):
        return kept
    return [*kept[:number], own, *kept[number:]]


def _main() -> None:
    """Run the module that the command line names, as ``python -m`` does."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # it has been removed
        here = None
    sys.path[:] = search_path(sys.path, OWN, here)
    del sys.argv[0]
    import runpy

    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
