"""Code versions of the phases: integers raised by hand, guarded by fingerprints of the code.

``harness/phases/versions.json`` holds for each phase its integer and the fingerprint of the code it imports from this
project. A test recomputes the fingerprints; where one has changed, either the output can change too (raise the version:
``python -m harness.versions --raise PHASE``) or it cannot (keep it: ``python -m harness.versions --accept PHASE``).
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from harness.plan.stage import Phase

_ROOT = Path(__file__).parent.parent
_FILE = Path(__file__).parent / "phases" / "versions.json"
_PACKAGES = ("harness", "tasks", "leaderboard")


def phase_versions() -> dict[str, int]:
    """The integer of each phase."""
    return {phase: entry["version"] for phase, entry in _read().items()}


def fingerprint(phase: Phase) -> str:
    """SHA-256 over the sources of the phase's module and everything of ours it imports, directly or not."""
    modules = imported_modules(f"harness.phases.{phase.value}")
    sources = [[name, _module_file(name).read_text(encoding="utf-8")] for name in sorted(modules)]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def imported_modules(module: str) -> set[str]:
    """A module of ours and all modules of ours it imports, directly or not, by reading the code."""
    found: set[str] = set()
    stack = [module]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += _direct_imports(name)
    return found


def stale_phases() -> list[str]:
    """Phases whose code has changed without a word about their version."""
    recorded = _read()
    return [phase.value for phase in Phase if recorded.get(phase.value, {}).get("code") != fingerprint(phase)]


@cache
def _direct_imports(module: str) -> tuple[str, ...]:
    tree = ast.parse(_module_file(module).read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return tuple(sorted(name for name in names if name.split(".")[0] in _PACKAGES and _is_module(name)))


def _is_module(name: str) -> bool:
    path = _ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _module_file(name: str) -> Path:
    path = _ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"


def _read() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.is_file() else {}
    return found


def main() -> None:
    """Record fingerprints, with or without raising versions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--raise", dest="raised", nargs="+", default=[], choices=[*Phase], metavar="PHASE")
    parser.add_argument("--accept", nargs="+", default=[], choices=[*Phase], metavar="PHASE")
    arguments = parser.parse_args()
    recorded = _read()
    for phase in [*arguments.raised, *arguments.accept]:
        version = recorded.get(phase, {}).get("version", 0 if phase in arguments.raised else 1)
        version += phase in arguments.raised
        recorded[phase] = {"version": version, "code": fingerprint(Phase(phase))}
    _FILE.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
