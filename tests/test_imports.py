"""Imports run one way, from floor to floor, and the command line is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: The rooms of the project from the ground up. A room imports from lower floors alone; rooms of one floor do not know
#: each other. Imports inside functions count. ``docs/architecture.md`` says what is in each.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("tasks", "harness.context", "harness.files", "harness.isolated", "harness.trees"),
    ("leaderboard", "harness.errors", "harness.paths", "harness.progress", "harness.provenance"),
    ("harness.specs", "harness.store"),
    ("harness.data", "harness.training"),
    ("harness.plan", "harness.retrieval"),
    ("harness.phases", "harness.results", "harness.runners"),
    ("harness.run",),
    ("harness.cli",),
)
_FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
_OURS = ("harness", "tasks", "leaderboard")

_HEAVY = {"torch", "transformers", "datasets", "sentence_transformers", "faiss", "docker", "huggingface_hub"}
#: Third-party packages that a room must not know, wherever it stands.
_FORBIDDEN = {
    "tasks": _HEAVY,
    "leaderboard": _HEAVY,
    "harness/specs": _HEAVY,
    "harness/plan": _HEAVY,
    "harness/store": _HEAVY,
    "harness/runners": _HEAVY - {"docker"},
    "harness/data": {"torch"},
}


def modules() -> dict[str, Path]:
    """Our modules by name."""
    found = {}
    for top in _OURS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    """The room that a module is in: what stands directly below ``harness``, or another top-level package."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "harness" else parts[0]


def imported(path: Path) -> list[str]:
    """What a file imports, whatever of ours by the module's name; imports inside functions too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.append(whole if whole in MODULES or node.module.split(".")[0] not in _OURS else node.module)
    return names


def test_every_python_process_is_started_apart_from_the_current_folder() -> None:
    """A ``tasks.py`` where the user works must not become ours: commands come from ``harness.isolated.python``."""
    found = [
        f"{name}:{node.lineno}"
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.List | ast.Tuple)
        and any(isinstance(item, ast.Attribute) and item.attr == "executable" for item in node.elts)
    ]
    assert {place.partition(":")[0] for place in found} == {"harness.isolated"}, found


def test_every_room_stands_on_a_floor() -> None:
    assert {room(module) for module in MODULES} - {"harness"} == set(_FLOOR)


@pytest.mark.parametrize("name", sorted(_FLOOR))
def test_a_room_imports_from_lower_floors_alone(name: str) -> None:
    found = [
        f"{module} imports {target}"
        for module, path in MODULES.items()
        if room(module) == name
        for target in imported(path)
        if target.split(".")[0] in _OURS and target != "harness" and room(target) != name
        if _FLOOR[room(target)] >= _FLOOR[name]
    ]

    assert [] == found


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = {module: {name for name in imported(path) if name in MODULES} for module, path in MODULES.items()}
    while leaves := [module for module, targets in graph.items() if not targets & graph.keys() - {module}]:
        for module in leaves:
            del graph[module]

    assert [] == sorted(graph), "these are in a circle, or import from one"


@pytest.mark.parametrize("folder", sorted(_FORBIDDEN))
def test_light_rooms_know_no_heavy_package(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in imported(path)
        if name.split(".")[0] in _FORBIDDEN[folder]
    ]

    assert [] == found


def test_only_what_speaks_to_an_engine_knows_its_sdk() -> None:
    found = {
        path.relative_to(ROOT).parent.as_posix()
        for module, path in MODULES.items()
        if any(name.split(".")[0] == "docker" for name in imported(path))
    }

    assert found <= {"harness/runners/docker", "harness/runners/images"}


@pytest.mark.parametrize(
    "module",
    [
        "harness.cli",
        "harness.cli.doctor",
        "harness.plan.suite",
        "harness.run.suite",
        "harness.runners.local",
        "leaderboard.site",
    ],
)
def test_the_top_is_light(module: str) -> None:
    """Neither the command line nor planning nor the site loads a heavy package."""
    code = f"import sys, {module}; print(sorted(set(sys.modules) & { {'scipy', *_HEAVY}!r}))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "[]" == found.stdout.strip()


def test_help_loads_next_to_nothing() -> None:
    """--help must answer at once: no spec models, no YAML, no rich."""
    code = (
        "import sys; from harness.cli import main; main(['--help']);"
        "print(sorted(set(sys.modules) & {'pydantic', 'yaml', 'rich', 'numpy', 'jinja2'}))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "[]" == found.stdout.splitlines()[-1]
