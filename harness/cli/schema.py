"""``codestilts schema``."""

from __future__ import annotations

import click

from harness.cli.options import echo_json


@click.command(epilog="Example: codestilts schema suite > suite.schema.json")
@click.argument("kind", type=click.Choice(["suite", "task", "backbone", "translator"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of a spec file, for editors."""
    from pydantic import BaseModel

    from harness.specs.backbone import BackboneSpec
    from harness.specs.suite import SuiteSpec
    from harness.specs.task import TaskSpec
    from harness.specs.translator import TranslatorSpec

    models: dict[str, type[BaseModel]] = {
        "suite": SuiteSpec,
        "task": TaskSpec,
        "backbone": BackboneSpec,
        "translator": TranslatorSpec,
    }
    echo_json(models[kind].model_json_schema(by_alias=True))
