"""``codestilts retrieve bitext``."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import allow_option, echo_json, json_option, store_option
from harness.cli.retrieve.options import mining_options, settings

if TYPE_CHECKING:
    from harness.runners.base import RunnerName
    from harness.specs.backbone import Pooling

_FILE = click.Path(path_type=Path)
#: WikiMatrix's threshold for the ratio margin (Schwenk et al. 2019, arXiv 1907.05791), found with LASER's embeddings.
AUTO_THRESHOLD = 1.04


class Threshold(click.ParamType[float | str]):
    """A number, or ``auto``."""

    name = "auto|X"

    def convert(self, value: float | str, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """Return the number, or ``auto``."""
        if value == "auto":
            return value
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor auto", param, ctx)


@click.command(
    epilog="\b\nExample:\n"
    "  codestilts retrieve bitext --source de.txt --target en.txt \\\n"
    "    --backbone minilm --out de-en.tsv"
)
@click.option("--source", type=_FILE, required=True, help="Text with one sentence per line.")
@click.option("--target", type=_FILE, required=True, help="Text to search for translations, one sentence per line.")
@click.option("--backbone", required=True, help="Backbone name, or folder of a checkpoint or published model.")
@click.option("--layer", type=int, help="Hidden state to read; 0 is the embeddings.  [default: 14/24 of the depth]")
@click.option(
    "--pooling",
    type=click.Choice(["mean", "mean-no-special", "first", "last"]),
    help="Pooling over pieces.  [default: the backbone's]",
)
@mining_options
@click.option(
    "--threshold",
    type=Threshold(),
    default="auto",
    show_default=True,
    help=f"Lowest score to keep. auto: {AUTO_THRESHOLD} (WikiMatrix) for the ratio, none for other margins.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option(
    "--runner",
    type=click.Choice(["local", "docker"]),
    default="local",
    show_default=True,
    help="Runner for making a named backbone's checkpoint; texts are embedded in this process.",
)
@allow_option
@store_option
@click.option("--work", type=_FILE, help="Folder to keep embeddings in.  [default: next to --out, until done]")
@json_option
@click.option("--out", type=_FILE, help="TSV of score, rows (0-based) and sentences.  [default: standard output]")
def bitext(
    source: Path,
    target: Path,
    backbone: str,
    layer: int | None,
    pooling: Pooling | None,
    margin: str,
    retrieval: str,
    k: int,
    threshold: float | str,
    all_rows: bool,
    memory: int,
    threads: int | None,
    device: str,
    runner: RunnerName,
    allowed: tuple[str, ...],
    store: Path,
    work: Path | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Mine translation pairs from two texts without training.

    With --out or --work, embeddings are saved in parts, and the same command resumes after an interruption. A pair of
    repeated lines is written with the first row of each.
    """
    import shutil

    from harness.cli.retrieve.checkpoint import checkpoint_of
    from harness.progress import progress
    from harness.retrieval.pairs import mine_sides, pair_lines, require_writable, write_pairs
    from harness.retrieval.saved import read_text, side_of_texts
    from harness.retrieval.texts import TextEmbedder, reading_of
    from tasks.errors import UserError

    if out is not None:
        require_writable(out)
    elif as_json:
        raise UserError("pairs and facts cannot both go to standard output", where="--json", remedy="give --out")
    texts = read_text(source), read_text(target)
    cut = threshold if isinstance(threshold, float) else AUTO_THRESHOLD if margin == "ratio" else None
    how = settings(
        margin=margin, retrieval=retrieval, k=k, threshold=cut, memory=memory, threads=threads, device=device
    )
    with ExitStack() as stack:
        aside = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = work or (aside / "work" if out is None else out.with_name(f".{out.name}.work"))
        checkpoint = checkpoint_of(backbone, store, aside / "checkpoint", allowed=allowed, runner=runner)
        reading = reading_of(checkpoint, layer, pooling)
        embedder = TextEmbedder(checkpoint, reading=reading, work=folder, threads=how.threads, device=device)
        with progress("embedding") as report:
            sides = [
                side_of_texts(
                    lines,
                    lambda different, place=place: embedder.embed(  # type: ignore[misc]
                        different, lambda done, note: report((place + done) / 2, note)
                    ),
                    name=name,
                    memory=memory,
                    width=embedder.width,
                )
                for place, (name, lines) in enumerate(zip(("source", "target"), texts, strict=True))
            ]
        with progress("mining") as report:
            pairs = mine_sides(sides[0], sides[1], how, report)
    if all_rows:
        pairs = pairs.at_all_rows(sides[0], sides[1])
    rule = "" if isinstance(threshold, float) else " (a rule, not tuned on gold pairs)"
    said = f"Read from {reading}; threshold {'none' if cut is None else cut}{rule}."
    if out is None:
        for line in pair_lines(pairs, texts):
            click.echo(line)
        click.echo(f"{len(pairs):,} pairs. {said}", err=True)
        return
    write_pairs(out, pair_lines(pairs, texts))
    if work is None:
        shutil.rmtree(folder, ignore_errors=True)
    facts = {
        "out": str(out),
        "pairs": len(pairs),
        **reading.to_json(),
        **how.to_json(),
        "threshold_from": "given" if isinstance(threshold, float) else "rule, not tuned on gold pairs",
        "sides": [side.facts() for side in sides],
        "truncated": embedder.truncated,
        "reused": embedder.reused,
    }
    if as_json:
        echo_json(facts)
        return
    click.echo(f"{len(pairs):,} pairs: {out}")
    click.echo(said)
