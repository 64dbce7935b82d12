"""``codestilts backbones check``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import allow_option, echo_json, json_option, store_option


@click.command(epilog="Example: codestilts backbones check minilm")
@click.argument("name")
@store_option
@allow_option
@json_option
def check(name: str, store: Path, allowed: tuple[str, ...], as_json: bool) -> int:
    """Try out backbone NAME on the CPU: its files, its tokenizer, every head, embeddings and one training step.

    The tokenizer is shown names of languages and countries in XTREME's 40 languages; it is held to a limit of unknown
    pieces only where the spec claims a language. Exit code 1 when something failed.
    """
    from dataclasses import asdict

    from harness import console
    from harness.adding import conformance
    from harness.adding.spec_facts import examine_facts, published_files
    from harness.checkpoints import named_checkpoint
    from harness.commands.options import default_workers
    from harness.display import make_display
    from harness.specs.catalog import Catalog
    from harness.store.artifacts import Store

    workers = default_workers()
    spec = Catalog().backbone(name)
    path = named_checkpoint(name, store, workers, make_display(workers), allowed)
    results = [conformance.Result(check="spec and files", passed=True, found="read, checked, converted", seconds=0.0)]
    results += examine_facts(spec, path, published_files(Store(store), path))
    with console.progress(f"backbones check {name}") as note:
        for result in conformance.examine(spec, path):
            results.append(result)
            note(min(1.0, len(results) / 48), result.check)
    failed = [result for result in results if result.passed is False]
    if as_json:
        echo_json({"name": name, "passed": not failed, "checks": [asdict(result) for result in results]})
        return 1 if failed else 0
    words = {True: "passed", False: "FAILED", None: "shown"}
    for result in results:
        click.echo(f"{result.check:22}  {words[result.passed]:6}  {result.found}")
    click.echo(f"{name}: {len(failed)} of {len(results)} checks failed." if failed else f"{name}: nothing failed.")
    return 1 if failed else 0
