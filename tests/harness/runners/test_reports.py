"""Reports of a stage, read as the words of a stranger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.errors import FailureClass
from harness.provenance import describe_process, peak_memory
from harness.runners.reports import Done, Ended, Reports

SEEN = {"versions": {"python": "3.11"}, "cpu": "c", "cores": 2, "platform": "p", "host": "h"}


def read(*lines: bytes | dict[str, Any]) -> tuple[Reports, list[Any], list[bytes]]:
    """The reader after some lines, what it told of progress, and what went to the log."""
    told: list[Any] = []
    logged: list[bytes] = []
    reports = Reports(lambda fraction, note: told.append((fraction, note)), logged.append)
    for line in lines:
        reports.take(line if isinstance(line, bytes) else json.dumps(line).encode())
    return reports, told, logged


def done(**surroundings: Any) -> dict[str, Any]:
    return {"event": "done", "peak_memory": 5, "provenance": {**SEEN, **surroundings}}


def test_the_reports_of_our_own_stages_are_well_formed() -> None:
    line = {"event": "done", "peak_memory": peak_memory(), "provenance": describe_process()}

    reports, _, logged = read({"event": "progress", "fraction": 1, "note": "half"}, line)

    assert isinstance(reports.last, Done)
    assert describe_process() == reports.last.seen()
    assert [] == logged


@pytest.mark.parametrize("name", ["runner", "run", "made", "seconds", "peak_memory", "git", "stage", "image", "key"])
def test_what_we_know_ourselves_is_no_part_of_a_report(name: str) -> None:
    for line in (done(**{name: "forged"}), {**done(), name: 7} if name != "peak_memory" else {**done(), "event": 1}):
        reports, _, _ = read(line)

        assert isinstance(reports.last, Ended)
        assert FailureClass.STAGE_ERROR is reports.last.kind


@pytest.mark.parametrize(
    "line",
    [
        b'{"event": "done"}',
        b'{"event": "done", "peak_memory": NaN, "provenance": {}}',
        b'{"event": "done", "peak_memory": -1, "provenance": {}}',
        b'{"event": "done", "peak_memory": ' + b"9" * 5000 + b"}",
        b'{"event": "done", "peak_memory": true}',
        b'{"event": "finished"}',
        b'{"event": 7}',
        b'{"event": ' + b"[" * 100_000,
        b'{"event": "done", "provenance": ' + b'{"a":' * 600 + b"1" + b"}" * 601,
        b'{"event": "error", "kind": "stage-error", "reason": "\\ud800"}',
        b'{"event": "error", "kind": "stage-error", "reason": "\xff"}',
        b'{"event": "error", "kind": "stage-error", "reason": 5}',
        b'{"event": "error", "kind": "stage-error", "reason": "' + b"x" * 200_000 + b'"}',
        b'{"event": "error", "kind": "stage-error"}',
        b'{"event": "progress", "fraction": NaN, "note": "x"}',
        b'{"event": "progress", "fraction": Infinity, "note": "x"}',
        b'{"event": "progress", "fraction": "x", "note": "x"}',
        json.dumps(done(versions={str(number): "1" for number in range(1000)})).encode(),
        json.dumps(done(versions={"a": {"b": "c"}})).encode(),
        json.dumps(done(cpu="x" * 1000)).encode(),
        json.dumps(done(cores=float("inf"))).encode(),
    ],
    ids=range(21),
)
def test_a_malformed_report_is_the_stages_error(line: bytes) -> None:
    reports, told, logged = read(line, done())

    assert reports.malformed
    assert isinstance(reports.last, Ended), "what comes after it does not count"
    assert FailureClass.STAGE_ERROR is reports.last.kind
    assert "its report is not as a stage's must be" in reports.last.reason
    assert len(reports.last.reason) < 1000
    assert [] == told
    assert 2 == len(logged)


@pytest.mark.parametrize("line", [b"words", b"", b"\xff", b"[1]", b'{"other": 1}', b'{"event" : "done"}', b"[" * 9999])
def test_a_line_that_is_no_report_goes_to_the_log(line: bytes) -> None:
    reports, _, logged = read(line)

    assert reports.last is None
    assert [line] == logged


@pytest.mark.parametrize("kind", ["interrupted", "engine-gone", "blocked", "killed", "nonsense", 7])
def test_a_stage_knows_no_class_that_is_seen_from_outside(kind: Any) -> None:
    reports, _, _ = read({"event": "error", "kind": kind, "reason": "why"})

    assert isinstance(reports.last, Ended)
    assert (FailureClass.STAGE_ERROR, "why") == (reports.last.kind, reports.last.reason)


def test_progress_is_bounded_and_printable() -> None:
    _, told, _ = read(
        {"event": "progress", "fraction": 7, "note": "a\x1b[2J\nFailed: b"},
        {"event": "progress", "fraction": -0.5, "note": "c"},
    )

    assert [(1.0, "a\\x1b[2J\\nFailed: b"), (0.0, "c")] == told


def test_surroundings_are_printable() -> None:
    reports, _, _ = read(done(cpu="a\x1b[2J", versions={"a\nb": "c\x07"}))

    assert isinstance(reports.last, Done)
    assert {**SEEN, "cpu": "a\\x1b[2J", "versions": {"a\\nb": "c\\x07"}} == reports.last.seen()
