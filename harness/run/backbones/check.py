"""Try out a backbone: its spec against its files, and every use of its checkpoint up to one training step."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from safetensors import safe_open
from transformers import PreTrainedConfig

from harness import files, paths
from harness.data.hub.download import megabytes
from harness.errors import EnvironmentFault, FailureClass
from harness.phases.check import RESULTS, Result, timed
from harness.phases.convert import positions
from harness.plan.checkpoint import tool_stage
from harness.plan.params import CheckParams, Claims
from harness.plan.stage import Phase, Plan
from harness.run.checkpoints import named_checkpoint
from harness.run.session import Display, SessionOptions, StageFailedError, open_session
from harness.runners.base import RunnerName, RunnerRequest
from harness.runners.preflight import NotReady
from harness.specs.backbone import Backbone, BackboneSpec
from harness.store.artifacts import State, Store, StoredArtifact
from harness.store.unfinished import Unfinished
from harness.training.encoder import read_config
from harness.training.facts import dtype_name
from harness.training.json_files import read_json
from harness.training.published import weight_types
from tasks.errors import UserError


def samples() -> dict[str, list[str]]:
    """Names of languages and countries (CLDR) in each of XTREME's 40 languages."""
    names: dict[str, list[str]] = yaml.safe_load((paths.tasks_dir() / "names.yaml").read_text(encoding="utf-8"))
    return names


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


def _lineage(store: Store, checkpoint: Path) -> Iterator[StoredArtifact]:
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


def _read(checkpoint: Path) -> PreTrainedConfig | None:
    """The config of a checkpoint; None where it takes code of the backbone's own to read it."""
    if Backbone.read(read_json(checkpoint / "backbone.json"), "backbone").remote_code:
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


#: What is the backbone's own fault, or its spec's, where a stage says so.
_ITS_OWN = frozenset({FailureClass.BAD_INPUT, FailureClass.STAGE_ERROR})


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What was found, in the order it was looked at.

    Attributes:
        results: every check; of those that could not be tried, why.
        machine: something failed that is the machine's fault: an image that is missing, memory, the network.
    """

    results: tuple[Result, ...]
    machine: bool

    @property
    def failed(self) -> tuple[Result, ...]:
        """Checks that did not hold."""
        return tuple(result for result in self.results if result.passed is False)


def try_out(
    spec: BackboneSpec,
    store: Path,
    workers: int,
    display: Display,
    *,
    allowed: tuple[str, ...] = (),
    runner: RunnerName = "local",
) -> Trial:
    """Fetch and convert the backbone, unless it is there, and try out everything that stages will do with it.

    Args:
        spec: its image spec.
        store: where its checkpoint is kept.
        workers: stages at once.
        display: shows how the checkpoint is made.
        allowed: what a person has allowed by name.
        runner: ``local``: here; ``docker``: all that loads it in the images that its stages run in.

    Raises:
        UserError: it cannot be used as its spec is, or the checkpoint needs release files.
    """
    found: list[Result] = []
    machine = False
    path: Path | None = None
    try:
        path = named_checkpoint(spec.name, store, workers, display, allowed, runner=runner)
    except (NotReady, StageFailedError) as error:
        found += _told("checkpoint", error)
        machine = _is_machines(error)
    else:
        found.append(Result(check="spec and files", passed=True, found="read, checked, converted", seconds=0.0))
        found.extend(examine_facts(spec, path, Store(store)))
    examined, problem = _examine(spec, path, display, runner)
    found += examined
    if problem is not None:
        found += [result for result in _told("checks", problem) if result not in found]
        machine = machine or _is_machines(problem)
    if path is None:
        why = "not tried: there is no checkpoint to try it with"
        found.append(Result(check="all that loads it", passed=None, found=why, seconds=0.0))
    return Trial(results=tuple(found), machine=machine)


def _told(check: str, error: UserError) -> list[Result]:
    """What went wrong, as checks that did not hold."""
    if isinstance(error, NotReady):
        told = [("machine", str(problem)) for problem in error.problems]
    elif isinstance(error, StageFailedError):
        told = [(error.stage.partition("/")[0], error.failure.reason)]
    else:
        told = [(check, str(error))]
    return [Result(check=name, passed=False, found=why, seconds=0.0) for name, why in told]


def _is_machines(error: UserError) -> bool:
    """Whether it is the machine's fault, and not that of the backbone or its spec."""
    if isinstance(error, NotReady):
        return True
    return isinstance(error, EnvironmentFault) and error.failure_class not in _ITS_OWN


def _examine(
    spec: BackboneSpec, checkpoint: Path | None, display: Display, runner: RunnerName
) -> tuple[list[Result], UserError | None]:
    """What the phase ``check`` finds, and why it did not come to its end; without a checkpoint whether it could run."""
    claims = Claims(
        tokenizer=(spec.tokenizer.kind, spec.tokenizer.vocab_size) if spec.tokenizer else None,
        languages=spec.languages,
        mlm_head=spec.mlm_head,
    )
    stage = tool_stage(
        Phase.CHECK,
        f"check/{spec.name}",
        CheckParams(claims=claims, samples={code: tuple(texts) for code, texts in samples().items()}),
        folders={"checkpoint": checkpoint} if checkpoint is not None else {},
        adds=spec.packages,
    )
    plan = Plan(suite=f"backbone-{spec.name}", stages=(stage,), cells=())
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        error = None
        try:
            with open_session(store, display, RunnerRequest(runner=runner), SessionOptions(waits=())) as session:
                if checkpoint is None:
                    session.check(plan)
                else:
                    session.require(plan)
        except UserError as raised:
            error = raised
        for place in (store.folder(stage.key), Unfinished(store.root).folder(stage.key)):
            if (place / RESULTS).is_file():
                return [Result(**result) for result in files.read_json(place / RESULTS)], error
    return [], error
