"""Descriptions of targets."""

from __future__ import annotations

from dataclasses import dataclass

from leaderboard.names import task_page
from leaderboard.results import TargetInfo
from leaderboard.scores import GROUPS


@dataclass(frozen=True, kw_only=True)
class TargetView:
    """A target in words."""

    name: str
    title: str
    href: str
    group: str
    metric: str
    languages: str
    split: str
    training: str
    unit: str
    data: str


def target_view(target: TargetInfo) -> TargetView:
    """A target as the tables show it."""
    here, everywhere = len(target.languages), len(target.all_languages)
    shared = "" if target.parallel else "partly " if target.partly_parallel else "not "
    parallel = f"{shared}parallel across languages"
    return TargetView(
        name=target.name,
        title=target.title,
        href=task_page(target.name),
        group=GROUPS[target.group],
        metric=target.metric,
        languages=str(here) if set(target.languages) == set(target.all_languages) else f"{here} of {everywhere}",
        split="test" if target.scored_split == "test" else f"{target.scored_split} (stands in for test)",
        training=target.trained_on or "none: no fine-tuning, the backbone after phase (ii) is used as it is",
        unit=target.resampling_unit,
        data=f"generated rows, {parallel}" if target.miniature else parallel,
    )
