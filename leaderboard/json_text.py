"""JSON for people to review: one entry a line as deep as they look, compact below."""

from __future__ import annotations

import json
from typing import Any


def layered_json(value: Any, depth: int, *, indent: str = "\n") -> str:
    """JSON with keys in order, one entry a line down to ``depth`` levels of objects and lists and compact below.

    So a review shows which entry has changed; and the library's fast encoder, which cannot indent, writes nearly all.
    """
    if depth and value and isinstance(value, dict):
        inner = indent + " "
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {layered_json(value[key], depth - 1, indent=inner)}"
            for key in sorted(value)
        ]
        return "{" + inner + f",{inner}".join(parts) + indent + "}"
    if depth and value and isinstance(value, list | tuple):
        inner = indent + " "
        parts = [layered_json(entry, depth - 1, indent=inner) for entry in value]
        return "[" + inner + f",{inner}".join(parts) + indent + "]"
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
