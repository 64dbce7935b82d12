"""One module a family of tasks, each with a tuple ``TASKS``; a module put here is found, and listed nowhere."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tasks.errors import UserError
from tasks.miniature.generators.base import TaskGenerator


@cache
def task_generators() -> dict[str, TaskGenerator]:
    """All miniature tasks by name."""
    found: dict[str, TaskGenerator] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{name}")
        for task in getattr(module, "TASKS", ()):
            assert task.name not in found, f"two generators are called {task.name}"
            found[task.name] = task
    return dict(sorted(found.items()))


def task_generator(name: str) -> TaskGenerator:
    """The generator of a task.

    Raises:
        UserError: there is none of that name.
    """
    found = task_generators()
    if name not in found:
        raise UserError(f"no miniature task is called {name!r}", where="task", remedy=f"use one of {', '.join(found)}")
    return found[name]
