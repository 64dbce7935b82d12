"""No change of the code changes a key of a shipped suite unnoticed: each is compared with the recorded one.

Keys decide what finished work is reused. Where results must change, so do keys: write them again
(``python -m tests.harness.plan.test_keys``) and say in the changelog which suites start anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan.suite import plan_suite

KEYS = Path(__file__).parent / "keys"
SUITES = ("core", "mini", "mini-docker", "paper", "real-all", "real-small", "retrieval")
#: Suites whose rows are in ``../shared/data``: their keys with the digests of the files themselves.
WITH_ROWS = ("real-all", "real-small")


def keys(suite: str, data: Path | None = None) -> list[str]:
    """A line for each stage in plan order: the first sixteen digits of its key, and its name.

    Without rows every release file has a digest of zeros.
    """
    plan = plan_suite(suite, data_dir=data, unread=data is None).plan
    return [f"{stage.key[:16]} {stage.name}" for stage in plan.stages]


def recorded(name: str) -> list[str]:
    return (KEYS / f"{name}.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("suite", SUITES)
def test_keys_are_the_recorded_ones(suite: str) -> None:
    assert recorded(suite) == keys(suite)


@pytest.mark.data
@pytest.mark.parametrize("suite", WITH_ROWS)
def test_keys_with_real_rows_are_the_recorded_ones(suite: str, shared_data: Path) -> None:
    assert recorded(f"{suite}.rows") == keys(suite, shared_data)


def test_every_shipped_suite_is_recorded_or_far_too_large() -> None:
    shipped = {path.stem for path in (Path(__file__).parents[3] / "tasks" / "suites").glob("*.yaml")}

    assert {"mini-full"} == shipped - set(SUITES), "mini-full is mini with more seeds"


def write(data: Path) -> None:
    """Record the keys as they are now."""
    KEYS.mkdir(exist_ok=True)
    for suite in SUITES:
        (KEYS / f"{suite}.txt").write_text("".join(f"{line}\n" for line in keys(suite)), encoding="utf-8")
    for suite in WITH_ROWS if data.is_dir() else ():
        (KEYS / f"{suite}.rows.txt").write_text("".join(f"{line}\n" for line in keys(suite, data)), encoding="utf-8")


if __name__ == "__main__":
    from tests.conftest import SHARED_DATA

    write(SHARED_DATA)
