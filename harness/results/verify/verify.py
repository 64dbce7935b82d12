"""Verify results: write every result again from its predictions, and say where that differs from what is claimed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.context import Progress
from harness.data.suite_rows import scored_languages
from harness.files import file_digest
from harness.plan.stage import Cell, Phase
from harness.results.cells import Artifacts, CellReader
from harness.results.evidence import FOLDER, Overlay, damaged
from harness.results.findings import ABSENT, Finding, Verdict, compare, refused
from harness.results.grid import grid
from harness.results.submission.submission import RowName, results_of
from harness.results.verify.chain import Chain, check_chain, read_identities
from harness.results.verify.recompute import check_counts, check_labels, check_statistics
from harness.results.verify.references import MissingReferencesError, References
from harness.results.xtreme.layout import xtreme_tasks
from leaderboard.read import CellKey, ResultsFolder, load, read_results
from leaderboard.results import UNITS_SCHEMA, Result, Units
from tasks.errors import DataError, UserError
from tasks.scoring import read_references, score_predictions, write_scores

_METRIC = re.compile(r"languages\.[^.]+\.metrics\.")
TRUSTED = "that the predictions are the named model's: training is not repeated"
REPORTED = "times, memory and hardware, as whoever ran it reports them"


def verify_results(
    results: Path,
    artifacts: Artifacts | None,
    references: References | None,
    verdict: Verdict,
    scratch: Path,
    *,
    labels: Path | None = None,
    counts: bool = False,
    row: RowName | None = None,
    within: str = "",
    told: Progress,
) -> None:
    """Check a results folder; what does not hold goes into ``verdict``.

    Args:
        results: the folder.
        artifacts: where the predictions are; None: scores are compared with the counts per unit alone.
        references: what to score against; needed with ``artifacts``.
        verdict: told what was found.
        scratch: an empty folder.
        labels: folder of XTREME's label files; the targets it has are scored against them.
        counts: where labels are not at hand, be content with the counts per unit.
        row: check the results of this row alone.
        within: of what the folder is a part, for findings.
        told: told before each result.
    """
    try:
        folder = read_results(results)
    except UserError as error:
        verdict.findings.append(_below(within, refused(error)))
        return
    if row is not None:
        chosen = {
            key: one for key, one in folder.results.items() if (key.backbone, key.recipe) == (row.backbone, row.recipe)
        }
        folder = replace(folder, results=chosen)
    verdict.results += len(folder.results)
    names = sorted({(key.backbone, key.recipe) for key in folder.results})
    _, lost = results_of(folder, (RowName(backbone=backbone, recipe=recipe) for backbone, recipe in names))
    verdict.missing += map(str, lost)
    if row is None:
        verdict.findings += [_below(within, finding) for finding in check_statistics(results, verdict, told)]
    if artifacts is None or references is None:
        for number, (key, result) in enumerate(sorted(folder.results.items())):
            told(number / len(folder.results), str(key))
            verdict.findings += [_below(within, finding) for finding in _by_counts(results, key, result)]
        verdict.trust("scores against predictions: only the counts per unit were at hand")
        return
    checker = _Checker(results, folder, artifacts, references, verdict, scratch, labels, counts)
    found: list[Finding] = list(checker.suite())
    for number, (key, result) in enumerate(sorted(folder.results.items())):
        told(number / len(folder.results), str(key))
        found += checker.cell(key, result)
    # A stage stands behind many results: what is wrong with it is said once.
    verdict.findings += dict.fromkeys(_below(within, finding) for finding in found)
    verdict.trust(TRUSTED)
    verdict.trust(REPORTED)


class _Checker:
    """Checks the results of one folder against predictions and references."""

    def __init__(
        self,
        results: Path,
        folder: ResultsFolder,
        artifacts: Artifacts,
        references: References,
        verdict: Verdict,
        scratch: Path,
        labels: Path | None,
        counts: bool,
    ) -> None:
        self._labels = labels
        self._counts = counts
        self._results = results
        self._folder = folder
        self._artifacts = artifacts
        self._references = references
        self._verdict = verdict
        self._scratch = scratch
        self._baselines: dict[str, Path | None] = {}
        self._looked_at: set[str] = set()

    def suite(self) -> Iterator[Finding]:
        """The grid beside that of the suite as it is here, title and description apart."""
        claimed, ours = self._folder.suite, grid(self._references.rows)
        yield from compare("suite.json", claimed.miniature, ours.miniature, "miniature")
        yield from compare("suite.json", list(claimed.seeds), list(ours.seeds), "seeds")
        yield from compare("suite.json", list(claimed.notes), list(ours.notes), "notes")
        kinds: tuple[tuple[str, Any, Any], ...] = (
            ("backbones", claimed.backbones, ours.backbones),
            ("recipes", claimed.recipes, ours.recipes),
            ("targets", claimed.targets, ours.targets),
        )
        for kind, theirs, own in kinds:
            known = {entry.name: entry for entry in own}
            for number, entry in enumerate(theirs):
                if entry.name in known:
                    pair = (entry.model_dump(mode="json"), known[entry.name].model_dump(mode="json"))
                    yield from compare("suite.json", *pair, f"{kind}.{number}")
                elif kind == "backbones":
                    self._verdict.trust(f"what suite.json says of backbone {entry.name}: the suite here has none of it")
                else:
                    at = f"{kind}.{number}.name"
                    yield Finding(file="suite.json", field=at, claimed=repr(entry.name), found="not in the suite here")

    def cell(self, key: CellKey, result: Result) -> Iterator[Finding]:
        """One result with its counts."""
        file = key.path().as_posix()
        if key.target not in self._references.resolved.spec.targets:
            return
        try:
            chain = read_identities(self._results, key, result)
        except DataError as error:
            yield refused(error)
            return
        broken = list(check_chain(file, key, chain, self._artifacts, self._references, self._verdict))
        yield from broken
        if any(self._artifacts.look(stage).manifest is None for stage in chain.stages):
            return
        for stage in chain.stages:
            if stage not in self._looked_at:
                self._looked_at.add(stage)
                yield from self._files(stage)
        try:
            if self._labels is not None and key.target in xtreme_tasks() and (self._labels / key.target).is_dir():
                yield from self._by_labels(file, key, result, chain, self._labels)
            else:
                yield from self._again(file, key, result, chain)
        except MissingReferencesError:
            if not self._counts:
                raise
            self._verdict.trust(f"scores of {key.target} against predictions: its labels are not at hand")
            yield from _by_counts(self._results, key, result)
        except UserError as error:  # predictions that cannot be scored, counts that cannot be read
            yield refused(UserError(error.what, where=self._within(error.where or file, chain)))

    def _within(self, where: str, chain: Chain) -> str:
        """A place in an artifact, told as in the submission: where it was unpacked is nobody's concern."""
        for key in chain.stages:
            folder = str(self._artifacts.folder(key))
            if where.startswith(folder):
                return f"{FOLDER}/{key}{where[len(folder) :]}"
        return where

    def _files(self, key: str) -> Iterator[Finding]:
        manifest = self._artifacts.look(key).manifest
        assert manifest is not None, key
        for path, claimed, found in damaged(self._artifacts, manifest):
            yield Finding(file=f"artifacts/{key}/{path}", field="", claimed=f"SHA-256 {claimed}", found=found)

    def _by_labels(self, file: str, key: CellKey, result: Result, chain: Chain, labels: Path) -> Iterator[Finding]:
        """Scores and counts, the first against XTREME's label files."""
        found = check_labels(file, key.target, result, self._artifacts.folder(chain.predictions), labels)
        if found is None:
            self._verdict.trust(f"scores of {key.target} against predictions: XTREME keeps its labels in another order")
        else:
            yield from found
            self._verdict.rescored += 1
            self._verdict.references[key.target] = f"label files of {labels}"
        self._verdict.trust("unknown pieces, truncated rows and details: XTREME's labels say nothing of them")
        yield from check_counts(file, result, _read_units(self._results, key))

    def _again(self, file: str, key: CellKey, result: Result, chain: Chain) -> Iterator[Finding]:
        """The result, written again."""
        labels = self._references.labels(key.target, chain.labels, lambda _fraction, _note: None)
        self._verdict.references[key.target] = labels.source
        yield from self._same_labels(file, key, chain, labels.folder)
        rescored = self._rescore(key, chain, labels.folder)
        self._verdict.rescored += 1
        baseline = self._baseline(key.target)
        above = {chain.score: rescored} | ({"baseline": baseline} if baseline else {})
        reader = CellReader(self._references.rows, chain.stages, Overlay(self._artifacts, above))
        cell = Cell(
            backbone=key.backbone,
            recipe=key.recipe,
            target=key.target,
            seed=key.seed,
            score=chain.score,
            predictions=chain.predictions,
            baseline="baseline",
        )
        if all(recipe.name != key.recipe for recipe in self._references.resolved.recipes):
            return
        try:
            found = reader.result(cell, baseline=baseline is not None).model_dump(mode="json", by_alias=True)
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError, OSError) as error:
            what = f"what its stages left cannot be read as a result ({type(error).__name__})"
            raise DataError(what, where=file) from error
        claimed = result.model_dump(mode="json", by_alias=True)
        if baseline is None:
            self._verdict.trust(f"the baseline of {key.target}: its training rows are not at hand")
            for one in (*claimed["languages"].values(), *found["languages"].values()):
                one["baseline"] = None
        for finding in compare(file, claimed, found):
            # What is not said cannot be false.
            if finding.claimed == ABSENT and finding.field.startswith("details."):
                self._verdict.trust("details that a later version adds")
            elif finding.claimed == ABSENT and self._later(chain) and _METRIC.match(finding.field):
                self._verdict.trust("metrics that a later version of the scorer adds")
            else:
                yield finding
        units = _read_units(self._results, key)
        again = reader.units(cell).model_dump(mode="json", by_alias=True)
        yield from compare(key.units_path().as_posix(), units.model_dump(mode="json", by_alias=True), again)
        yield from self._same_score(chain, rescored)

    def _rescore(self, key: CellKey, chain: Chain, labels: Path) -> Path:
        """Score the predictions again, with our own parameters."""
        task = self._references.resolved.tasks[key.target]
        out = self._scratch / f"score-{chain.score}"
        if out.is_dir():
            return out
        out.mkdir(parents=True)
        languages = scored_languages(self._references.resolved.spec, task)
        references = read_references(task, labels, languages, joint=task.partly_parallel)
        write_scores(out, score_predictions(task, self._artifacts.folder(chain.predictions), references))
        return out

    def _baseline(self, target: str) -> Path | None:
        if target not in self._baselines:
            self._baselines[target] = self._references.baseline(target, lambda _fraction, _note: None)
        return self._baselines[target]

    def _same_labels(self, file: str, key: CellKey, chain: Chain, folder: Path) -> Iterator[Finding]:
        """That the labels scored against were these very ones."""
        manifest = self._artifacts.look(chain.labels).manifest
        assert manifest is not None, chain.labels
        for entry in manifest.files:
            path = folder / entry.path
            if entry.path.startswith("test-") and (not path.is_file() or file_digest(path) != entry.sha256):
                at = f"provenance: labels of {key.target}, {entry.path}"
                found = f"SHA-256 {file_digest(path)}" if path.is_file() else "no such labels"
                yield Finding(file=file, field=at, claimed=f"SHA-256 {entry.sha256}", found=found)

    def _same_score(self, chain: Chain, rescored: Path) -> Iterator[Finding]:
        """That the artifact of the score was what scoring again leaves, if the same version of the scorer made it."""
        manifest = self._artifacts.look(chain.score).manifest
        assert manifest is not None, chain.score
        if self._later(chain):
            self._verdict.trust(
                f"scores of version {chain.stages[chain.score].version} of the scorer were made again by ours"
            )
            return
        for entry in manifest.files:
            found = file_digest(rescored / entry.path) if (rescored / entry.path).is_file() else "no such file"
            if found != entry.sha256:
                file = f"artifacts/{chain.score}/manifest.json"
                yield Finding(file=file, field=f"files.{entry.path}.sha256", claimed=entry.sha256, found=found)

    def _later(self, chain: Chain) -> bool:
        """Is our scorer another version than the one that made the score?"""
        ours = next(stage.version for stage in self._references.plan.stages if stage.phase is Phase.SCORE)
        return chain.stages[chain.score].version != ours


def _by_counts(results: Path, key: CellKey, result: Result) -> Iterator[Finding]:
    try:
        units = _read_units(results, key)
    except UserError as error:
        yield refused(error)
        return
    yield from check_counts(key.path().as_posix(), result, units)


def _read_units(results: Path, key: CellKey) -> Units:
    return load(results, key.units_path(), Units, UNITS_SCHEMA)


def _below(within: str, finding: Finding) -> Finding:
    file = f"{within}/{finding.file}" if within and not finding.file.startswith("artifacts/") else finding.file
    return Finding(file=file, field=finding.field, claimed=finding.claimed, found=finding.found)
