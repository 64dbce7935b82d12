"""``codestilts suites|tasks|backbones list|show``, and ``backbones new|check``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from harness.commands.check_backbone import check
from harness.commands.new_backbone import new
from harness.commands.options import echo_json, json_option


def _group(kind: str, plural: str) -> click.Group:
    """The two verbs for one kind of spec."""

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
            _echo(_listed(kind, specs))
        for fault in faults:
            click.echo(f"codestilts: {fault}", err=True)
        return 2 if faults else 0

    @group.command("show", help=f"Show one of the {plural} in full.", epilog=f"Example: codestilts {plural} show NAME")
    @click.argument("name")
    @json_option
    def show_command(name: str, as_json: bool) -> None:
        spec = _load(kind, name)
        if as_json:
            echo_json(spec.model_dump(mode="json", by_alias=True, exclude_none=True))
        else:
            _echo(_shown(kind, spec))

    return group


def _listed(kind: str, specs: list[Any]) -> Iterable[str]:
    if kind == "task":
        from harness.commands.task_show import listed

        return listed(specs)
    if kind == "backbone":
        from harness.commands import backbone_show

        return backbone_show.listed(specs)
    width = max((len(spec.name) for spec in specs), default=0)
    return [f"{spec.name:{width}}  {spec.title}" for spec in specs]


def _shown(kind: str, spec: Any) -> Iterable[str]:
    if kind == "task":
        from harness.commands.task_show import shown

        return shown(spec)
    if kind == "backbone":
        from harness.commands import backbone_show

        return backbone_show.shown(spec)
    import yaml

    value = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    return [yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).removesuffix("\n")]


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


suites = _group("suite", "suites")
tasks = _group("task", "tasks")
backbones = _group("backbone", "backbones")
backbones.add_command(new)
backbones.add_command(check)
