"""Code versions of the phases: integers raised by hand, guarded by fingerprints of the code.

``harness/phases/versions.json`` holds for each phase its integer and the fingerprint of the code it imports from this
project. A test recomputes the fingerprints; where one has changed, either the output can change too (raise the version:
``python -m harness.plan.code_versions --raise PHASE``) or it cannot (keep it: ``--accept PHASE``).
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from harness.files import read_json, write_json
from harness.plan.stage import Phase

_ROOT = Path(__file__).parents[2]
_FILE = _ROOT / "harness" / "phases" / "versions.json"
_PACKAGES = ("harness", "tasks", "leaderboard")


def phase_versions() -> dict[str, int]:
    """The integer of each phase."""
    return {phase: entry["version"] for phase, entry in _read().items()}


def fingerprint(phase: Phase) -> str:
    """SHA-256 over the syntax trees of the phase's module and of all modules of ours that it imports.

    Comments, docstrings, layout and module names are left out: a module may be moved, merged with another one that the
    phase imports too, or reworded, and the fingerprint stays the same. Neither the order of statements at the top level
    of a module counts nor which module of ours a name is imported from.
    """
    modules = imported_modules(f"harness.phases.{phase.value}")
    statements = {text for name in modules for text in _statements(name)}
    return hashlib.sha256(json.dumps(sorted(statements)).encode()).hexdigest()


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
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)} - {*_PACKAGES}
    return tuple(sorted(name for name in names if name.split(".")[0] in _PACKAGES and _is_module(name)))


@cache
def _statements(module: str) -> tuple[str, ...]:
    """The top level of a module, each statement as text that does not depend on Python's version."""
    tree = ast.parse(_module_file(module).read_text(encoding="utf-8"))
    modules = _module_names(tree)
    return tuple(text for node in _body(tree) if (text := _canonical(node, modules)))


def _body(node: ast.AST) -> list[ast.stmt]:
    """The statements of a module, class or function without its docstring."""
    body: list[ast.stmt] = getattr(node, "body", [])
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[1:] if isinstance(body[0].value.value, str) else body
    return body


def _canonical(node: object, modules: Collection[str]) -> str:
    """A node as text: its type and the fields that hold something; empty for imports of ours."""
    if isinstance(node, ast.Import | ast.ImportFrom) and _imports_ours(node):
        return ""
    if isinstance(node, ast.Name) and node.id in modules:
        return "<module>"
    if isinstance(node, list):
        return "[" + ", ".join(filter(None, (_canonical(item, modules) for item in node))) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    documented = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    fields = []
    for name, value in ast.iter_fields(node):
        held = _body(node) if documented and name == "body" else value
        # What only some versions of Python have, and what says nothing about the behaviour.
        if name not in ("ctx", "kind", "type_comment") and held is not None and held != []:
            fields.append(f"{name}={_canonical(held, modules)}")
    return f"{type(node).__name__}({', '.join(fields)})"


def _imports_ours(node: ast.Import | ast.ImportFrom) -> bool:
    path = node.names[0].name if isinstance(node, ast.Import) else node.module or ""
    return path.split(".")[0] in _PACKAGES


def _module_names(tree: ast.Module) -> set[str]:
    """The names that stand for modules of ours in a module."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name for alias in node.names if _is_module(f"{node.module}.{alias.name}")}
    return names


def _is_module(name: str) -> bool:
    path = _ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _module_file(name: str) -> Path:
    path = _ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"


def _read() -> dict[str, dict[str, Any]]:
    recorded: dict[str, dict[str, Any]] = read_json(_FILE) if _FILE.is_file() else {}
    return recorded


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
    write_json(_FILE, recorded, indent=1)


if __name__ == "__main__":
    main()
