"""Choosing the reading of a task: the best on average over the languages of its sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.retrieval.readings import Reading, choose, curve, depth_scaled, fixed
from harness.training.backbone import Backbone


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The reading that the headline number is made by, and where it comes from.

    Attributes:
        reading: the chosen one.
        fixed: what is reported beside it, by name.
        rule: ``dev``: the best mean over the sample's languages; ``depth-scaled``: nothing to choose by.
        scores: for ``dev``, by language the score of every reading on its sample.
    """

    reading: Reading
    fixed: Mapping[str, Reading]
    rule: Literal["dev", "depth-scaled"]
    scores: Mapping[str, Mapping[Reading, float]] = field(default_factory=dict)

    def readings(self) -> Sequence[Reading]:
        """All that are used, each once."""
        return tuple(dict.fromkeys((self.reading, *self.fixed.values())))

    def details(self, backbone: Backbone) -> dict[str, Any]:
        """For ``details.json``: the choice, with the whole curve of means that it was made by."""
        found = {
            **self.reading.to_json(),
            "layers": backbone.layers,
            "rule": self.rule,
            "fixed": {name: reading.to_json() for name, reading in self.fixed.items()},
        }
        if self.scores:
            means = mean_scores(self.scores)
            found["chosen_on"] = {"languages": len(self.scores), "score": means[self.reading]}
            found["curve"] = curve(means, backbone)
        return found

    def by_language(self, backbone: Backbone) -> dict[str, Any]:
        """The curve of every language of the sample."""
        return {language: curve(scores, backbone) for language, scores in self.scores.items()}


def by_rule(backbone: Backbone) -> Choice:
    """The reference's reading, scaled to the backbone's depth."""
    return Choice(reading=depth_scaled(backbone.layers), fixed=fixed(backbone), rule="depth-scaled")


def by_sample(scores: Mapping[str, Mapping[Reading, float]], backbone: Backbone) -> Choice:
    """The best mean over languages, each counting as much as any other.

    Args:
        scores: by language the score of every candidate.
        backbone: decides between equals.
    """
    reading = choose(mean_scores(scores), backbone)
    return Choice(reading=reading, fixed=fixed(backbone), rule="dev", scores=scores)


def mean_scores(scores: Mapping[str, Mapping[Reading, float]]) -> dict[Reading, float]:
    """The mean over languages of every reading's score."""
    every = list(scores.values())
    return {reading: sum(found[reading] for found in every) / len(every) for reading in every[0]}
