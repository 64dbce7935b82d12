"""The command reference, docs/commands.md, generated from the commands' own help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from harness.cli import cli

WIDTH = 100  # columns: the width at which GitHub shows a code block without scrolling
_HEAD = """# Commands

Generated from `--help` by `python -m harness.cli.reference`; edit the help texts, not this page.

Exit codes: 0 success; 1 a stage or a check failed; 2 bad input, unreadable rows included; 3 a fault of the machine or
the store; 130 interrupted. An interrupted run (Ctrl-C or SIGKILL) is continued by the same command.
"""


def help_texts(width: int) -> Iterator[tuple[str, str]]:
    """Yield every command's name, groups included, with its help wrapped to ``width`` columns."""

    def walk(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
        settings = {**command.context_settings, "terminal_width": width}
        context = click.Context(command, info_name=name, parent=parent, **settings)
        yield context.command_path, command.get_help(context)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                subcommand = command.get_command(context, child)
                assert subcommand is not None, child
                yield from walk(subcommand, child, context)

    yield from walk(cli, "codestilts", None)


def command_reference() -> str:
    """Return the text of docs/commands.md."""
    sections = (f"## {name}\n\n```text\n{text}\n```\n" for name, text in help_texts(WIDTH))
    return "\n".join([_HEAD, *sections])


if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "commands.md").write_text(command_reference(), encoding="utf-8")
