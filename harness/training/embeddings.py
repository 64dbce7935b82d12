"""Training only those rows of the input embedding that the training texts look up.

A multilingual vocabulary has ten times as many pieces as English texts use; of XLM-R Large's 560 million parameters the
input embedding holds 256 million. The gradient of a row that is never looked up is zero, so all that AdamW does to it
is to decay it: by the same factor as every other such row. So only the rows in use are trained, with gradients and
moments, and the factor is kept as one number; the weights at the end are those of a training of all rows, but for
rounding.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

#: Where a larger share of the rows is in use than this, all are trained.
_WORTH = 0.9


class UsedRows(nn.Module):
    """Stands in the place of an input embedding during a training.

    Attributes:
        weight: the rows in use, (used, hidden_size).
        decay: factor of all other rows, (1, 1): a matrix, as decayed parameters are, that the
            optimiser itself brings down, since its gradient is zero.
    """

    def __init__(self, whole: nn.Embedding, used: npt.NDArray[np.integer[Any]]) -> None:
        """``used``: the ids in use, each once."""
        super().__init__()
        ids = torch.from_numpy(used.astype(np.int64)).to(whole.weight.device)
        place = torch.full((whole.num_embeddings,), -1, device=ids.device)
        place[ids] = torch.arange(len(ids), device=ids.device)
        self.weight = nn.Parameter(whole.weight.detach()[ids])
        self.decay = nn.Parameter(whole.weight.new_ones(1, 1))
        #: Not a module of this one: it does not change until the end, and belongs into no saved state.
        self._whole = (whole.requires_grad_(requires_grad=False),)
        self.register_buffer("_ids", ids, persistent=False)
        self.register_buffer("_place", place, persistent=False)
        padding = None if whole.padding_idx is None else int(place[whole.padding_idx])
        self._padding = None if padding is None or padding < 0 else padding

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Training texts use only trained rows; validation texts may use others."""
        place = cast("torch.Tensor", self._place)[input_ids]
        if self.training:
            found = functional.embedding(place, self.weight, self._padding)
            return found + self.decay * 0.0 if found.requires_grad else found
        others = self._whole[0](input_ids) * self.decay
        return torch.where((place < 0)[..., None], others, functional.embedding(place.clamp(min=0), self.weight))

    @torch.no_grad()
    def filled(self) -> nn.Embedding:
        """The whole embedding, as the training has left it."""
        (whole,) = self._whole
        whole.weight.mul_(self.decay)
        whole.weight.index_copy_(0, cast("torch.Tensor", self._ids), self.weight)
        return whole.requires_grad_(requires_grad=True)


def train_used(encoder: nn.Module, used: npt.NDArray[np.integer[Any]]) -> None:
    """Train only the rows ``used`` of an encoder's input embedding, until :func:`put_back`.

    All of them where it is no plain embedding, or nearly all are in use.
    """
    model: Any = encoder
    whole = model.get_input_embeddings()
    if type(whole) is not nn.Embedding or whole.max_norm is not None or len(used) > _WORTH * whole.num_embeddings:
        return
    model.set_input_embeddings(UsedRows(whole, used))


def put_back(encoder: nn.Module) -> None:
    """Put the whole input embedding back."""
    model: Any = encoder
    substitute = model.get_input_embeddings()
    if isinstance(substitute, UsedRows):
        model.set_input_embeddings(substitute.filled())
