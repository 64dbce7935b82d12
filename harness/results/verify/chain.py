"""The stages behind a result: that their keys are made from what they say, and that this is what the suite asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.files import digest, read_json
from harness.plan.stage import Phase, Stage
from harness.results.cells import Artifacts
from harness.results.diff import STAGES_FILE
from harness.results.evidence import stage_of
from harness.results.findings import ABSENT, Finding, Verdict, compare
from harness.results.submission.submission import links
from harness.results.verify.forms import file_entries
from harness.results.verify.references import References
from leaderboard.read import CellKey
from leaderboard.results import Result
from tasks.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The stages behind a result, by key, in the result's order; and the keys of the three that scoring is about."""

    stages: dict[str, Stage]
    claimed: dict[str, str]  # by stage key what the result says its name is
    score: str
    predictions: str
    labels: str


def read_identities(results: Path, cell: CellKey, result: Result) -> Chain:
    """Look the stages of a result up in ``stages.json``.

    Raises:
        DataError: one is not there or describes no stage, or the chain does not end in a score.
    """
    try:
        known = read_json(results / STAGES_FILE)["stages"]
        known = dict(known)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise DataError("it is not there, or not readable", where=STAGES_FILE) from None
    stages: dict[str, Stage] = {}
    names: dict[str, str] = {}
    for number, link in enumerate(links(result, cell)):
        key = link["key"]
        if key not in known:
            where = f"{cell.path().as_posix()}, field provenance.stages.{number}.key"
            raise DataError(f"{STAGES_FILE} has no stage {key!r}", where=where)
        names[key] = str(link.get("stage"))
        try:
            stages[key] = stage_of(names[key], known[key])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"it describes no stage ({error})", where=f"{STAGES_FILE}, field stages.{key}") from None
    scores = [key for key, stage in stages.items() if stage.phase is Phase.SCORE]
    inputs = stages[scores[0]].inputs if len(scores) == 1 else {}
    if not {"predictions", "labels"} <= inputs.keys() or not set(inputs.values()) <= stages.keys():
        where = f"{cell.path().as_posix()}, field provenance.stages"
        raise DataError("they do not end in the score of predictions against labels", where=where)
    return Chain(
        stages=stages, claimed=names, score=scores[0], predictions=inputs["predictions"], labels=inputs["labels"]
    )


def check_chain(
    file: str, cell: CellKey, chain: Chain, artifacts: Artifacts, references: References, verdict: Verdict
) -> Iterator[Finding]:
    """Keys against identities, manifests against both, and all of it against our own plan."""
    for key, stage in chain.stages.items():
        at = f"stages.{key}"
        if stage.key != key:
            yield Finding(file=STAGES_FILE, field=at, claimed=f"key {key}", found=f"key {stage.key}")
        for role, above in stage.inputs.items():
            if above not in chain.stages:
                yield Finding(
                    file=file, field="provenance.stages", claimed=None, found=f"{role} of {stage.name} is left out"
                )
        yield from _check_manifest(key, stage, chain, artifacts)
    named = {stage.name: stage for stage in chain.stages.values()}
    wanted = f"score/{cell.backbone}/{cell.recipe}/{cell.target}/s{cell.seed}"
    if wanted not in named:
        name = chain.stages[chain.score].name
        yield Finding(file=file, field="provenance.stages", claimed=repr(name), found=repr(wanted))
    yield from _against_plan(file, cell, named, references, verdict)


def _check_manifest(key: str, stage: Stage, chain: Chain, artifacts: Artifacts) -> Iterator[Finding]:
    held = artifacts.look(key)
    where = f"artifacts/{key}/manifest.json"
    if held.manifest is None:
        yield Finding(file=where, field="", claimed=None, found=held.problem or "there is no such artifact")
        return
    manifest = held.manifest
    if manifest.key != key or digest(manifest.identity) != key:
        yield Finding(file=where, field="identity", claimed=f"key {key}", found=f"key {digest(manifest.identity)}")
    if manifest.phase != stage.phase.value:
        yield Finding(file=where, field="phase", claimed=repr(manifest.phase), found=repr(stage.phase.value))
    for role, above in stage.inputs.items():
        source = artifacts.look(above).manifest if above in chain.stages else None
        said = manifest.inputs.get(role)
        if source is not None and said != source.digest:
            found = f"{source.digest}, by the manifest of {source.name}"
            yield Finding(file=where, field=f"inputs.{role}", claimed=str(said), found=found)


def _against_plan(
    file: str, cell: CellKey, named: dict[str, Stage], references: References, verdict: Verdict
) -> Iterator[Finding]:
    """Parameters and seeds as the suite here would have them. Versions, locks and devices may be others."""
    if references.cell(*cell) is None:
        verdict.trust(f"how {cell.backbone} / {cell.recipe} was trained: the suite here has no such row")
    for name, stage in named.items():
        ours = references.stage(name)
        if ours is None:
            if references.cell(*cell) is not None:
                found = "the suite here has no such stage"
                yield Finding(file=file, field="provenance.stages", claimed=repr(name), found=found)
            continue
        at = f"stages.{stage.key[:12]} ({name})"
        pair = (stage.params, ours.params)
        if references.files.missing(ours) or _paths(stage) != _paths(ours):  # nothing to hold their digests against
            pair = (references.forms.without_files(stage.params), references.forms.without_files(ours.params))
        for finding in compare(STAGES_FILE, *pair, f"{at}.params"):
            # What one version of the code asks for and the other has never heard of is no claim that could be false.
            if stage.version == ours.version or ABSENT not in (finding.claimed, finding.found):
                yield finding
        yield from compare(STAGES_FILE, stage.seed, ours.seed, f"{at}.seed")
        yield from compare(STAGES_FILE, sorted(stage.inputs), sorted(ours.inputs), f"{at}.inputs")
        if stage.version != ours.version:
            verdict.trust(f"phase {stage.phase.value} of version {stage.version}; here it is {ours.version}")
        if stage.environment != ours.environment:
            verdict.trust(
                f"phase {stage.phase.value} in another environment than here (image, lock, device or precision)"
            )


def _paths(stage: Stage) -> list[str]:
    return sorted(str(entry["path"]) for entry in file_entries(stage.params))
