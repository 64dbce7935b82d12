"""``codestilts stats``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import accepted_option, board_folders, echo_json, json_option, results_option, store_option

if TYPE_CHECKING:
    from leaderboard.statistics import Statistics


@click.command(epilog="Example: codestilts stats --suite core --column xnli")
@results_option
@accepted_option
@click.option("--suite", help="Suite whose results in the store are used, instead of --results.")
@store_option
@click.option("--column", default="average", show_default=True, help="Column: average, group.NAME or a target.")
@click.option("--recompute", is_flag=True, help="Ignore stored statistics; compute them from the counts per unit.")
@click.option("--write", is_flag=True, help="Write the computed statistics to the results folder.")
@json_option
def stats(
    results: tuple[Path, ...],
    accepted: Path | None,
    suite: str | None,
    store: Path,
    column: str,
    recompute: bool,
    write: bool,
    as_json: bool,
) -> None:
    """Show ranks, gains and paired differences with intervals and tests.

    Statistics stored in a results folder are shown as they are. If there are none, or several folders are joined, they
    are computed from the counts per unit.
    """
    from harness.errors import SpecError
    from harness.results.board import board
    from leaderboard.read import read_results
    from leaderboard.scores import build_board
    from leaderboard.statistics_text import place_of, statistics_summary

    if suite is not None and results:
        raise SpecError("a suite and a folder are named", where="--suite and --results", remedy="name one of them")
    folders = (store / "results" / suite,) if suite is not None else board_folders(results, accepted)
    if write and (len(folders) > 1 or accepted is not None):
        raise SpecError(
            "several folders have no one place to write to", where="--write", remedy="use 'codestilts site join'"
        )
    with board(folders, accepted) as found:
        scores = build_board(read_results(found))
        place = place_of(scores, column)
        statistics = _statistics(found, recompute=recompute or write, write=write)
        if as_json:
            echo_json({"schema": statistics.schema_, **statistics.model_dump(mode="json", by_alias=True)})
            return
        width = shutil.get_terminal_size((100, 24)).columns
        click.echo(statistics_summary(scores, statistics, place, width), nl=False)


def _statistics(results: Path, *, recompute: bool, write: bool) -> Statistics:
    """Those of a results folder, computed where they are not there or are not to be believed."""
    from leaderboard.statistics import read_statistics

    if not recompute and (there := read_statistics(results)) is not None:
        return there
    from harness.progress import progress
    from leaderboard.stats import compute
    from leaderboard.stats.settings import Settings

    with progress("statistics") as told:
        statistics, languages = compute.of_folder(results, Settings(), told)
    if write:
        compute.write(statistics, languages, results)
    return statistics
