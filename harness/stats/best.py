"""The best recipe per target, chosen on validation: never on the items that it is then scored on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from harness.stats.columns import Column, SeedVariance
from harness.stats.contrasts import Contrasts
from harness.stats.design import NONE, Design

#: Validation scores, means over seeds, by row and target.
Validation = Mapping[tuple[int, str], float]


class Choice(NamedTuple):
    """A target's best recipe: its row, its recipe, its validation score, and among how many it was chosen."""

    row: int
    recipe: str
    validation: float
    candidates: int


def choose(design: Design, validation: Validation, columns: Mapping[str, Column]) -> dict[str, dict[str, Choice]]:
    """By backbone and target the recipe with the best validation score; the first of equals. Absent where none has one.

    Rows without a test score at every seed are no candidates.
    """
    index = {row: number for number, row in enumerate(design.rows())}
    found: dict[str, dict[str, Choice]] = {}
    for backbone in design.backbones:
        for target in design.targets:
            column = columns.get(target.name)
            candidates = [
                (validation[row, target.name], recipe.name, row)
                for recipe in design.recipes
                if (row := index[backbone.name, recipe.name], target.name) in validation
                and column is not None
                and np.isfinite(column.values[row])
            ]
            if candidates:
                score, recipe_name, row = max(candidates, key=lambda one: one[0])
                choice = Choice(row, recipe_name, score, len(candidates))
                found.setdefault(backbone.name, {})[target.name] = choice
    return found


class MeanGain(NamedTuple):
    """The mean over targets of the best recipes' gains: value, item variance with its degrees of freedom, seeds'."""

    value: float
    variance: float
    df: float
    seeds: SeedVariance | None


def mean_gain(
    design: Design,
    backbone: str,
    choices: Mapping[str, Choice],
    columns: Mapping[str, Column],
    average: Column | None,
    contrasts: Contrasts,
) -> MeanGain | None:
    """The mean gain over ``none`` of the best recipe per target; None unless every target has one.

    Where ``none`` is best its gain is 0. Seed variances of the targets are added up, and raised by what the seeds of a
    row's targets have in common: its recipe was trained once a seed for all of them.
    """
    if set(choices) != {target.name for target in design.targets} or average is None:
        return None
    rows = design.rows()
    value = variance = spent = training = apart = 0.0
    for name, choice in choices.items():
        column = columns[name]
        if choice.recipe == NONE:
            continue
        index = next(
            (
                number
                for number, one in enumerate(contrasts.items)
                if one.measure == "gain" and one.of == backbone and one.recipe == choice.recipe
            ),
            None,
        )
        if index is None or not np.isfinite(contrasts.of(column.values)[index]):
            return None
        at = index + len(rows)
        part = float(column.variance[at]) / len(choices) ** 2
        value += float(contrasts.of(column.values)[index]) / len(choices)
        variance += part
        spent += part**2 / float(column.df[at])
        if (seeds := column.seeds()) is not None:
            training += float(contrasts.squares(column.shares)[index]) * seeds.variance / len(choices) ** 2
    for name in choices:
        if (seeds := columns[name].seeds()) is not None:
            apart += seeds.variance / len(choices) ** 2
    df = variance**2 / spent if spent > 0 else float("inf")
    seeds = average.seeds()
    if seeds is None:
        return MeanGain(value, variance, df, None)
    shared = max(1.0, seeds.variance / apart) if apart > 0 else 1.0
    return MeanGain(value, variance, df, SeedVariance(variance=training * shared, df=seeds.df))
