"""The command line: one module per verb, imported when the verb is used."""

from __future__ import annotations

import sys
from typing import Any

import click

from harness import __version__
from harness.cli.lazy import Entry, LazyGroup

_HOME = "harness.cli"
COMMANDS = {
    "run": Entry(f"{_HOME}.run", "Run a suite: run the missing stages, reuse the finished ones."),
    "plan": Entry(f"{_HOME}.plan", "List a suite's stages with the reason each would run."),
    "status": Entry(f"{_HOME}.status", "Report how the last run went."),
    "diff": Entry(f"{_HOME}.diff", "Explain why two rows of the board differ."),
    "data": Entry(f"{_HOME}.data", "Fetch, import and check data sets."),
    "retrieve": Entry(f"{_HOME}.retrieve", "Retrieve and mine translation pairs with any encoder."),
    "score": Entry(f"{_HOME}.score", "Score a submission as XTREME's evaluate.py does."),
    "stats": Entry(f"{_HOME}.stats", "Show ranks, gains and paired differences with intervals and tests."),
    "export": Entry(f"{_HOME}.export", "Export results: CSV, LaTeX, Every Eval Ever, model cards, XTREME."),
    "verify": Entry(f"{_HOME}.verify", "Rescore predictions and list every claim that does not hold."),
    "submit": Entry(f"{_HOME}.submit", "Pack rows for another board, or verify and accept them."),
    "suites": Entry(f"{_HOME}.suites", "List or show suites."),
    "tasks": Entry(f"{_HOME}.tasks", "List or show tasks."),
    "backbones": Entry(f"{_HOME}.backbones", "List, show, add or check backbones."),
    "images": Entry(f"{_HOME}.images", "Build, check and publish the container images."),
    "schema": Entry(f"{_HOME}.schema", "Print the JSON Schema of a spec file."),
    "site": Entry(f"{_HOME}.site", "Build, serve and publish the leaderboard pages."),
    "store": Entry(f"{_HOME}.store", "Verify or clean the store of results."),
    "doctor": Entry(f"{_HOME}.doctor", "Check this machine, with a remedy for everything missing."),
}


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExample:\n  codestilts run mini\n  codestilts run real-small --data DIR --workers 2",
)
@click.version_option(__version__, prog_name="codestilts")
def cli() -> None:
    """Does pretraining on code help or hurt zero-shot cross-lingual transfer? Measure it."""


def main(arguments: list[str] | None = None) -> int:  # noqa: PLR0911 - one for each way to end
    """Run the command line, turning every error into one sentence and an exit code.

    Exit codes: 0 success, 1 a stage or a check failed, 2 bad input, 3 a fault of the machine or the store, 130
    interrupted.
    """
    from harness.errors import printable
    from tasks.errors import UserError

    try:
        result: Any = cli.main(args=arguments, prog_name="codestilts", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except UserError as error:
        click.echo(f"codestilts: {printable(str(error), lines=True)}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("codestilts: interrupted; finished stages are kept, run again to continue.", err=True)
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
