"""The grid as the statistics see it: rows, columns and pairs, without the words of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from leaderboard.results import SuiteGrid
from leaderboard.statistics import PairKind


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Backbone(_Model):
    """A backbone, and the backbones it can be compared with."""

    name: str
    family: Literal["code", "text", "mixed"]
    pair: tuple[str, Literal["code", "text"]] | None = None
    public_pair: str | None = None
    initialised_from: str | None = None

    @property
    def beside(self) -> str | None:
        """Return the public text backbone to compare with: the one its spec names, else its origin.

        A side of a matched pair has its twin.
        """
        if self.pair is not None or self.family == "text":
            return None
        return self.public_pair or (self.initialised_from if self.family == "code" else None)


class Recipe(_Model):
    """A recipe; ``tasks`` is empty for ``none``."""

    name: str
    tasks: tuple[str, ...] = ()


class Target(_Model):
    """A target and how its items are drawn."""

    name: str
    group: Literal["classification", "tagging", "qa", "retrieval"]
    type: str
    unit: str
    languages: tuple[str, ...]
    parallel: bool
    partly_parallel: bool = False
    trained_on: str | None = None

    @property
    def joint(self) -> bool:
        """Whether one draw of units serves all languages, in each of which not all of them need be."""
        return self.parallel or self.partly_parallel


class Pair(NamedTuple):
    """A code backbone and its text twin, by row index under each recipe."""

    name: str
    kind: PairKind
    code: str
    text: str


class Design(_Model):
    """The requested grid, in the order of the page."""

    suite: str
    backbones: tuple[Backbone, ...]
    recipes: tuple[Recipe, ...]
    targets: tuple[Target, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, grid: SuiteGrid) -> Design:
        """The design of a suite's grid."""
        return cls(
            suite=grid.name,
            backbones=tuple(
                Backbone(
                    name=one.name,
                    family=one.family,
                    pair=(one.pair.name, one.pair.side) if one.pair else None,
                    public_pair=one.public_pair,
                    initialised_from=one.initialised_from,
                )
                for one in grid.backbones
            ),
            recipes=tuple(Recipe(name=one.name, tasks=one.tasks) for one in grid.recipes),
            targets=tuple(
                Target(
                    name=one.name,
                    group=one.group,
                    type=one.type,
                    unit=one.resampling_unit,
                    languages=one.languages,
                    parallel=one.parallel,
                    partly_parallel=one.partly_parallel,
                    trained_on=one.trained_on,
                )
                for one in grid.targets
            ),
            seeds=grid.seeds,
        )

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Backbone and recipe of every row; indices of rows are positions here."""
        return tuple((backbone.name, recipe.name) for backbone in self.backbones for recipe in self.recipes)

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Targets by group, in order of first appearance."""
        found: dict[str, tuple[str, ...]] = {}
        for target in self.targets:
            found[target.group] = (*found.get(target.group, ()), target.name)
        return found

    def trained(self, recipe: Recipe, target: Target) -> bool:
        """Whether a seed can matter: retrieval under ``none`` embeds with the backbone as it is."""
        return bool(recipe.tasks) or target.trained_on is not None

    def own_training_data(self, recipe: Recipe) -> tuple[str, ...]:
        """Targets whose training data the recipe has seen in phase (ii)."""
        return tuple(one.name for one in self.targets if one.trained_on is not None and one.trained_on in recipe.tasks)

    def pairs(self) -> tuple[Pair, ...]:
        """Return matched pairs, then public pairs of a code backbone and the published one to compare with."""
        return (*self._matched(), *self._public())

    def _matched(self) -> Iterator[Pair]:
        sides: dict[str, dict[str, str]] = {}
        for backbone in self.backbones:
            if backbone.pair is not None:
                sides.setdefault(backbone.pair[0], {})[backbone.pair[1]] = backbone.name
        for name, pair in sides.items():
            if len(pair) == len(("code", "text")):
                yield Pair(name, "matched", pair["code"], pair["text"])

    def _public(self) -> Iterator[Pair]:
        there = {backbone.name for backbone in self.backbones}
        for one in self.backbones:
            if one.beside is not None and one.beside in there:
                yield Pair(f"{one.name} / {one.beside}", "public", one.name, one.beside)
