"""The columns of a board, each drawn and judged: targets with their languages, then groups and the average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leaderboard.statistics import TargetMethod
from leaderboard.stats import words
from leaderboard.stats.columns import Column, mean_of, target_columns
from leaderboard.stats.contrasts import contrasts_of
from leaderboard.stats.counts import TargetCounts
from leaderboard.stats.design import Design
from leaderboard.stats.effects import Judged, Place, judge
from leaderboard.stats.settings import Settings

AVERAGE = Place("average")


class Board:
    """Takes targets one by one, so that their counts can be freed."""

    def __init__(self, design: Design, settings: Settings) -> None:
        self.design = design
        self.settings = settings
        self.contrasts = contrasts_of(design)
        self.columns: dict[Place, Judged] = {}
        self.methods: dict[str, TargetMethod] = {}
        self.targets: dict[str, Column] = {}

    def add(self, counts: TargetCounts) -> None:
        """Draw and judge one target and its languages."""
        target = next(one for one in self.design.targets if one.name == counts.name)
        trained = np.array(
            [self.design.trained(recipe, target) for _ in self.design.backbones for recipe in self.design.recipes]
        )
        column, languages = target_columns(
            counts, trained, self.contrasts, resamples=self.settings.resamples, seed=self.settings.seed
        )
        self.targets[target.name] = column
        self._judge(Place("targets", target.name), column)
        for name, one in languages.items():
            self._judge(Place("languages", target.name, name), one)
        self.methods[target.name] = TargetMethod(
            unit=target.unit,
            units={one.language: one.total for one in counts.languages},
            joint=counts.joint,
            words=words.of_target(target),
            caution=words.caution(counts),
        )

    def close(self) -> None:
        """Form groups and the average of targets that are all there: no mean over missing ones."""
        for group, members in self.design.groups().items():
            self._mean(Place("groups", group), members)
        self._mean(AVERAGE, [target.name for target in self.design.targets])

    def _mean(self, place: Place, members: Sequence[str]) -> None:
        parts = [self.targets[name] for name in members if name in self.targets]
        if len(parts) < len(members):
            return
        draws = np.asarray(np.mean([part.draws for part in parts if part.draws is not None], axis=0, dtype=np.float32))
        self._judge(place, mean_of(parts, draws))

    def _judge(self, place: Place, column: Column) -> None:
        self.columns[place] = judge(column, self.contrasts, self.settings)
