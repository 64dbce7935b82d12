"""What a suite's page must say of it, beside its scores."""

from __future__ import annotations

from harness.results import grid
from harness.specs.catalog import Catalog, resolve

CATALOG = Catalog()


def test_a_suite_with_translated_rows_says_that_it_is_not_zero_shot_there() -> None:
    spec = CATALOG.suite("mini")
    without = spec.model_copy(update={"recipes": ("none", "mini-mnli"), "task_limits": {}})

    (note,) = [note for note in grid(resolve(spec, CATALOG)).notes if note.startswith("Not zero-shot")]
    assert "multitask+translated" in note
    assert "qaa, qab, qac, qad" in note
    assert not [note for note in grid(resolve(without, CATALOG)).notes if note.startswith("Not zero-shot")]
