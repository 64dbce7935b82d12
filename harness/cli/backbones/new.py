"""``codestilts backbones new``."""

from __future__ import annotations

import click

from harness.cli.options import echo_json, json_option


@click.command("new", epilog="Example: codestilts backbones new my-bert --from owner/my-bert")
@click.argument("name")
@click.option("--from", "origin", required=True, metavar="HUB_ID|DIR", help="Model on the hub, or in a folder.")
@click.option("--revision", metavar="SHA", help="Full commit of the model.  [default: head of its main branch]")
@json_option
def new(name: str, origin: str, revision: str | None, as_json: bool) -> None:
    """Write a backbone's spec from the model's files.

    The spec goes to images/backbones/NAME.yaml. Only the configuration, tokenizer and model card are downloaded. Fields
    that no file answers (family, data seen) are marked FILL-IN, and the spec is refused until you fill them in. Fields
    read from the card (languages, pretraining data, licence) are marked for confirmation.
    """
    from pathlib import Path

    from harness import progress
    from harness.run.backbones.new import write_spec

    with progress.progress(f"backbones new {name}") as note:
        path = write_spec(name, origin, revision, note)
    if as_json:
        echo_json({"name": name, "path": str(path)})
    else:
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"{shown}: written. Fill in what it marks, then read it with 'codestilts backbones show {name}'.")
