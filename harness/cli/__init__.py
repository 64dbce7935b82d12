"""The command line: one module a verb, imported when the verb is used."""

from __future__ import annotations

import sys
from typing import Any

import click

from harness import __version__
from harness.cli.lazy import Entry, LazyGroup

_HOME = "harness.cli"
COMMANDS = {
    "run": Entry(f"{_HOME}.run", "Run a suite: what is missing is made, what is there is kept."),
    "plan": Entry(f"{_HOME}.plan", "List a suite's stages with the reason each would run."),
    "status": Entry(f"{_HOME}.status", "Show how the last run went."),
    "diff": Entry(f"{_HOME}.diff", "Say why two rows of the board differ."),
    "data": Entry(f"{_HOME}.data", "Fetch, import and check the rows that suites and tasks read."),
    "retrieve": Entry(f"{_HOME}.retrieve", "Find translations among sentences: bitext mining on its own."),
    "score": Entry(f"{_HOME}.score", "Score a submission as XTREME's evaluate.py does."),
    "stats": Entry(f"{_HOME}.stats", "Show ranks, gains and pairs with intervals and tests."),
    "export": Entry(f"{_HOME}.export", "Write results in the forms of others."),
    "verify": Entry(f"{_HOME}.verify", "Score predictions again, and say which claim of results does not hold."),
    "submit": Entry(f"{_HOME}.submit", "Pack rows for a board, or verify and accept such rows."),
    "suites": Entry(f"{_HOME}.suites", "List or show suites."),
    "tasks": Entry(f"{_HOME}.tasks", "List or show tasks."),
    "backbones": Entry(f"{_HOME}.backbones", "List, show, add or try out backbones."),
    "images": Entry(f"{_HOME}.images", "Build, check and publish the images that stages run in."),
    "schema": Entry(f"{_HOME}.schema", "Print the JSON Schema of a kind of spec."),
    "site": Entry(f"{_HOME}.site", "Build, show and publish leaderboard pages."),
    "store": Entry(f"{_HOME}.store", "Verify or clean the store."),
    "doctor": Entry(f"{_HOME}.doctor", "Say what this machine has, and what to do about what it lacks."),
}


@click.group(
    cls=LazyGroup, entries=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="codestilts")
def cli() -> None:
    r"""Does pretraining on code help or hurt zero-shot cross-lingual transfer? Measure it.

    \b
    Example:
      codestilts run mini
      codestilts run real-small --data DIR --workers 2
    """


def main(arguments: list[str] | None = None) -> int:  # noqa: PLR0911 - one for each way to end
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
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(
            f"codestilts: {error.filename}: {error.strerror}; check the path, its permissions and the disk.", err=True
        )
        return 3
    return result if isinstance(result, int) else 0


def entry() -> None:
    """Console script."""
    sys.exit(main())
