"""A test looks from outside and can fail: nothing private of ours is patched or read, and each has an assertion."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("*.py"))
_OURS = {"harness", "tasks", "leaderboard", "images", "tests"}
_PATCHES = {"setattr", "setitem", "delattr", "delitem"}
_CHECKS = re.compile(r"raises|warns|_?(check|assert|expect)")

#: What is private or a constant, and touched all the same, with the reason.
ALLOWED = {
    ("harness/runners/images/conftest.py", "REPOSITORY"): "images of a test must not be taken for the project's own",
    ("harness/training/test_encoder.py", "_attn_implementation"): "transformers has no other name for it",
}


def imported(tree: ast.AST) -> dict[str, str]:
    """The names that a file's imports bind, each with the top-level package it comes from."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0]: alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: (node.module or "").split(".")[0] for alias in node.names}
    return names


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def is_constant(name: str) -> bool:
    return name.isupper() and len(name) > 1


def root_of(node: ast.expr) -> str:
    """The name that a chain of attributes begins with; empty where it begins with something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def touched(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Private names of ours that a file imports or reads, and private names and constants of ours that it patches."""
    packages = imported(tree)

    def ours(node: ast.expr) -> bool:
        """A name that no import binds is taken for ours: a fixture may give a module."""
        return packages.get(root_of(node), "harness") in _OURS

    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module):
                if (module or "").split(".")[0] in _OURS:
                    yield from ((node.lineno, alias.name) for alias in node.names if is_private(alias.name))
            case ast.Attribute(attr=name, value=value, ctx=context):
                inside = root_of(value) in {"self", "cls"}  # a test's own classes may keep secrets
                assigned = isinstance(context, ast.Store) and is_constant(name)
                if not inside and ours(value) and (is_private(name) or assigned):
                    yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr=patch), args=[target, *rest]) if patch in _PATCHES:
                if isinstance(target, ast.Constant):
                    package, _, name = str(target.value).partition(".")
                    names = [name.rpartition(".")[2]] if package in _OURS else []
                else:
                    item = target.attr if patch.endswith("item") and isinstance(target, ast.Attribute) else ""
                    given = rest[0].value if rest and isinstance(rest[0], ast.Constant) else ""
                    names = [item if patch.endswith("item") else str(given)] if ours(target) else []
                yield from ((node.lineno, name) for name in names if is_private(name) or is_constant(name))


def called(function: ast.AST) -> set[str]:
    """The names of what a function calls."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


def is_trivial(test: ast.expr) -> bool:
    """Whether a condition holds, or may hold, whatever happens: a constant, ``x == x``, ``x == y if z else w``."""
    if isinstance(test, ast.Compare):
        same = [ast.dump(test.left)] == [ast.dump(other) for other in test.comparators]
        return same and not any(isinstance(node, ast.Call) for node in ast.walk(test))
    return isinstance(test, ast.Constant | ast.IfExp) or (isinstance(test, ast.Tuple) and bool(test.elts))


def without_assertion(tree: ast.Module) -> list[str]:
    """Tests that neither assert nor call something that does: ``raises``, a helper of the file, ``assert_...``."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    strict = {name for name, node in functions.items() if any(isinstance(part, ast.Assert) for part in ast.walk(node))}
    strict |= {name for name, node in functions.items() if any(_CHECKS.match(call) for call in called(node))}
    while more := {name for name, node in functions.items() if name not in strict and called(node) & strict}:
        strict |= more
    return [name for name in functions if name.startswith("test_") and name not in strict]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT / "tests").as_posix())
def test_nothing_private_is_touched_and_every_test_can_fail(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    file = path.relative_to(ROOT / "tests").as_posix()

    assert [] == [(line, name) for line, name in touched(tree) if (file, name) not in ALLOWED]
    assert [] == without_assertion(tree), "these have no assertion"
    assertions = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert [] == [node.lineno for node in assertions if is_trivial(node.test)], "these lines assert nothing"


def test_every_exception_is_needed() -> None:
    found = {
        (path.relative_to(ROOT / "tests").as_posix(), name)
        for path in FILES
        for _, name in touched(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "source",
    [
        "from harness.specs.resolve import _check_pairs",
        "from harness import files\nfiles._write('x')",
        "from harness.retrieval import tiles\ntiles._Columns._keep",
        "from harness import files\nfiles.LIMIT = 3",
        "from leaderboard import claims\nmonkeypatch.setattr(claims, 'LARGE', 3)",
        "from leaderboard import claims\nmonkeypatch.delattr(claims, '_gains')",
        "monkeypatch.setattr('leaderboard.stats.draws._AT_ONCE', 70)",
        "monkeypatch.setattr(world.install, 'ROOT', 1)",
        "from harness.training import inference\nmonkeypatch.setitem(inference.PIECE_BUDGET, 'cpu', 14)",
    ],
)
def test_a_patch_or_a_private_name_is_seen(source: str) -> None:
    assert list(touched(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos._exit(1)",
        "import huggingface_hub\nmonkeypatch.setattr(huggingface_hub.constants, 'HF_HUB_OFFLINE', False)",
        "from harness import provenance\nmonkeypatch.setattr(provenance, 'gpus', tuple)",
        "import os\nmonkeypatch.setitem(os.environ, 'HOME', '')",
        "self._servers.close()",
    ],
)
def test_what_is_public_or_not_ours_is_not(source: str) -> None:
    assert [] == list(touched(ast.parse(source)))


@pytest.mark.parametrize(
    ("body", "strict"),
    [
        ("run()", False),
        ("assert run()", True),
        ("with pytest.raises(ValueError): run()", True),
        ("np.testing.assert_allclose(1, run())", True),
        ("helper()", True),
        ("indirect()", True),
    ],
)
def test_a_test_without_an_assertion_is_seen(body: str, *, strict: bool) -> None:
    source = f"def helper():\n    assert 1 > run()\ndef indirect():\n    helper()\ndef test_it():\n    {body}\n"
    assert ([] if strict else ["test_it"]) == without_assertion(ast.parse(source))


@pytest.mark.parametrize("condition", ["True", "x == x", "x == y if z else w", "(x, 'message')"])
def test_a_condition_that_always_holds_is_seen(condition: str) -> None:
    assert is_trivial(ast.parse(condition, mode="eval").body)
    assert not is_trivial(ast.parse("f(1) == f(1)", mode="eval").body)
