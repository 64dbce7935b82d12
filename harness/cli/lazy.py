"""Command groups that import a command only when it is used, so that ``--help`` is fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from harness.errors import UnknownNameError


class Entry(NamedTuple):
    """A command's module, its line of help, and its attribute there if it differs from the command's name."""

    module: str
    help: str
    attribute: str = ""


class LazyGroup(click.Group):
    """A command group that imports its commands on first use."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = dict(entries)

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in self.entries:
            return None
        entry = self.entries[name]
        command: click.Command = getattr(importlib.import_module(entry.module), entry.attribute or name)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.entries:
            raise UnknownNameError("command", args[0], self.entries)
        return super().resolve_command(context, args)
