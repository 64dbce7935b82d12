"""What ``codestilts verify`` is given, whatever it is, and the verdict on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.context import Progress
from harness.results.cells import Artifacts
from harness.results.diff import STAGES_FILE
from harness.results.evidence import FOLDER, Unpacked, kept_files
from harness.results.findings import Finding, Verdict, refused
from harness.results.submission.accepted import check_row, is_row_file
from harness.results.submission.submission import RESULTS, SUBMISSION_FILE, RowName, Submission, links, opened
from harness.results.verify.references import References, own_suite
from harness.results.verify.verify import verify_results
from harness.store.artifacts import Store
from harness.store.manifest import MANIFEST
from leaderboard.read import read_results
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE
from tasks.errors import DataError, UserError

#: Of a results folder, beside its results and their counts.
_OF_RESULTS = ("suite.json", "gaps.json", STAGES_FILE, STATISTICS_FILE, LANGUAGES_FILE)


def stray_files(root: Path, record: Submission) -> Iterator[Finding]:
    """Listed files that are no result, no counts, and no part of a stage that a result stands on.

    Args:
        root: of the unpacked submission, whose files are those that ``record`` lists.
        record: its ``submission.json``.
    """
    try:
        known = {SUBMISSION_FILE, *_known(root)}
    except UserError:
        return  # said already, and more to the point
    for name in sorted(record.files.keys() - known):
        what = "it belongs to no result, and to no stage that one stands on"
        yield Finding(file=name, field="", claimed=None, found=what)


def _known(root: Path) -> Iterator[str]:
    yield from (f"{RESULTS}/{name}" for name in _OF_RESULTS)
    keys: set[str] = set()
    for cell, result in read_results(root / RESULTS).results.items():
        yield from (f"{RESULTS}/{path.as_posix()}" for path in (cell.path(), cell.units_path()))
        keys.update(link["key"] for link in links(result, cell))
    artifacts = Unpacked(root)
    for key in keys:
        yield f"{FOLDER}/{key}/{MANIFEST}"
        manifest = artifacts.look(key).manifest
        if manifest is not None:
            yield from (f"{FOLDER}/{key}/{entry.path}" for entry in kept_files(manifest))


@dataclass(frozen=True, kw_only=True)
class VerifierOptions:
    """What there is to verify with.

    Attributes:
        data: folder of release files.
        store: that has label artifacts.
        labels: folder of XTREME's label files, ``TASK/test-LANG.tsv|json``.
        suite: a shipped name, or a file, of the suite that results are of; None: as they say.
        counts: where labels are not at hand, be content with the counts per unit.
        scratch: a folder for what is made on the way.
    """

    data: Path | None = None
    store: Store | None = None
    labels: Path | None = None
    suite: str | None = None
    counts: bool = False
    scratch: Path


class Verifier:
    """Verifies one thing after another; labels of a suite are made once."""

    def __init__(self, means: VerifierOptions, told: Progress) -> None:
        self._means = means
        self._told = told
        self._references: dict[str, References] = {}

    def verify(self, path: Path) -> Verdict:
        """An archive, a folder it was unpacked to, a results folder, a row folder in one, or an accepted row's file.

        Raises:
            UserError: it is none of these, or what to verify against is not at hand.
        """
        if not path.exists():
            raise UserError("there is no such file or folder", where=str(path))
        if path.is_dir() and (path / "suite.json").is_file():
            return self._results_folder(path, None)
        row = path.resolve()
        if path.is_dir() and (row.parent.parent / "suite.json").is_file():
            return self._results_folder(row.parent.parent, RowName(backbone=row.parent.name, recipe=row.name))
        if path.suffix == ".json" and path.is_file():
            return self._accepted_row(path)
        if path.is_dir() and not (path / SUBMISSION_FILE).is_file():
            raise UserError(
                "it is neither a results folder nor a submission",
                where=str(path),
                remedy="name a folder with suite.json or submission.json, a row's folder in one, or an archive; "
                "--all looks at everything below a folder",
            )
        return self.verify_submission(path)

    def verify_all(self, folder: Path) -> Iterator[Verdict]:
        """Every results folder, accepted row and submission below a folder.

        Raises:
            UserError: there is none, or what to verify against is not at hand.
        """
        found = list(_everything(folder))
        if not found:
            raise UserError("there is nothing to verify below it", where=str(folder))
        for path in found:
            yield self.verify(path)

    def _results_folder(self, results: Path, row: RowName | None) -> Verdict:
        verdict = Verdict(path=str(results if row is None else results / row.backbone / row.recipe))
        store = self._means.store or _store_around(results)
        references = None
        if store is not None:
            try:
                name = read_results(results).suite.name
            except UserError as error:
                verdict.findings.append(refused(error))
                return verdict
            references = self._own(name, store)
        self._check(results, store, references, verdict, row=row)
        return verdict

    def verify_submission(self, path: Path) -> Verdict:
        """An archive, or a folder it was unpacked to.

        Raises:
            UserError: there is no such thing, or what to verify against is not at hand.
        """
        verdict = Verdict(path=str(path))
        if not path.is_dir() and not path.is_file():
            raise UserError("it is neither a file nor a folder", where=str(path))
        try:
            with opened(path) as (root, record):
                references = self._own(record.suite, self._means.store)
                self._check(root / RESULTS, Unpacked(root), references, verdict, within=RESULTS)
                verdict.findings += _check_rows(root / RESULTS, record)
                verdict.findings += stray_files(root, record)
        except DataError as error:
            verdict.findings.append(refused(error))
        return verdict

    def _accepted_row(self, path: Path) -> Verdict:
        """The file of an accepted row: what it says beside what its archive holds, and the archive itself."""
        findings, archive = check_row(path)
        verdict = Verdict(path=str(path))
        if archive is not None:
            verdict = self.verify_submission(archive)
            verdict.path = str(path)
        else:
            verdict.trust("the row's scores: its archive is not beside it")
        verdict.findings = [*findings, *verdict.findings]
        return verdict

    def _own(self, claimed: str, store: Store | None) -> References:
        if claimed not in self._references:
            suite = own_suite(claimed, self._means.suite)
            scratch = Path(tempfile.mkdtemp(prefix="references-", dir=self._means.scratch))
            self._references[claimed] = References(suite, data=self._means.data, store=store, scratch=scratch)
        return self._references[claimed]

    def _check(
        self,
        results: Path,
        artifacts: Artifacts | None,
        references: References | None,
        verdict: Verdict,
        *,
        row: RowName | None = None,
        within: str = "",
    ) -> None:
        scratch = Path(tempfile.mkdtemp(prefix="scores-", dir=self._means.scratch))
        verify_results(
            results,
            artifacts,
            references,
            verdict,
            scratch,
            labels=self._means.labels,
            counts=self._means.counts,
            row=row,
            within=within,
            told=self._told,
        )


def _check_rows(results: Path, record: Submission) -> Iterator[Finding]:
    """That the rows a submission names are those it holds."""
    try:
        folder = read_results(results)
    except UserError:
        return  # said already
    named = {(row.backbone, row.recipe) for row in record.rows}
    held = {(key.backbone, key.recipe) for key in folder.results}
    for row in sorted(named ^ held):
        which = "no result of this row" if row in named else "results of a row that is not named"
        yield Finding(
            file=SUBMISSION_FILE, field="rows", claimed=" / ".join(row) if row in named else "nothing", found=which
        )
    if folder.suite.name != record.suite:
        yield Finding(file=SUBMISSION_FILE, field="suite", claimed=repr(record.suite), found=repr(folder.suite.name))


def _store_around(results: Path) -> Store | None:
    """The store that a results folder lies in, as a run leaves it."""
    root = results.resolve().parent.parent
    return Store(root) if (root / "store.json").is_file() else None


def _everything(folder: Path) -> Iterator[Path]:
    """Results folders, accepted rows, and submissions that are no accepted row's."""
    if not folder.is_dir():
        raise UserError("there is no such folder", where=str(folder))
    if (folder / "suite.json").is_file() or (folder / SUBMISSION_FILE).is_file():
        yield folder
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _everything(path)
        elif is_row_file(path) or (path.suffix == ".zip" and not is_row_file(path.with_suffix(".json"))):
            yield path
