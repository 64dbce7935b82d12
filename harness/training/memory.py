"""Running out of memory: recognised, and handled by smaller micro-batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, on a device or on the host."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        # torch has no class of its own for the host's memory.
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


@dataclass(kw_only=True)
class PieceBudget:
    """Most pieces, padding included, that pass through the model at once; halved where memory does not suffice.

    Sums of other parts round differently, so a result after a halving cannot be reproduced to the bit on a machine
    with more memory; therefore every halving is recorded.

    Attributes:
        pieces: the budget now.
        halvings: where memory ran out, and the budget that was gone on with.
    """

    pieces: int
    halvings: list[dict[str, Any]] = field(default_factory=list)

    def halve(self, where: str) -> None:
        """Halve the budget, because memory ran out at ``where``."""
        self.pieces = max(1, self.pieces // 2)
        if self.halvings and self.halvings[-1]["where"] == where:
            self.halvings.pop()
        self.halvings.append({"where": where, "micro_batch_pieces": self.pieces})
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.empty_cache()

    def to_json(self) -> dict[str, Any]:
        """Return the record: empty if memory sufficed."""
        return {"out_of_memory": self.halvings} if self.halvings else {}
