"""Options that several commands share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=Path("store"),
    show_default=True,
    help="Folder of artifacts, runs, results and pages.",
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of original release files (or CODESTILTS_DATA)."
)
results_option = click.option(
    "--results",
    "results",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Results folder of a suite; several make one board.  [default: store/results/mini]",
)
accepted_option = click.option(
    "--accepted", type=click.Path(path_type=Path), help="Folder of accepted rows, which join the board."
)
runner_option = click.option(
    "--runner",
    type=click.Choice(["local", "docker"]),
    help="Where stages run: in processes here, or each in a container of its own.  [default: local]",
)
device_option = click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), help="Device of the stages.  [default: as the suite says]"
)
allow_option = click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(["remote-code", "gated", "decoder"]),
    help="Use backbones whose spec asks for your word on this.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


def reference_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What results are verified against: ``data``, ``store``, ``labels``, ``suite``."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--suite", help="Suite that the results are of, by name or file.  [default: as they say]"),
        click.option("--labels", type=path, help="XTREME's label files, TASK/test-LANG.tsv|json."),
        click.option(
            "--store", type=path, help="Store with label artifacts.  [default: the one results lie in, if any]"
        ),
        data_option,
    ):
        command = option(command)
    return command


def board_folders(results: tuple[Path, ...], accepted: Path | None) -> tuple[Path, ...]:
    """The results folders that were named, or the one that a first run leaves."""
    return results if results or accepted is not None else (Path("store/results/mini"),)


def echo_json(value: Any) -> None:
    """Print JSON for machines: sorted, one document."""
    click.echo(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False))


def default_workers() -> int:
    """As many stages at once as there are cores for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
