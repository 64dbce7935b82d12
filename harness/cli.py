"""The command line: verbs only. What they do is in ``harness.commands``, imported when a verb is used."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from harness import __version__

_COMMANDS = {
    "run": ("run", "Run a suite: what is missing is made, what is there is kept."),
    "plan": ("plan", "List a suite's stages with the reason each would run."),
    "status": ("status", "Show how the last run went, stage by stage."),
    "diff": ("diff", "Say why two rows of the board differ."),
    "suites": ("catalog", "List or show suites."),
    "tasks": ("catalog", "List or show tasks."),
    "backbones": ("catalog", "List or show backbones."),
    "schema": ("schema", "Print the JSON Schema of a kind of spec."),
    "site": ("site", "Build leaderboard pages from a results folder."),
    "store": ("store", "Verify or clean the store."),
    "doctor": ("doctor", "Say what this machine has, and what to do about what it lacks."),
}


class _Lazy(click.Group):
    """Commands are listed without importing what they need, so that --help answers at once."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"harness.commands.{_COMMANDS[name][0]}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            from harness.errors import UnknownNameError

            raise UnknownNameError("command", args[0], _COMMANDS)
        return super().resolve_command(context, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="codestilts")
def cli() -> None:
    r"""Does pretraining on code help or hurt zero-shot cross-lingual transfer? Measure it.

    \b
    Example:
      codestilts run mini
      codestilts run real-small --data DIR --workers 2
    """


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; errors become one sentence and an exit code, in this one place.

    Exit codes: 0 all well, 1 a stage failed or a check did not hold, 2 bad input, 3 the machine or the store is at
    fault, 130 interrupted.
    """
    from tasks.errors import UserError

    try:
        result: Any = cli.main(args=arguments, prog_name="codestilts", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except UserError as error:
        click.echo(f"codestilts: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("codestilts: interrupted; finished stages are kept, run again to go on.", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


def entry() -> None:
    """Console script."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
