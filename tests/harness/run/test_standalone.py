"""Small plans outside a suite: which images their stages are to run in, before anything is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.display import make_display
from harness.data.release import ReleaseFiles
from harness.plan.stage import Environment, Plan
from harness.run import session
from harness.run.standalone import Request, evaluate
from harness.runners.images.targets import image_of
from harness.runners.preflight import NotReady, Problem
from harness.specs.catalog import Catalog


class Host:
    """One that lacks everything, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.images: list[str] = []
        self.files: tuple[str, ...] = ()

    def sweep(self, _store: Path) -> None: ...

    def problems(self, plan: Plan, release: ReleaseFiles) -> list[Problem]:
        self.images = [image_of(stage) for stage in plan.stages]
        self.files = release.paths
        return [Problem(what="no engine")]

    def close(self) -> None: ...


@pytest.mark.parametrize(("packages", "image"), [("", "retrieve"), ("mine", "retrieve+mine")])
def test_what_loads_a_backbone_runs_where_its_packages_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packages: str, image: str
) -> None:
    data = tmp_path / "data" / "tatoeba"
    data.mkdir(parents=True)
    names = {f"tatoeba.{code}-eng.{side}" for code in ("deu", "cat") for side in (code, "eng")}
    for name in names:
        (data / name).write_text("a line\n", encoding="utf-8")
    host = Host()
    monkeypatch.setattr(session, "host_for", lambda _request: host)
    request = Request(environment=Environment(base="", lock=""), packages=packages, runner="docker")

    with pytest.raises(NotReady, match="no engine"):
        evaluate(
            Catalog().task("tatoeba"), tmp_path, data.parent, tmp_path / "scratch", request, make_display(1), out=None
        )

    assert [*["train"] * 4, image, "report"] == host.images
    assert names == {Path(path).name for path in host.files}
    assert [] == list((tmp_path / "scratch" / "store" / "artifacts").iterdir())
