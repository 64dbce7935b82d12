"""``codestilts submit``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import echo_json, json_option, reference_options, store_option

_PATH = click.Path(path_type=Path)


@click.group()
def submit() -> None:
    """Pack rows for another board, or verify and accept them."""


@submit.command(
    epilog="\b\nExample:\n"
    "  codestilts submit pack --suite core --backbone codebert-base \\\n"
    "    --recipe none --out row.zip"
)
@click.option("--suite", required=True, help="Suite whose results in the store are used.")
@click.option("--backbone", "backbones", required=True, multiple=True, help="Backbone of the rows; may be repeated.")
@click.option("--recipe", "recipes", required=True, multiple=True, help="Recipe of the rows; may be repeated.")
@store_option
@click.option("--partial", is_flag=True, help="Also pack rows with missing results.")
@json_option
@click.option("--out", type=_PATH, required=True, help="The archive.")
def pack(
    suite: str,
    backbones: tuple[str, ...],
    recipes: tuple[str, ...],
    store: Path,
    partial: bool,
    as_json: bool,
    out: Path,
) -> None:
    """Pack rows with their counts, predictions and provenance.

    Several backbones and recipes select every combination. The same rows give the same bytes.
    """
    from harness.errors import StoreError
    from harness.results.submission.submission import RowName
    from harness.results.submission.submission import pack as pack_rows
    from harness.store.artifacts import Store

    if not (store / "store.json").is_file():
        raise StoreError("is not a store", where=str(store), remedy="give the right --store")
    rows = [RowName(backbone=backbone, recipe=recipe) for backbone in backbones for recipe in recipes]
    done = pack_rows(store / "results" / suite, Store(store), rows, out, partial=partial)
    if as_json:
        echo_json(
            {
                "out": str(done.out),
                "digest": done.digest,
                "rows": [row.model_dump() for row in done.rows],
                "results": done.results,
                "files": done.files,
                "bytes": done.size,
                "left_out": list(done.left_out),
            }
        )
        return
    for lost in done.left_out:
        click.echo(f"codestilts: without {lost}.", err=True)
    many = "" if len(done.rows) == 1 else "s"
    click.echo(f"{len(done.rows)} row{many}, {done.results} results, {done.size / 1e6:.1f} MB: {out}")


@submit.command(epilog="Example: codestilts submit accept row.zip --data data --into accepted")
@click.argument("file", type=_PATH)
@click.option("--into", type=_PATH, default=Path("accepted"), show_default=True, help="Folder of accepted rows.")
@reference_options
@click.option("--replace", is_flag=True, help="Replace a row that was accepted before.")
@json_option
def accept(
    file: Path,
    into: Path,
    data: Path | None,
    store: Path | None,
    labels: Path | None,
    suite: str | None,
    replace: bool,
    as_json: bool,
) -> int:
    """Verify the submission FILE and accept its rows if all claims hold.

    Writes one reviewable file per row. Exit code 1 if a claim does not hold; then nothing is written.
    """
    from harness.cli.verify import show, verifier
    from harness.results.submission.accepted import accept as accept_rows
    from harness.results.submission.submission import opened

    with verifier(data, store, labels, suite) as found:
        verdict = found.verify_submission(file)
    written: list[Path] = []
    if verdict.holds:
        with opened(file) as (root, record):
            written = accept_rows(root, record.rows, into, replace=replace)
    if as_json:
        echo_json({"verdict": verdict.to_json(), "written": [str(path) for path in written]})
    else:
        show(verdict)
        for path in written:
            click.echo(f"accepted: {path}")
        if not verdict.holds:
            click.echo("Not accepted; nothing was written.", err=True)
    return 0 if verdict.holds else 1
