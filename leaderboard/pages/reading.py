"""How a result of retrieval was read out of its encoder, with the curve that it was chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard.words import plural, points


@dataclass(frozen=True, kw_only=True)
class Point:
    """One layer's mean score on the samples."""

    text: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class ReadingView:
    """One seed's reading.

    Attributes:
        seed: of the result.
        sentence: which reading it is, and why.
        layers: the heads of the curve's columns.
        curve: by pooling its points, layer 0 first; empty where nothing was chosen.
    """

    seed: str
    sentence: str
    layers: tuple[int, ...]
    curve: tuple[tuple[str, tuple[Point, ...]], ...]


def reading_view(seed: int, details: Mapping[str, Any]) -> ReadingView | None:
    """The reading that a result's details tell of; None for a result of another kind."""
    if not {"layer", "layers", "pooling", "rule"} <= details.keys():
        return None
    layer, pooling = details["layer"], details["pooling"]
    curve: Mapping[str, list[float]] = details.get("curve", {})
    return ReadingView(
        seed=str(seed),
        sentence=f"Read from hidden state {layer} of {details['layers']}, pooled by {pooling}: {_why(details)}",
        layers=tuple(range(details["layers"] + 1)) if curve else (),
        curve=tuple(
            (
                name,
                tuple(
                    Point(text=points(score), chosen=(number, name) == (layer, pooling))
                    for number, score in enumerate(scores)
                ),
            )
            for name, scores in curve.items()
        ),
    )


def _why(details: Mapping[str, Any]) -> str:
    if details["rule"] == "dev":
        languages = plural(details["chosen_on"]["languages"], "language")
        return f"the best mean on samples in {languages}, no pair of which is scored."
    return "the paper's layer, scaled to the depth; there is no sample to choose by that is not scored."
