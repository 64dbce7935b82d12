"""A backbone tried out from its spec to one training step, here or in the containers that its stages run in."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import console
from harness.adding.conformance import Claims, Result
from harness.adding.samples import samples
from harness.adding.spec_facts import examine_facts
from harness.checkpoints import NotMadeError, named_checkpoint
from harness.errors import EnvironmentFault
from harness.outcome import FailureClass
from harness.outside import Do, Work, doing
from harness.phases.check import RESULTS
from harness.plan.stage import Phase
from harness.preflight import NotReady
from harness.run import Display
from harness.runners.places import RunnerName
from harness.specs.backbone import BackboneSpec
from harness.store.artifacts import Store
from tasks.errors import UserError

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
    except (NotReady, NotMadeError) as error:
        found += _told("checkpoint", error)
        machine = _is_machines(error)
    else:
        found.append(Result(check="spec and files", passed=True, found="read, checked, converted", seconds=0.0))
        found.extend(examine_facts(spec, path, Store(store)))
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            doing(runner, Path(folder), [Phase.CHECK], "cpu", packages=spec.packages) as do,
        ):
            if path is not None:
                _examine(spec, path, Path(folder) / "out", do, found)
    except UserError as error:
        found += _told("checks", error)
        machine = machine or _is_machines(error)
    if path is None:
        why = "not tried: there is no checkpoint to try it with"
        found.append(Result(check="all that loads it", passed=None, found=why, seconds=0.0))
    return Trial(results=tuple(found), machine=machine)


def _told(check: str, error: UserError) -> list[Result]:
    """What went wrong, as checks that did not hold."""
    if isinstance(error, NotReady):
        told = [("machine", str(problem)) for problem in error.problems]
    elif isinstance(error, NotMadeError):
        told = [(error.stage.partition("/")[0], error.failure.reason)]
    else:
        told = [(check, str(error))]
    return [Result(check=name, passed=False, found=why, seconds=0.0) for name, why in told]


def _is_machines(error: UserError) -> bool:
    """Whether it is the machine's fault, and not that of the backbone or its spec."""
    if isinstance(error, NotReady):
        return True
    return isinstance(error, EnvironmentFault) and error.failure_class not in _ITS_OWN


def _examine(spec: BackboneSpec, checkpoint: Path, out: Path, do: Do, found: list[Result]) -> None:
    """The phase ``check``; what it has found is kept even where it does not come to its end."""
    out.mkdir()
    claims = Claims(
        tokenizer=(spec.tokenizer.kind, spec.tokenizer.vocab_size) if spec.tokenizer else None,
        languages=spec.languages,
        mlm_head=spec.mlm_head,
    )
    params = {"claims": asdict(claims), "samples": samples()}
    try:
        with console.progress(f"backbones check {spec.name}") as progress:
            do(Work(phase=Phase.CHECK, params=params, inputs={"checkpoint": checkpoint}, out=out), progress)
    finally:
        if (out / RESULTS).is_file():
            text = (out / RESULTS).read_text(encoding="utf-8")
            found += [Result(**one) for one in json.loads(text)]
