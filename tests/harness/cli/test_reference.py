"""Every command's help is readable at any width, and docs/commands.md is generated from it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from harness.cli import cli
from harness.cli.reference import command_reference, help_texts

COMMANDS_PAGE = Path(__file__).parents[3] / "docs" / "commands.md"


def examples(text: str) -> list[str]:
    """Return the example commands of a help text, each on one line.

    Raises:
        AssertionError: an example is broken by the wrapping.
    """
    _, heading, block = text.partition("Example:")
    commands: list[str] = []
    for line in block.strip().splitlines() if heading else []:
        if commands and commands[-1].endswith("\\"):
            commands[-1] = commands[-1].removesuffix("\\") + line.strip()
        elif not line.strip():
            break
        else:
            assert line.strip().startswith("codestilts "), f"a broken example: {line!r}"
            commands.append(line.strip())
    return commands


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that a command line calls, and its arguments."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        child = command.get_command(context, words[0])
        assert child is not None, words
        command, words = child, words[1:]
    return command, words


def test_docs_commands_is_generated_from_the_help() -> None:
    assert COMMANDS_PAGE.read_text(encoding="utf-8") == command_reference(), (
        "docs/commands.md is out of date; run python -m harness.cli.reference"
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_help_fits_the_terminal_without_stray_escapes_or_broken_examples(columns: int) -> None:
    for name, text in help_texts(columns - 2):  # click keeps two columns free
        lines = text.splitlines()
        assert max(map(len, lines)) <= columns, name
        assert not re.search(r"\\b|[\b]", text), f"{name} shows an escape"
        assert not [line for line in lines if re.search(r"[a-z,']\.\.\.$", line)], f"{name} cuts a summary"
        examples(text)


def test_every_command_has_an_example_that_uses_its_own_options() -> None:
    for name, text in help_texts(100):
        if "COMMAND [ARGS]" in text:
            continue
        assert examples(text), f"{name} has no example"
        for example in examples(text):
            command, arguments = command_of(shlex.split(example)[1:])
            options = {option for parameter in command.params for option in parameter.opts}
            assert {argument for argument in arguments if argument.startswith("--")} <= options, example


def test_a_broken_example_is_noticed() -> None:
    """The two faults that the help once had."""
    with pytest.raises(AssertionError, match="broken example"):
        examples("Example: codestilts retrieve bitext --out de-\n  en.tsv")
    assert examples("Example:\n  codestilts a \\\n    --b c") == ["codestilts a --b c"]
