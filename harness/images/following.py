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


def follow(lines: Iterable[Mapping[str, Any]], target: str, say: Progress) -> list[str]:
    """Relay where a build is.

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
            short = " ".join(reason.split())[:600].rstrip(".")
            raise EnvironmentFault(f"the image {target} could not be built: {short}")
    return [found[1] for part in said if (found := _LEFT.fullmatch(part))]
