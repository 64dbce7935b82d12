"""docs/dependencies.md, the .in files and the code's imports say the same."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("harness", "tasks", "leaderboard", "images", "benchmarks")
#: Locked for the packages that they bring, imported nowhere.
NOT_IMPORTED = {"datasets"}


def asked_for(*names: str) -> set[str]:
    """Packages that .in files name themselves."""
    lines = [line for name in names for line in (ROOT / f"images/locks/{name}.in").read_text("utf-8").splitlines()]
    return {canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith(("#", "-r"))}


RUN = asked_for("common", "fetch", "train", "retrieve", "report", "local")
DEV = asked_for("dev")


def documented(heading: str) -> set[str]:
    """Packages in the first column of the table below a heading."""
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([^|]+) \|", text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0])
    return {canonicalize_name(name) for row in rows[2:] for name in row.split(", ")}


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """Third-party modules by their top-level name, with the files that import them; imports in functions too."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    own = {*FOLDERS, *sys.stdlib_module_names, "tests"}
    users: dict[str, set[str]] = {}
    for path in files:
        beside = (
            {other.stem for other in path.parent.glob("*.py")} if path.parent.name in ("images", "benchmarks") else ()
        )
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in {name.partition(".")[0] for name in names} - own - {*beside}:
                users.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return users


def test_the_tables_name_what_the_in_files_ask_for() -> None:
    assert RUN == documented("What a run needs")
    assert DEV == documented("What a developer needs besides")


def test_every_import_is_a_package_that_an_in_file_names(imported: dict[str, set[str]]) -> None:
    packages = packages_distributions()
    unknown = {
        name: users
        for name, users in imported.items()
        if not {canonicalize_name(package) for package in packages.get(name, ())} & (RUN | DEV)
    }
    assert {} == unknown


def test_every_package_that_a_run_needs_is_imported(imported: dict[str, set[str]]) -> None:
    packages = packages_distributions()
    used = {canonicalize_name(package) for name in imported for package in packages.get(name, ())}

    assert NOT_IMPORTED == RUN - used
