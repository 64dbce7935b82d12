"""The suites for GPU hosts plan without any data: pinned backbones, no spec that needs a flag, the causal pairs."""

from __future__ import annotations

import pytest

from harness.data.suite_rows import suite_rows
from harness.errors import UserError
from harness.plan.build import build_plan
from harness.plan.stage import Phase
from harness.plan.suite import plan_suite, read_inputs
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolved_suite

PAIRS = {"roberta-base+text", "roberta-base+code", "xlm-roberta-base+text", "xlm-roberta-base+code"}


@pytest.mark.parametrize("name", ["retrieval", "core", "paper"])
def test_every_cell_of_the_grid_is_planned(name: str) -> None:
    resolved = resolved_suite(name)  # refuses unpinned backbones, and those that need a flag
    rows = suite_rows(resolved)
    digests = {path: "0" * 64 for paths in rows.files.values() for path in paths}

    plan = build_plan(rows, read_inputs(resolved, None, digests=digests))

    spec = resolved.spec
    assert len(plan.cells) == len(spec.backbones) * len(resolved.recipes) * len(spec.targets) * len(spec.seeds)
    assert set(spec.backbones) >= PAIRS
    pretrained = {stage.name for stage in plan.stages if stage.phase == Phase.PRETRAIN}
    assert pretrained == {f"pretrain/{backbone}" for backbone in spec.backbones if "+" in backbone}
    assert {stage.environment.device for stage in plan.stages if stage.phase == Phase.RETRIEVE} == {"cuda"}


def test_retrieval_holds_every_backbone_that_may_be_used_unasked() -> None:
    catalog = Catalog()
    usable = {
        name
        for name, spec in ((name, catalog.backbone(name)) for name in catalog.backbone_files())
        if not spec.needs and not name.startswith("mini-") and getattr(spec.source, "pinned", True)
    }

    assert set(catalog.suite("retrieval").backbones) == usable


def test_without_data_the_command_that_fetches_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODESTILTS_DATA", raising=False)

    with pytest.raises(UserError) as caught:
        plan_suite("core", data_dir=None)

    assert "codestilts data fetch core" in str(caught.value)
