"""Options shared by several commands."""

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
    help="Folder for artifacts, runs, results and pages.",
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of data set files (or CODESTILTS_DATA)."
)
results_option = click.option(
    "--results",
    "results",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Results folder of a suite; repeat to join several.  [default: store/results/mini]",
)
accepted_option = click.option(
    "--accepted", type=click.Path(path_type=Path), help="Folder of accepted rows to add to the board."
)
runner_option = click.option(
    "--runner",
    type=click.Choice(["local", "docker"]),
    help="Run stages in local processes, or each in its own container.  [default: local]",
)
device_option = click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), help="Device of the stages.  [default: from the suite]"
)
allow_option = click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(["remote-code", "gated", "decoder"]),
    help="Permit backbones that require this flag.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


def reference_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that locate labels and specs for verification."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--suite", help="Suite of the results, by name or file.  [default: as recorded]"),
        click.option("--labels", type=path, help="XTREME's label folder, TASK/test-LANG.tsv|json."),
        click.option("--store", type=path, help="Store with label artifacts.  [default: the results' own, if any]"),
        data_option,
    ):
        command = option(command)
    return command


def board_folders(results: tuple[Path, ...], accepted: Path | None) -> tuple[Path, ...]:
    """Return the given results folders, or that of the suite ``mini`` if there are none."""
    return results if results or accepted is not None else (Path("store/results/mini"),)


def echo_json(value: Any) -> None:
    """Print one JSON document with sorted keys."""
    click.echo(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False))


def default_workers() -> int:
    """Return the number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
