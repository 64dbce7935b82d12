"""Keys: what enters them and what does not."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from harness.files import canonical_json
from harness.plan.stage import Environment
from tests.harness.conftest import LOCAL, make_stage


@pytest.mark.parametrize("field", ["name", "cost", "needs_data", "transient"])
def test_what_cannot_change_the_result_stays_out_of_the_key(field: str) -> None:
    stage = make_stage("a")
    values = {"name": "b", "cost": 7.0, "needs_data": True, "transient": ("*",)}

    assert stage.key == dataclasses.replace(stage, **{field: values[field]}).key


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"x": 1}},
        {"version": 2},
        {"seed": 3},
        {"inputs": {"x": "0" * 64}},
        {"environment": dataclasses.replace(LOCAL, lock="1" * 64)},
        {"environment": dataclasses.replace(LOCAL, threads=2)},
        {"environment": dataclasses.replace(LOCAL, precision="bf16")},
        {"environment": dataclasses.replace(LOCAL, device="cuda")},
        {"environment": dataclasses.replace(LOCAL, base="sha256:0")},
    ],
)
def test_what_can_change_the_result_is_in_the_key(change: dict[str, object]) -> None:
    stage = make_stage("a")

    assert stage.key != dataclasses.replace(stage, **change).key  # type: ignore[arg-type]


def test_keys_do_not_depend_on_the_order_of_fields_or_on_the_process() -> None:
    """A key made in a fresh interpreter with another hash seed is the same."""
    code = (
        "from tests.harness.conftest import make_stage;"
        "print(make_stage('a', params={'y': [1, {'b': 2, 'a': 'ü'}], 'x': 1.5}).key)"
    )
    ours = make_stage("a", params={"x": 1.5, "y": [1, {"a": "ü", "b": 2}]}).key

    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PATH": ""},
        cwd=".",
    )

    assert ours == found.stdout.strip()


def test_canonical_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": float("nan")})
    with pytest.raises(TypeError):
        canonical_json({"x": Environment(base="", lock="")})
