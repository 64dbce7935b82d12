"""What a person sees of a run where there is no terminal, and how time left is told."""

from __future__ import annotations

import io

import pytest

from harness.cli.display import Estimate, PlainDisplay, duration
from harness.errors import Failure, FailureClass, Outcome
from harness.plan.stage import Plan
from harness.run.explain import Decision, Reason
from harness.run.scheduler import StageResult

NEW = Decision(reason=Reason.NEW)


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.4, "4 s"), (89.0, "89 s"), (120.0, "2 min"), (5000.0, "83 min"), (12000.0, "3 h 20 min")]
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert text == duration(seconds)


def test_time_left_follows_the_pace_seen() -> None:
    """Two workers; a stage of cost 10 took 20 s, so 30 of cost left take 60 s of work, 30 s with two workers."""
    estimate = Estimate(workers=2)
    estimate.expect({"a": 10.0, "b": 10.0, "c": 20.0})
    assert estimate.seconds_left() is None

    estimate.ended("a", 20.0)

    assert pytest.approx(30.0) == estimate.seconds_left()
    estimate.progressed("c", 0.5)
    assert pytest.approx(20.0) == estimate.seconds_left()


def test_plain_lines_tell_starts_ends_and_failures(diamond: Plan) -> None:
    stream = io.StringIO()
    display = PlainDisplay(1, stream)
    a, b, *_ = diamond.stages
    display.planned(diamond, {stage.key: NEW for stage in diamond.stages})

    display.begun(a, NEW)
    display.ended(a, StageResult(outcome=Outcome.DONE, decision=NEW, seconds=2.0))
    display.begun(b, NEW)
    failure = Failure(kind=FailureClass.OUT_OF_MEMORY, reason="too little memory.")
    display.ended(b, StageResult(outcome=Outcome.FAILED, decision=NEW, failure=failure, seconds=1.0))

    text = stream.getvalue()
    assert "4 stages: 4 to run, 0 kept from before." in text
    assert "run    a (new)" in text
    assert "done   a 2.0 s  [1/4 stages, 1 done, about " in text
    assert "failed b 1.0 s" in text
    assert "out-of-memory: too little memory." in text


def test_words_of_a_stage_move_no_cursor_and_forge_no_line(diamond: Plan) -> None:
    stream = io.StringIO()
    display = PlainDisplay(1, stream)
    stage = diamond.stages[0]
    failure = Failure(kind=FailureClass.STAGE_ERROR, reason="odd\x1b[2J\ud800\nFailed: another: killed.")

    display.say("a note\x1b]0;title\x07")
    display.retried(stage, failure, 2.0)
    display.ended(stage, StageResult(outcome=Outcome.FAILED, decision=NEW, failure=failure, seconds=1.0))

    lines = stream.getvalue().splitlines()
    assert 4 == len(lines)
    assert all(line.isprintable() for line in lines)
    assert r"stage-error: odd\x1b[2J\ud800\nFailed: another: killed." == lines[-1].strip()


def test_what_nobody_asked_for_is_not_called_kept(diamond: Plan) -> None:
    stream = io.StringIO()
    decided = [NEW, Decision(reason=Reason.CACHED), *[Decision(reason=Reason.NOT_SELECTED)] * 2]

    PlainDisplay(1, stream).planned(
        diamond, {stage.key: one for stage, one in zip(diamond.stages, decided, strict=True)}
    )

    assert stream.getvalue() == "4 stages: 1 to run, 1 kept from before, 2 not asked for.\n"


def test_a_second_plan_of_a_run_is_added_and_a_second_run_announced(diamond: Plan) -> None:
    stream = io.StringIO()
    display = PlainDisplay(1, stream)
    decisions = {stage.key: NEW for stage in diamond.stages}

    display.planned(diamond, decisions)
    display.planned(diamond, decisions)
    assert display.status().startswith("0/8 stages")
    display.close()
    display.planned(diamond, decisions)

    assert ["4 stages: 4 to run, 0 kept from before."] * 2 == stream.getvalue().splitlines()
    assert display.status().startswith("0/4 stages")
