"""Phase ``stats``: intervals, tests and ranks of a results folder, which is its ``data``. NumPy and SciPy, no model."""

from __future__ import annotations

from harness.context import StageContext
from harness.plan.stats import StatsParams
from leaderboard.stats import compute
from leaderboard.stats.settings import Settings


def run(context: StageContext) -> None:
    """Leave ``statistics.json`` and ``statistics.languages.json``."""
    assert context.data is not None
    settings = Settings.model_validate(StatsParams.read(context.params, "params").settings)
    statistics, languages = compute.of_folder(context.data, settings, context.progress)
    compute.write(statistics, languages, context.out)
