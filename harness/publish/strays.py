"""Files of a submission that belong to nothing in it: whoever accepts one would keep them, unread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.publish.evidence import FOLDER, Unpacked, kept_files
from harness.publish.findings import Finding
from harness.publish.submission import RESULTS, SUBMISSION_FILE, Submission, links
from harness.rowdiff import STAGES_FILE
from harness.store.manifest import MANIFEST
from leaderboard.read import read_results
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE
from tasks.errors import UserError

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
