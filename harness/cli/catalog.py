"""The verbs ``list`` and ``show`` of every kind of spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import click

from harness.cli.options import echo_json, json_option

Kind = Literal["suite", "task", "backbone"]


def spec_group(
    kind: Kind,
    plural: str,
    *,
    listed: Callable[[Sequence[Any]], Iterable[str]],
    shown: Callable[[Any], Iterable[str]],
) -> click.Group:
    """Return the command group of one kind of spec; ``listed`` and ``shown`` format it for people."""

    @click.group(name=plural, help=f"List or show {plural}.")
    def group() -> None: ...

    @group.command("list", help=f"List all {plural}.", epilog=f"Example: codestilts {plural} list")
    @json_option
    def list_command(as_json: bool) -> int:
        from tasks.errors import UserError

        specs, faults = [], []
        for name in _names(kind):
            try:
                specs.append(_load(kind, name))
            except UserError as error:  # one that is half written hides no other
                faults.append(error)
        if as_json:
            echo_json([spec.model_dump(mode="json", by_alias=True, exclude_none=True) for spec in specs])
        else:
            _echo(listed(specs))
        for fault in faults:
            click.echo(f"codestilts: {fault}", err=True)
        return 2 if faults else 0

    @group.command("show", help=f"Show one {kind} in full.", epilog=f"Example: codestilts {plural} show NAME")
    @click.argument("name")
    @json_option
    def show_command(name: str, as_json: bool) -> None:
        spec = _load(kind, name)
        if as_json:
            echo_json(spec.model_dump(mode="json", by_alias=True, exclude_none=True))
        else:
            _echo(shown(spec))

    return group


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _names(kind: str) -> list[str]:
    from harness.specs.catalog import Catalog

    catalog = Catalog()
    files = {"suite": catalog.suite_files, "task": catalog.task_files, "backbone": catalog.backbone_files}[kind]()
    return sorted(files)


def _load(kind: str, name: str) -> Any:
    from harness.specs.catalog import Catalog

    catalog = Catalog()
    load: dict[str, Callable[[str], Any]] = {
        "suite": catalog.suite,
        "task": catalog.task,
        "backbone": catalog.backbone,
    }
    return load[kind](name)
