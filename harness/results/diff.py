"""Why two rows of a board differ: their stages side by side, with specs, data digests, versions and hardware."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import SpecError, UnknownNameError
from harness.files import read_json
from harness.plan.stage import differences

STAGES_FILE = "stages.json"


def compare_rows(row_a: str, row_b: str, results: Path) -> dict[str, list[str]]:
    """For each target that both rows have, the places in which what made them differs.

    Raises:
        SpecError: a row is not named as BACKBONE/RECIPE[/sSEED], or has no results.
    """
    a, b = (_cells(row, results) for row in (row_a, row_b))
    targets = sorted(set(a) & set(b))
    if not targets:
        raise SpecError(f"rows '{row_a}' and '{row_b}' have no target in common", where=str(results))
    return {target: _compare(a[target], b[target]) for target in targets}


def _cells(row: str, results: Path) -> dict[str, dict[str, Any]]:
    """The results of a row by target (and seed, if there are several), with the identities of their stages."""
    folder, _, handle = row.rpartition(":")
    root = Path(folder) if folder else results
    parts = handle.split("/")
    if len(parts) not in (2, 3):
        raise SpecError(f"'{row}' does not name a row", remedy="write BACKBONE/RECIPE or BACKBONE/RECIPE/sSEED")
    if not (root / STAGES_FILE).is_file():
        raise SpecError("is not a results folder", where=str(root), remedy="run a suite, or give --results")
    known = sorted(path.relative_to(root).as_posix() for path in root.glob("*/*") if path.is_dir())
    if "/".join(parts[:2]) not in known:
        raise UnknownNameError("row", "/".join(parts[:2]), known, where=str(root))
    identities = read_json(root / STAGES_FILE)["stages"]
    wanted = parts[2] if len(parts) == 3 else None  # noqa: PLR2004
    found = {}
    for path in sorted((root / parts[0] / parts[1]).glob("*.json")):
        target, _, seed = path.stem.rpartition("-")
        if path.name.endswith(".units.json") or (wanted is not None and seed != wanted):
            continue
        chain = read_json(path)["provenance"]["stages"]
        found[target if wanted else path.stem] = {
            _slot(entry["stage"]): {**entry, "identity": identities[entry["key"]]} for entry in chain
        }
    return found


def _slot(name: str) -> str:
    """What a stage is for, whatever its row: ``finetune/minilm/none/mnli/s1`` is the row's ``finetune mnli``."""
    phase, *rest = name.split("/")
    if phase in ("finetune", "predict", "retrieve", "score"):
        return f"{phase} {rest[2]}"
    return phase if phase in ("intermediate", "pretrain", "convert") else name


def _compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    places = []
    for slot in sorted(set(a) | set(b), key=lambda name: (name not in a, name)):
        if slot not in b or slot not in a:
            entry = a.get(slot) or b[slot]
            places.append(f"{slot}: only in the {'first' if slot in a else 'second'} row ({entry['stage']})")
            continue
        places += [f"{slot}: {place}" for place in _compare_stage(a[slot], b[slot])]
    return places


def _compare_stage(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Keys of inputs are left out: what they stand for is compared at its own stage."""
    old, new = ({name: value for name, value in entry["identity"].items() if name != "inputs"} for entry in (a, b))
    places = differences(old, new)
    for name in ("versions", "cpu", "cpu_capability", "gpu"):
        places += differences(a.get(name), b.get(name), name)
    same_identity = a["key"] == b["key"]
    if same_identity and a["digest"] != b["digest"]:
        places.append("same key, other bytes: not reproducible on this hardware")
    return places
