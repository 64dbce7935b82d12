"""The statistics of a board as models of :mod:`leaderboard.statistics`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from leaderboard.results import BASELINE_RECIPE
from leaderboard.statistics import (
    Best,
    BestChoice,
    Columns,
    Effect,
    Estimate,
    Gains,
    Kind,
    LanguageGains,
    LanguagePair,
    LanguageRecipe,
    LanguageScores,
    LanguageStatistics,
    Method,
    Missing,
    PairStatistics,
    RankedRow,
    Ranking,
    RecipeEffects,
    RowStatistics,
    SeedVariance,
    Statistics,
)
from leaderboard.stats import words
from leaderboard.stats.board import AVERAGE, Board
from leaderboard.stats.design import Pair
from leaderboard.stats.effects import Effects, Place, estimate, freedom, rounded, short
from leaderboard.stats.pairs import pooled
from leaderboard.stats.ranks import Choice, Validation, choose, mean_gain, rank_rows
from leaderboard.stats.testing import t_intervals

ValueT = TypeVar("ValueT")


class Reporter:
    """Says everything about a board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._effects = Effects(board.columns, board.contrasts, board.settings)
        self._places = [place for place in board.columns if place.level != "languages"]
        self._languages = [place for place in board.columns if place.level == "languages"]
        self._rows = board.design.rows()
        self._seeds = len(board.design.seeds)
        self._kind: Kind = "items+seeds" if self._seeds > 1 else "items"
        self._numbers = {(one.measure, one.of, one.recipe): n for n, one in enumerate(board.contrasts.items)}

    def statistics(self, validation: Validation) -> Statistics:
        """All but single languages."""
        means, unpooled = pooled(self._board)
        best, unchosen = self._best(validation)
        return Statistics(
            suite=self._board.design.suite,
            method=self._method(),
            rows=tuple(
                RowStatistics(backbone=backbone, recipe=recipe, scores=self._scores(row))
                for row, (backbone, recipe) in enumerate(self._rows)
            ),
            gains=tuple(
                Gains(backbone=of, recipe=recipe, effects=self._line(number), own_training_data=self._own(recipe))
                for (measure, of, recipe), number in self._numbers.items()
                if measure == "gain"
            ),
            pairs=tuple(self._pair(pair) for pair in self._board.design.pairs()),
            pooled=means,
            ranks=_columns(Columns[Ranking], {place: self._ranking(place) for place in self._places}),
            best=best,
            families=dict(item for item in self._effects.families.items() if not _explored(item[0])),
            missing=(*self._missing(), *unpooled, *unchosen),
        )

    def languages(self) -> LanguageStatistics:
        """Single languages."""
        return LanguageStatistics(
            suite=self._board.design.suite,
            rows=tuple(
                LanguageScores(
                    backbone=backbone,
                    recipe=recipe,
                    scores=self._by_language(lambda place, row=row: estimate(self._board.columns[place], row)),  # type: ignore[misc]
                )
                for row, (backbone, recipe) in enumerate(self._rows)
            ),
            gains=tuple(
                LanguageGains(backbone=of, recipe=recipe, effects=self._language_line(number))
                for (measure, of, recipe), number in self._numbers.items()
                if measure == "gain"
            ),
            pairs=tuple(
                LanguagePair(
                    name=pair.name,
                    kind=pair.kind,
                    contrasts=self._language_recipes("contrast", pair),
                    interactions=self._language_recipes("interaction", pair),
                )
                for pair in self._board.design.pairs()
            ),
            families=dict(item for item in self._effects.families.items() if _explored(item[0])),
        )

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _scores(self, row: int) -> Columns[Estimate]:
        return _columns(Columns[Estimate], {place: estimate(self._board.columns[place], row) for place in self._places})

    def _line(self, number: int) -> Columns[Effect]:
        return _columns(Columns[Effect], {place: self._effects.of(number, place) for place in self._places})

    def _language_line(self, number: int) -> dict[str, dict[str, Effect]]:
        return self._by_language(lambda place: self._effects.of(number, place))

    def _by_language(self, make: Callable[[Place], ValueT | None]) -> dict[str, dict[str, ValueT]]:
        found: dict[str, dict[str, ValueT]] = {}
        for place in self._languages:
            if (value := make(place)) is not None:
                found.setdefault(place.name, {})[place.language] = value
        return found

    def _pair(self, pair: Pair) -> PairStatistics:
        return PairStatistics(
            name=pair.name,
            kind=pair.kind,
            code=pair.code,
            text=pair.text,
            contrasts=self._recipes("contrast", pair),
            interactions=self._recipes("interaction", pair),
        )

    def _recipes(self, measure: str, pair: Pair) -> tuple[RecipeEffects, ...]:
        return tuple(
            RecipeEffects(recipe=recipe, effects=self._line(number))
            for (one, of, recipe), number in self._numbers.items()
            if (one, of) == (measure, pair.name)
        )

    def _language_recipes(self, measure: str, pair: Pair) -> tuple[LanguageRecipe, ...]:
        return tuple(
            LanguageRecipe(recipe=recipe, effects=self._language_line(number))
            for (one, of, recipe), number in self._numbers.items()
            if (one, of) == (measure, pair.name)
        )

    def _own(self, name: str) -> tuple[str, ...]:
        recipe = next(one for one in self._board.design.recipes if one.name == name)
        return self._board.design.own_training_data(recipe)

    # -- ranks, best, method -------------------------------------------------------------------------------------------

    def _ranking(self, place: Place) -> Ranking | None:
        settings, column = self._board.settings, self._board.columns[place].column
        ranks = rank_rows(column, confidence=settings.confidence, seed=settings.seed, name="/".join(place))
        if ranks is None:
            return None
        rows = tuple(
            RankedRow(
                backbone=self._rows[row][0],
                recipe=self._rows[row][1],
                value=rounded(float(column.values[row])),
                rank=int(ranks.rank[at]),
                low=int(ranks.low[at]),
                high=int(ranks.high[at]),
                group=int(ranks.group[at]),
                separable=bool(ranks.separable[at]) if at else None,
            )
            for at, row in enumerate(ranks.order)
        )
        told = int(ranks.separable.sum())
        return Ranking(rows=rows, neighbours=len(rows) - 1, separable=told, kind=self._kind)

    def _best(self, validation: Validation) -> tuple[tuple[Best, ...], tuple[Missing, ...]]:
        found: list[Best] = []
        missing: list[Missing] = []
        chosen = choose(self._board.design, validation, self._board.targets)
        targets = [target.name for target in self._board.design.targets]
        for backbone in self._board.design.backbones:
            choices = chosen.get(backbone.name, {})
            without = [name for name in targets if name not in choices]
            if without:
                why = f"No recipe has a score on validation rows at every seed for {', '.join(without)}."
                missing.append(Missing(what="the best recipe per target", where=backbone.name, why=why))
            found.append(
                Best(
                    backbone=backbone.name,
                    targets={name: self._choice(backbone.name, name, choice) for name, choice in choices.items()},
                    gain=self._best_gain(backbone.name, choices),
                )
            )
        return tuple(found), tuple(missing)

    def _choice(self, backbone: str, target: str, choice: Choice) -> BestChoice:
        place = Place("targets", target)
        score = estimate(self._board.columns[place], choice.row)
        assert score is not None, (backbone, target)
        number = self._numbers.get(("gain", backbone, choice.recipe))
        return BestChoice(
            recipe=choice.recipe,
            validation=rounded(choice.validation),
            candidates=choice.candidates,
            score=score,
            gain=None if number is None else self._effects.of(number, place),
        )

    def _best_gain(self, backbone: str, choices: Mapping[str, Choice]) -> Effect | None:
        """The mean over targets. One test a backbone, not corrected with any other."""
        board = self._board
        average = board.columns[AVERAGE].column if AVERAGE in board.columns else None
        mean = mean_gain(board.design, backbone, choices, board.targets, average, board.contrasts)
        if mean is None:
            return None
        found = t_intervals(
            np.array([mean.value]),
            np.array([mean.variance]),
            np.array([mean.df]),
            seeds=mean.seeds,
            squares=np.ones(1),
            number=self._seeds,
            confidence=board.settings.confidence,
        )
        p = short(float(found.p[0]))
        return Effect(
            value=rounded(mean.value),
            se=rounded(float(found.se[0])),
            low=rounded(float(found.low[0])),
            high=rounded(float(found.high[0])),
            df=freedom(float(found.df[0])),
            p=p,
            adjusted=p,
            decision="significant" if p < board.settings.level else "not-detected",
            kind=self._kind,
            why="" if found.se[0] > 0 else "None is best everywhere.",
        )

    def _method(self) -> Method:
        settings = self._board.settings
        seeds = {place: self._board.columns[place].column.seeds() for place in self._places}
        return Method(
            confidence=settings.confidence,
            level=settings.level,
            resamples=settings.resamples,
            flips=settings.flips,
            seed=settings.seed,
            seeds=self._board.design.seeds,
            kind=self._kind,
            words=words.of_method(settings, self._seeds),
            targets=self._board.methods,
            seed_variance=_columns(
                Columns[SeedVariance],
                {
                    place: None
                    if one is None
                    else SeedVariance(sd=rounded(math.sqrt(one.variance)), df=round(one.df, 1))
                    for place, one in seeds.items()
                },
            ),
        )

    def _missing(self) -> tuple[Missing, ...]:
        """List rows with missing targets, and the comparisons that a grid without ``none`` lacks."""
        found = []
        for row, (backbone, recipe) in enumerate(self._rows):
            lost = [
                target.name
                for target in self._board.design.targets
                if target.name not in self._board.targets
                or not np.isfinite(self._board.targets[target.name].values[row])
            ]
            if lost:
                why = f"It has no result at every seed for {', '.join(lost)}."
                found.append(
                    Missing(what="the average, and what is compared with it", where=f"{backbone} / {recipe}", why=why)
                )
        if BASELINE_RECIPE not in {recipe.name for recipe in self._board.design.recipes}:
            why = f"The suite has no recipe '{BASELINE_RECIPE}' to compare with."
            found.append(Missing(what="gains and interactions", where="all backbones", why=why))
        return tuple(found)


def _columns(kind: type[Columns[ValueT]], found: Mapping[Place, ValueT | None]) -> Columns[ValueT]:
    """Return the existing effects, by level and name."""
    there = {place: value for place, value in found.items() if value is not None}
    return kind(
        average=there.get(AVERAGE),
        groups={place.name: value for place, value in there.items() if place.level == "groups"},
        targets={place.name: value for place, value in there.items() if place.level == "targets"},
    )


def _explored(family: str) -> bool:
    return family.endswith(": languages")
