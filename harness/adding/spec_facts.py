"""What a spec says of a published model, field by field, beside what the model's own files say.

Nothing of the model is loaded, and none of its code run: only configs and headers of weights are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safetensors import safe_open

from harness.adding.conformance import Result, timed
from harness.hub.download import megabytes
from harness.phases.convert import positions
from harness.specs.backbone import BackboneSpec
from harness.store.artifacts import Held, State, Store
from harness.training.backbone import Backbone, read_json
from harness.training.encoder import read_config
from harness.training.facts import dtype_name
from harness.training.published import weight_types

Found = tuple[bool | None, str]


def examine_facts(spec: BackboneSpec, checkpoint: Path, store: Store) -> Iterator[Result]:
    """One result for all files, hashed again, and one a field of the spec.

    A field is held, not held, or shown, where the spec or the files say nothing, or nobody attests it.

    Args:
        spec: of the backbone.
        checkpoint: made from its files.
        store: that it lies in, beside the files as they were fetched, if those are kept.
    """
    yield timed("files", lambda: _hashed(store, checkpoint))
    published = published_files(store, checkpoint)
    checks: dict[str, Callable[[], Found]] = {
        "architecture": lambda: _config(spec, checkpoint, "architecture", "model_type"),
        "layers": lambda: _config(spec, checkpoint, "layers", "num_hidden_layers"),
        "hidden_size": lambda: _config(spec, checkpoint, "hidden_size", "hidden_size"),
        "max_length": lambda: _max_length(spec, checkpoint),
        "parameters": lambda: _said("parameters", spec.parameters, _parameters(checkpoint), "weights"),
        "dtype": lambda: _dtype(spec, published),
    }
    for field, check in checks.items():
        result = timed(f"spec {field}", check)
        if result.passed is False and field in spec.unattested:
            found = f"{result.found}; the spec calls its own value unattested"
            result = Result(check=result.check, passed=None, found=found, seconds=result.seconds)
        yield result


def published_files(store: Store, checkpoint: Path) -> Path | None:
    """The fetched files that a checkpoint in a store was made from; None where there are none, or no longer."""
    converted, source = [None, None, *_lineage(store, checkpoint)][-2:]
    if converted is None or source is None or converted.manifest is None or source.state is not State.PRESENT:
        return None
    if "source" not in converted.manifest.identity["inputs"]:
        return None
    return source.folder / str(converted.manifest.identity["params"]["backbone"].get("path", ""))


def _lineage(store: Store, checkpoint: Path) -> Iterator[Held]:
    """The checkpoint, those it was pretrained on from, and last the files that were fetched, if there are any."""
    key: str | None = checkpoint.name
    while key is not None:
        held = store.look(key)
        yield held
        above = held.manifest.identity["inputs"] if held.manifest is not None else {}
        key = above.get("checkpoint") or above.get("source")


def _hashed(store: Store, checkpoint: Path) -> Found:
    """Every file of the checkpoint, and of what it was made from, by the SHA-256 that were recorded for them."""
    count = size = 0
    for held in _lineage(store, checkpoint):
        if held.manifest is None:
            continue
        looked = store.verify(held.manifest.key)
        if looked.state is State.CORRUPT:
            return False, f"{held.manifest.name}: {looked.problem}; remove {held.folder}, and it is made again"
        kept = [entry for entry in held.manifest.files if not entry.dropped]
        count += len(kept)
        size += sum(entry.size for entry in kept)
    return True, f"{count} files, {megabytes(size)}, fetched and converted, each with the SHA-256 recorded for it"


def _said(field: str, said: Any, found: Any, file: str) -> Found:
    if said is None:
        return None, f"{found} by its {file}; the spec says nothing"
    if said == found:
        return True, str(found)
    return False, f"the spec says {field} {said}, its {file} {found}"


def _config(spec: BackboneSpec, checkpoint: Path, field: str, name: str) -> Found:
    config = _read(checkpoint)
    if config is None:
        return None, f"{getattr(spec, field)}; its config is code of its own, which held it to that at conversion"
    return _said(field, getattr(spec, field), getattr(config, name), "config.json")


def _max_length(spec: BackboneSpec, checkpoint: Path) -> Found:
    config = _read(checkpoint)
    room = None if config is None else positions(config)
    if room is None or spec.max_length is None:
        return None, f"{spec.max_length}; its config does not limit positions"
    if spec.max_length <= room:
        return True, f"{spec.max_length} of {room} positions"
    return False, f"the spec says max_length {spec.max_length}, its config.json has {room} positions"


def _read(checkpoint: Path) -> Any:
    """The config of a checkpoint; None where it takes code of the backbone's own to read it."""
    if Backbone.from_json(read_json(checkpoint / "backbone.json")).remote_code:
        return None
    return read_config(checkpoint / "encoder")


def _parameters(checkpoint: Path) -> int:
    """Weights in the encoder's file, by its header: pooler and heads are not in it."""
    with safe_open(checkpoint / "encoder" / "model.safetensors", framework="numpy") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 - no mapping


def _dtype(spec: BackboneSpec, published: Path | None) -> Found:
    if published is None:
        return None, f"{spec.dtype or 'nothing said'}; the files it was made from are not kept"
    return _said("dtype", spec.dtype, dtype_name(weight_types(published)), "weights")
