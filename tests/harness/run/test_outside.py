"""Phases outside a suite: which images they are to run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.release import ReleaseFiles
from harness.plan.stage import Phase, Plan
from harness.run import outside
from harness.runners.images.targets import image_of
from harness.runners.preflight import NotReady, Problem


def test_what_loads_a_backbone_runs_where_its_packages_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Host:
        """One that lacks everything, and remembers what it was asked for."""

        def problems(self, plan: Plan, _release: ReleaseFiles) -> list[Problem]:
            asked.extend(image_of(stage) for stage in plan.stages)
            return [Problem(what="no engine")]

        def close(self) -> None:
            """Nothing is held."""

    monkeypatch.setattr(outside, "host_for", lambda _request: Host())
    phases = (Phase.PREPARE, Phase.RETRIEVE, Phase.CHECK, Phase.SCORE)

    for packages in ("", "mine"):
        with (
            pytest.raises(NotReady, match="no engine"),
            outside.doing("docker", tmp_path, phases, "cpu", packages=packages),
        ):
            pass

    assert ["train", "retrieve", "retrieve", "report"] == asked[:4]
    assert ["train", "retrieve+mine", "retrieve+mine", "report"] == asked[4:]
