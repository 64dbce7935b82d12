"""``codestilts backbones new``."""

from __future__ import annotations

import click

from harness.commands.options import echo_json, json_option


@click.command("new", epilog="Example: codestilts backbones new my-bert --from owner/my-bert")
@click.argument("name")
@click.option("--from", "origin", required=True, metavar="HUB_ID|DIR", help="A model of the hub, or a folder of one.")
@click.option("--revision", metavar="SHA", help="Full commit of the model.  [default: what its main branch is at now]")
@json_option
def new(name: str, origin: str, revision: str | None, as_json: bool) -> None:
    """Write the image spec of a backbone NAME from a model's own files, to images/backbones.

    Of a model of the hub only its configuration and its tokenizer are downloaded. What no file says (what it was
    pretrained on, what it saw, its licence) is marked in the spec; it is refused until you have filled that in.
    """
    from harness import console
    from harness.adding.write import write_spec

    with console.progress(f"backbones new {name}") as note:
        path = write_spec(name, origin, revision, note)
    if as_json:
        echo_json({"name": name, "path": str(path)})
    else:
        click.echo(f"{path}: written. Fill in what it marks, then read it with 'codestilts backbones show {name}'.")
