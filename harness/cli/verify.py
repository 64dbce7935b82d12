"""``codestilts verify``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import echo_json, json_option, reference_options
from harness.errors import first_of

if TYPE_CHECKING:
    from harness.results.findings import Finding, Verdict
    from harness.results.verify.check import Verifier

#: Files whose claims do not hold, and claims of each, that people are shown.
_FILES, _OF_A_FILE = 20, 5
_PATH = click.Path(path_type=Path)


@click.command(epilog="Example: codestilts verify row.zip --data data")
@click.argument("path", type=_PATH)
@click.option("--all", "everything", is_flag=True, help="Verify all results, rows and submissions below PATH.")
@reference_options
@click.option("--counts", is_flag=True, help="Without labels, compare scores with the counts per unit.")
@json_option
def verify(
    path: Path,
    everything: bool,
    data: Path | None,
    store: Path | None,
    labels: Path | None,
    suite: str | None,
    counts: bool,
    as_json: bool,
) -> int:
    """Rescore predictions and list every claim that does not hold.

    PATH is a submission, a results folder, a row's folder in one, or an accepted row's file. Labels come from --labels,
    --store or --data, or are generated, but never from a submission. Exit code 1 if a claim does not hold.
    """
    with verifier(data, store, labels, suite, counts=counts) as found:
        verdicts = list(found.verify_all(path)) if everything else [found.verify(path)]
    if as_json:
        records = [verdict.to_json() for verdict in verdicts]
        echo_json(records if everything else records[0])
    else:
        for verdict in verdicts:
            show(verdict)
        if everything:
            bad = sum(not verdict.holds for verdict in verdicts)
            click.echo(f"{len(verdicts)} verified, {bad} with claims that do not hold.")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def show(verdict: Verdict) -> None:
    """Print a verdict, with the claims that do not hold first."""
    files: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        files.setdefault(finding.file, []).append(finding)
    # A file that is wrong throughout must not hide another one.
    for file, findings in list(files.items())[:_FILES]:
        for finding in findings[:_OF_A_FILE]:
            click.echo(f"does not hold: {finding}")
        if len(findings) > _OF_A_FILE:
            click.echo(f"... and {len(findings) - _OF_A_FILE} more of {file} (--json lists all)")
    if len(files) > _FILES:
        click.echo(f"... and more of {len(files) - _FILES} other files (--json lists all)")
    sources: dict[str, list[str]] = {}
    for target, source in sorted(verdict.references.items()):
        sources.setdefault(source, []).append(target)
    for source, targets in sources.items():
        click.echo(f"labels: {', '.join(targets)}: {source}")
    for what in verdict.unchecked:
        click.echo(f"not checked: {what}")
    if verdict.missing:
        click.echo(f"incomplete: without a result: {first_of(verdict.missing)}")
    bad = len(verdict.findings)
    ending = "all claims hold" if verdict.holds else f"{bad} claim{'s do' if bad > 1 else ' does'} not hold"
    click.echo(
        f"{verdict.path}: {verdict.results} results, {verdict.rescored} scored again from predictions; {ending}."
    )


@contextmanager
def verifier(
    data: Path | None, store: Path | None, labels: Path | None, suite: str | None, *, counts: bool = False
) -> Iterator[Verifier]:
    """Yield a verifier that works in a temporary folder.

    Raises:
        UserError: a folder is missing.
    """
    from harness.data.release import data_folder
    from harness.errors import StoreError
    from harness.progress import progress
    from harness.results.verify.check import Verifier, VerifierOptions
    from harness.store.artifacts import Store
    from tasks.errors import DataError

    folder = data_folder(data)
    for path in (folder, labels):
        if path is not None and not path.is_dir():
            raise DataError("no such folder", where=str(path))
    if store is not None and not (store / "store.json").is_file():
        raise StoreError("is not a store", where=str(store), remedy="give the right --store")
    with tempfile.TemporaryDirectory(prefix="codestilts-verify-") as name, progress("verifying") as told:
        held = Store(store) if store is not None else None
        yield Verifier(
            VerifierOptions(data=folder, store=held, labels=labels, suite=suite, counts=counts, scratch=Path(name)),
            told,
        )
