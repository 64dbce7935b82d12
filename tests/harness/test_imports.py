"""Imports run one way, and the command line is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_HEAVY = {"torch", "transformers", "datasets", "sentence_transformers", "faiss", "docker", "huggingface_hub"}
_FORBIDDEN = {
    "tasks": {"harness", "leaderboard", *_HEAVY},
    "leaderboard": {"harness", *_HEAVY},
    "harness/specs": {"harness.plan", "harness.store", "harness.runners", "harness.walk", *_HEAVY},
    "harness/plan": {"harness.store", "harness.runners", "harness.walk", "harness.phases", *_HEAVY},
    "harness/store": {"harness.plan", "harness.runners", "harness.walk", "harness.specs", *_HEAVY},
    "harness/runners": {"harness.phases", "harness.walk", "harness.store", *_HEAVY - {"docker"}},
    "harness/phases": {"harness.plan", "harness.store", "harness.runners", "harness.walk", "harness.specs"},
    "harness/hub": {"harness.plan", "harness.store", "harness.runners", "harness.phases", "harness.specs", "torch"},
    "harness/training": {"harness.plan", "harness.store", "harness.runners", "harness.phases", "harness.specs"},
}


@pytest.mark.parametrize("folder", sorted(_FORBIDDEN))
def test_nothing_imports_upward(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in _imports(path)
        if any(name == bad or name.startswith(bad + ".") for bad in _FORBIDDEN[folder])
    ]

    assert [] == found


def test_only_what_speaks_to_an_engine_knows_its_sdk() -> None:
    found = {
        path.relative_to(ROOT).parent.as_posix()
        for folder in ("harness", "tasks", "leaderboard")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if any(name == "docker" or name.startswith("docker.") for name in _imports(path))
    }

    assert found <= {"harness/runners/docker", "harness/images"}


@pytest.mark.parametrize(
    "module",
    ["harness.cli", "harness.planning", "harness.run", "harness.doctor", "harness.runners.local", "leaderboard.site"],
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


def _imports(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
