"""``codestilts retrieve mine``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import echo_json, json_option
from harness.cli.retrieve.options import mining_options, settings

_FILE = click.Path(path_type=Path)


@click.command(
    epilog="\b\nExample:\n"
    "  codestilts retrieve mine --source-embeddings de.npy \\\n"
    "    --target-embeddings en.npy --out pairs.tsv"
)
@click.option(
    "--source-embeddings", type=_FILE, required=True, help="A .npy file of shape (sentences, width), any float type."
)
@click.option("--target-embeddings", type=_FILE, required=True, help="The same for the other side.")
@click.option("--source-text", type=_FILE, help="The sentences, one per line; repeated ones are merged.")
@click.option("--target-text", type=_FILE, help="The same for the other side.")
@mining_options
@click.option("--threshold", type=float, help="Lowest score to keep.  [default: above 0 with max, else none]")
@json_option
@click.option("--out", type=_FILE, required=True, help="TSV of score, source row, target row (0-based), best first.")
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
    """Mine translation pairs from saved embeddings, by the method used for BUCC.

    A repeated line of text is represented by the embedding of its last row, as in LASER, and its pair is written with
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
