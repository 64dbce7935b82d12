"""``codestilts backbones check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import allow_option, echo_json, json_option, runner_option, store_option

if TYPE_CHECKING:
    from harness.runners.base import RunnerName


@click.command(epilog="Example: codestilts backbones check minilm --runner docker")
@click.argument("name")
@runner_option
@store_option
@allow_option
@json_option
def check(name: str, runner: RunnerName | None, store: Path, allowed: tuple[str, ...], as_json: bool) -> int:
    """Check a backbone on the CPU, from its files to a training step.

    Checks the files against the spec, the tokenizer on names of languages and countries in XTREME's 40 languages, every
    head, the embeddings and one training step. The rate of unknown pieces is limited only for languages that the spec
    claims. With --runner docker, the model is loaded only in containers. Exit code 1 if a check fails, 3 for a fault of
    the machine, such as a missing image.
    """
    from dataclasses import asdict

    from harness.cli.display import make_display
    from harness.cli.options import default_workers
    from harness.run.backbones.check import try_out
    from harness.specs.catalog import Catalog

    workers = default_workers()
    spec = Catalog().backbone(name)
    trial = try_out(spec, store, workers, make_display(workers), allowed=allowed, runner=runner or "local")
    code = 3 if trial.machine else 1 if trial.failed else 0
    if as_json:
        echo_json({"name": name, "passed": not trial.failed, "checks": [asdict(result) for result in trial.results]})
        return code
    words = {True: "passed", False: "FAILED", None: "shown"}
    for result in trial.results:
        click.echo(f"{result.check:22}  {words[result.passed]:6}  {result.found}")
    of = f"{len(trial.failed)} of {len(trial.results)} checks failed."
    click.echo(f"{name}: {of}" if trial.failed else f"{name}: nothing failed.")
    return code
