"""What an engine says while it builds: how far it is, what its steps left, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.context import Progress
from harness.errors import EnvironmentFault

_STEP = re.compile(r"Step (?P<step>\d+)/(?P<steps>\d+) : ")
_LEFT = re.compile(r"---> ([0-9a-f]{12})")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OWN = "in_image: "  # how images/in_image.py begins what it has to say
# A file that went with the build's container.
_LOG = re.compile(r" \((?:pip's own words are|all it said is) in [^)]*\)")
_UNREACHED = (
    "if it has them, the build could not reach it: behind a TLS proxy give --ca-bundle FILE, where the engine's bridge "
    "leads nowhere --network host; or build from --wheelhouse DIR, with no network"
)


def follow(lines: Iterable[Mapping[str, Any]], target: str, say: Progress, *, online: bool = False) -> list[str]:
    """Relay where a build is.

    Args:
        lines: what the engine says.
        target: the image.
        say: told where it is.
        online: packages come from an index. pip takes one that it cannot reach for one that has nothing.

    Returns:
        Ids (their first 12 digits) of the images that its steps left.

    Raises:
        EnvironmentFault: it failed; what was said last is the reason.
    """
    said: list[str] = []
    at = 0.0
    for line in lines:
        parts = [part.strip() for part in _COLOUR.sub("", str(line.get("stream", ""))).splitlines() if part.strip()]
        said += parts
        for part in parts:
            if step := _STEP.match(part):
                at = (int(step["step"]) - 1) / int(step["steps"])
            say(at, f"{target}: {part[:80]}")
        if "error" in line:
            own = [part.removeprefix(_OWN) for part in said if part.startswith(_OWN)]
            reason = own[-1] if own else f"{line['error']} {' | '.join(said[-3:])}"
            short = _LOG.sub("", " ".join(reason.split()))[:600].rstrip(".")
            remedy = _UNREACHED if online and "the package index" in short else None
            raise EnvironmentFault(f"the image {target} could not be built: {short}", remedy=remedy)
    return [found[1] for part in said if (found := _LEFT.fullmatch(part))]
