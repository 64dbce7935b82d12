"""``codestilts retrieve mine``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import echo_json, json_option
from harness.cli.retrieve.options import mining_options, settings

_FILE = click.Path(path_type=Path)


@click.command(
    epilog="Example: codestilts retrieve mine --source-embeddings de.npy --target-embeddings en.npy --out pairs.tsv"
)
@click.option("--source-embeddings", type=_FILE, required=True, help="A .npy file (sentences, width), any float type.")
@click.option("--target-embeddings", type=_FILE, required=True, help="The same for the other side.")
@click.option("--source-text", type=_FILE, help="Their sentences, one a line: repeated ones are then one.")
@click.option("--target-text", type=_FILE, help="The same for the other side.")
@mining_options
@click.option("--threshold", type=float, help="Keep pairs that score so much or more.  [default: max keeps above 0]")
@json_option
@click.option("--out", type=_FILE, required=True, help="Score, source row, target row (0-based), best pair first.")
def mine(
    source_embeddings: Path,
    target_embeddings: Path,
    source_text: Path | None,
    target_text: Path | None,
    margin: str,
    retrieval: str,
    k: int,
    threshold: float | None,
    all_rows: bool,
    memory: int,
    threads: int | None,
    as_json: bool,
    out: Path,
) -> None:
    """Mine pairs of translations from saved embeddings, as BUCC is mined.

    Where a line of text comes again, the embedding of its last row counts, as in LASER, and the pair is written with
    its first row.
    """
    from harness.progress import progress
    from harness.retrieval.pairs import mine_sides, pair_lines, require_writable, write_pairs
    from harness.retrieval.saved import read_side

    require_writable(out)
    how = settings(margin=margin, retrieval=retrieval, k=k, threshold=threshold, memory=memory, threads=threads)
    with progress("mining") as report:
        source = read_side(source_embeddings, source_text, name="source", memory=memory)
        target = read_side(target_embeddings, target_text, name="target", memory=memory - source.vectors.nbytes)
        pairs = mine_sides(source, target, how, report)
    if all_rows:
        pairs = pairs.at_all_rows(source, target)
    write_pairs(out, pair_lines(pairs))
    if as_json:
        echo_json({"out": str(out), "pairs": len(pairs), **how.to_json(), "sides": [source.facts(), target.facts()]})
    else:
        click.echo(f"{len(pairs):,} pairs: {out}")
