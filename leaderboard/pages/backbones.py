"""Descriptions of backbones."""

from __future__ import annotations

import re
from dataclasses import dataclass

from leaderboard.results import BackboneInfo
from leaderboard.words import DASH

_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, kw_only=True)
class Sourced:
    """A statement with its source, a link where the source is nothing but one."""

    text: str
    source: str
    href: str


@dataclass(frozen=True, kw_only=True)
class BackboneView:
    """A backbone in words."""

    name: str
    title: str
    family: str
    pair: str
    architecture: str
    size: str
    parameters: str
    source: Sourced
    licence: str
    saw: tuple[Sourced, ...]


def link(source: str) -> str:
    """The source itself if it is a web address, else nothing: other schemes never become links."""
    return source if _LINK.fullmatch(source) else ""


def backbone_view(backbone: BackboneInfo) -> BackboneView:
    """A backbone as the tables show it."""
    return BackboneView(
        name=backbone.name,
        title=backbone.title,
        family=backbone.family,
        pair=_pair(backbone),
        architecture=backbone.architecture,
        size=f"{backbone.layers} \N{MULTIPLICATION SIGN} {backbone.hidden_size}",
        parameters=DASH if backbone.parameters is None else f"{backbone.parameters / 1e6:,.1f}\N{NO-BREAK SPACE}M",
        source=Sourced(text=backbone.source, source=backbone.source, href=link(backbone.source)),
        licence=backbone.licence or "not stated",
        saw=tuple(Sourced(text=seen.what, source=seen.source, href=link(seen.source)) for seen in backbone.saw),
    )


def _pair(backbone: BackboneInfo) -> str:
    said = []
    if backbone.pair:
        said.append(f"{backbone.pair.side} side of matched pair {backbone.pair.name}")
    if backbone.initialised_from:
        matched = "" if backbone.pair else " (not compute-matched)"
        said.append(f"initialised from {backbone.initialised_from}{matched}")
    if backbone.public_pair:
        said.append(f"compared with {backbone.public_pair} (public pair, not compute-matched)")
    return "; ".join(said) or DASH
