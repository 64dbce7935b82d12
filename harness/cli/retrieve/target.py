"""Options and report shared by ``retrieve tatoeba`` and ``retrieve bucc``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli.columns import aligned
from harness.cli.options import allow_option, default_workers, echo_json, json_option, runner_option, store_option
from leaderboard.words import plural, points

if TYPE_CHECKING:
    from harness.run.standalone import Evaluation
    from harness.runners.base import RunnerName

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_FOLDER = click.Path(path_type=Path)

_OPTIONS = (
    click.option("--data", type=_FOLDER, required=True, help="Folder of data set files, or of this task's files."),
    click.option("--backbone", required=True, help="Backbone name, or folder of a checkpoint or published model."),
    click.option("--languages", help="Languages, comma-separated.  [default: all that have files]"),
    click.option("--limit", type=click.IntRange(min=2), help="Sentences per language and side.  [default: all]"),
    click.option(
        "--max-length", type=click.IntRange(min=8), default=512, show_default=True, help="Longest input, in pieces."
    ),
    click.option("--threads", type=click.IntRange(min=1), help="Compute threads.  [default: one per core]"),
    click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True),
    click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="fp32", show_default=True),
    runner_option,
    allow_option,
    store_option,
    json_option,
    click.option("--out", type=_FOLDER, help="New folder to keep predictions and curves in."),
)


def target_options(command: CommandT) -> CommandT:
    """Add the options of :func:`run_target`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def run_target(
    name: str,
    *,
    data: Path,
    backbone: str,
    languages: str | None,
    limit: int | None,
    max_length: int,
    threads: int | None,
    device: str,
    precision: str,
    runner: RunnerName | None,
    allowed: tuple[str, ...],
    store: Path,
    as_json: bool,
    out: Path | None,
) -> None:
    """Evaluate one retrieval target and print its scores."""
    from harness.cli.display import make_display
    from harness.cli.retrieve.checkpoint import checkpoint_of, packages_of
    from harness.plan.stage import Environment
    from harness.run.standalone import Request, evaluate
    from harness.specs.catalog import Catalog
    from tasks.errors import UserError

    task = Catalog().task(name)
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("it is there already", where=str(out), remedy="name a new folder with --out")
    wanted = [language.strip() for language in languages.split(",")] if languages is not None else []
    threads = threads or default_workers()
    request = Request(
        languages=wanted,
        limit=limit,
        max_length=max_length,
        environment=Environment(base="", lock="", device=device, precision=precision, threads=threads),
        packages=packages_of(backbone),
        runner=runner or "local",
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        checkpoint = checkpoint_of(backbone, store, scratch / "checkpoint", allowed=allowed, runner=request.runner)
        found = evaluate(task, checkpoint, data, scratch, request, make_display(1), out=out)
    if as_json:
        echo_json({"target": task.name, "backbone": backbone, **found.to_json()})
    else:
        click.echo("\n".join(_report(task.title, task.metric, found)))


def _report(title: str, metric: str, found: Evaluation) -> list[str]:
    lines = [_choice(found.details), *_curve(found.details), ""]
    metrics = sorted({name for one in found.languages.values() for name in one["metrics"]} - {metric})
    heads = [title, "rows", metric, *(name.removeprefix(f"{metric}_") for name in metrics)]
    table = [
        [language, f"{one['rows']:,}", *(points(one["metrics"][name]) for name in (metric, *metrics))]
        for language, one in found.languages.items()
    ]
    if found.mean is not None:
        means = [
            sum(one["metrics"][name] for one in found.languages.values()) / len(table) for name in (metric, *metrics)
        ]
        table.append(["mean", "", *map(points, means)])
    lines += aligned([heads, *table])
    if found.mean is None:
        lines += ["", f"No mean: there are no files of {', '.join(found.without_files)}."]
    if found.details.get("oracle_threshold"):
        lines += ["", "Oracle threshold: tuned on the scored pairs, because no sample is available."]
    return lines


def _choice(details: dict[str, Any]) -> str:
    reading = f"Read from layer {details['layer']} of {details['layers']}, {details['pooling']}"
    if details["rule"] == "dev":
        chosen = details["chosen_on"]
        return (
            f"{reading}: the best on unscored samples in {plural(chosen['languages'], 'language')} "
            f"({points(chosen['score'])})."
        )
    return f"{reading}: the depth-scaled rule, because no unscored sample is available."


def _curve(details: dict[str, Any]) -> list[str]:
    """Return the curve averaged over the sample's languages, one line per pooling."""
    if "curve" not in details:
        return []
    heads = ["layer", *map(str, range(details["layers"] + 1))]
    return ["", *aligned([heads, *([name, *map(points, scores)] for name, scores in details["curve"].items())])]
