"""Seeded choices that come out the same in every process and on every Python."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")


def seed_of(*parts: object) -> int:
    """A 128-bit number that depends on ``parts`` alone, not on the process's hash seed."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:16], "big")


class Draw:
    """Choices drawn from one seed.

    All of them stand on ``random.Random.random``: it is the one method whose sequence Python promises to keep between
    versions.
    """

    def __init__(self, *parts: object) -> None:
        self._next = random.Random(seed_of(*parts)).random  # noqa: S311 - nothing here is a secret

    def index(self, size: int) -> int:
        """A number from 0 to ``size - 1``."""
        return int(self._next() * size)

    def one(self, items: Sequence[ItemT]) -> ItemT:
        """One of ``items``."""
        return items[self.index(len(items))]

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._next() < probability

    def some(self, items: Sequence[ItemT], count: int) -> list[ItemT]:
        """``count`` different positions of ``items``, in random order.

        Raises:
            ValueError: there are fewer than ``count`` items.
        """
        if count > len(items):
            raise ValueError(f"{count} of {len(items)} items")
        rest = list(items)
        for place in range(count):
            other = place + self.index(len(rest) - place)
            rest[place], rest[other] = rest[other], rest[place]
        return rest[:count]

    def shuffled(self, items: Sequence[ItemT]) -> list[ItemT]:
        """All ``items`` in random order."""
        return self.some(items, len(items))
