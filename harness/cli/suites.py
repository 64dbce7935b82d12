"""``codestilts suites``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.cli.catalog import spec_group


def _listed(specs: Sequence[Any]) -> list[str]:
    width = max((len(spec.name) for spec in specs), default=0)
    return [f"{spec.name:{width}}  {spec.title}" for spec in specs]


def _shown(spec: Any) -> list[str]:
    import yaml

    value = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    return [yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).removesuffix("\n")]


suites = spec_group("suite", "suites", listed=_listed, shown=_shown)
