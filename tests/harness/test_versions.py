"""A phase's code cannot change without a word about its version."""

from __future__ import annotations

from harness.plan.stage import Phase
from harness.versions import imported_modules, phase_versions, stale_phases


def test_no_phase_has_changed_without_a_word_about_its_version() -> None:
    assert [] == stale_phases(), (
        "raise the version if the output can change (python -m harness.versions --raise PHASE), "
        "else accept the new code (--accept PHASE)"
    )


def test_every_phase_has_a_version() -> None:
    assert {phase.value for phase in Phase} == set(phase_versions())
    assert all(version >= 1 for version in phase_versions().values())


def test_the_fingerprint_covers_what_a_phase_imports_and_no_more() -> None:
    found = imported_modules("harness.phases.score")

    assert {"harness.phases.score", "tasks.rows", "tasks.types.span_qa", "tasks.metrics.squad"} <= found
    assert not any(name.startswith(("harness.training", "harness.commands", "leaderboard")) for name in found)
