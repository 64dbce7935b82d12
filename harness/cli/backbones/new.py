"""``codestilts backbones new``."""

from __future__ import annotations

import click

from harness.cli.options import echo_json, json_option


@click.command("new", epilog="Example: codestilts backbones new my-bert --from owner/my-bert")
@click.argument("name")
@click.option("--from", "origin", required=True, metavar="HUB_ID|DIR", help="A model of the hub, or a folder of one.")
@click.option("--revision", metavar="SHA", help="Full commit of the model.  [default: what its main branch is at now]")
@json_option
def new(name: str, origin: str, revision: str | None, as_json: bool) -> None:
    """Write the image spec of a backbone NAME from a model's own files, to images/backbones.

    Of a model of the hub only its configuration, its tokenizer and its card are downloaded. What no file says (its
    family, what it saw) is marked in the spec, which is refused until you have filled that in; what the card says
    (languages, pretraining data, licence) is marked as to be confirmed.
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
