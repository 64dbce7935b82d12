"""A phase's code cannot change without a word about its version."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from harness.plan import code_versions
from harness.plan.code_versions import imported_modules, phase_versions, stale_phases
from harness.plan.stage import Phase


def test_no_phase_has_changed_without_a_word_about_its_version() -> None:
    assert [] == stale_phases(), (
        "raise the version if the output can change (python -m harness.plan.code_versions --raise PHASE), "
        "else accept the new code (--accept PHASE)"
    )


def test_every_phase_has_a_version() -> None:
    assert {phase.value for phase in Phase} == set(phase_versions())
    assert min(phase_versions().values()) >= 1


def test_the_fingerprint_covers_what_a_phase_imports_and_no_more() -> None:
    found = imported_modules("harness.phases.score")

    assert {"harness.phases.score", "tasks.rows", "tasks.types.span_qa", "tasks.metrics.squad"} <= found
    assert not any(
        name.startswith(("harness.training", "harness.cli", "harness.data", "leaderboard")) for name in found
    )


PHASE = """
from harness.helper import twice
from harness import table


def run(rows):
    return [twice(row) + table.OFFSET for row in rows]
"""
HELPER = """
def twice(row):
    return 2 * row
"""
TABLE = "OFFSET = 1\n"


def fingerprint_of(folder: Path, **sources: str) -> str:
    """The fingerprint of the phase ``score`` in a project of its own, with these modules below ``harness``.

    It is taken by a copy of the module under test that lies in that project: a module looks at its own checkout.
    """
    for name, source in sources.items():
        path = folder / "harness" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    copy = folder / "harness" / "plan" / "code_versions.py"
    copy.parent.mkdir()
    shutil.copy(code_versions.__file__, copy)
    return str(runpy.run_path(str(copy))["fingerprint"](Phase.SCORE))


@pytest.mark.parametrize(
    "changes",
    [
        {"helper": HELPER.replace("2 *", "3 *")},
        {"table": "OFFSET = 2\n"},
        {"phases__score": PHASE.replace("+ table.OFFSET", "")},
        {"helper": HELPER + "\nprint('loaded')\n"},
    ],
)
def test_a_change_of_behaviour_changes_the_fingerprint(changes: dict[str, str], tmp_path: Path) -> None:
    sources = {"phases__score": PHASE, "helper": HELPER, "table": TABLE}
    before = fingerprint_of(tmp_path / "before", **sources)

    assert before != fingerprint_of(tmp_path / "after", **sources | changes)


DOCUMENTED = PHASE.replace("def run(rows):\n", 'def run(rows):\n    """Twice each row."""  # and more\n')
MOVED = (
    PHASE.replace("harness.helper", "harness.numbers.doubling")
    .replace("import table", "import offsets")
    .replace("table.OFFSET", "offsets.OFFSET")
)
MERGED = PHASE.replace("from harness.helper import twice\n", HELPER)


@pytest.mark.parametrize(
    "sources",
    [
        {"phases__score": '"""What it does."""\n' + DOCUMENTED, "helper": HELPER, "table": TABLE},
        {"phases__score": MOVED, "numbers__doubling": HELPER, "offsets": TABLE},
        {"phases__score": MERGED, "table": TABLE},
    ],
    ids=["documented", "moved", "merged"],
)
def test_moving_merging_and_documenting_do_not(sources: dict[str, str], tmp_path: Path) -> None:
    before = fingerprint_of(tmp_path / "before", phases__score=PHASE, helper=HELPER, table=TABLE)

    assert before == fingerprint_of(tmp_path / "after", **sources)
