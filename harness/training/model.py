"""An encoder with its heads, as one module."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import torch
from torch import nn
from transformers import PreTrainedConfig

from harness.training.batches import Batch
from harness.training.embeddings import UsedRows
from harness.training.ragged import run_ragged, takes_ragged


class Model(nn.Module):
    """Runs an encoder and, over its last hidden state, the head of one task."""

    def __init__(self, encoder: nn.Module, heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder
        # Module names may hold no dots, task names may.
        self._positions = {name: position for position, name in enumerate(heads)}
        self._heads = nn.ModuleList(heads.values())
        config: PreTrainedConfig = encoder.config
        takes_types = "token_type_ids" in inspect.signature(encoder.forward).parameters
        self._type_count = int(getattr(config, "type_vocab_size", 0) or 0) if takes_types else 0

    @property
    def arithmetic(self) -> int:
        """Parameters that every piece passes through: all of the encoder's but its embeddings, which are looked up."""
        looked_up = {
            id(module.weight) for module in self.encoder.modules() if isinstance(module, nn.Embedding | UsedRows)
        }
        return sum(weight.numel() for weight in self.encoder.parameters() if id(weight) not in looked_up)

    @property
    def ragged(self) -> bool:
        """Whether it takes sequences end to end, without padding."""
        return takes_ragged(self.encoder)

    @property
    def heads(self) -> dict[str, nn.Module]:
        """The heads by task."""
        return {name: self._heads[position] for name, position in self._positions.items()}

    def hidden(self, batch: Batch) -> torch.Tensor:
        """The last hidden state, (sequences, pieces, hidden_size)."""
        options: dict[str, torch.Tensor] = {}
        # A backbone with one type (RoBERTa) or none does not tell two texts apart by type.
        if batch.token_type_ids is not None and self._type_count > 1:
            options["token_type_ids"] = batch.token_type_ids
        if batch.layout is not None:
            return run_ragged(self.encoder, batch.input_ids, batch.layout, **options)
        output = self.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask, **options)
        hidden: torch.Tensor = output.last_hidden_state
        return hidden

    def forward(self, batch: Batch, head: str) -> torch.Tensor:
        logits: torch.Tensor = self._heads[self._positions[head]](self.hidden(batch), batch)
        return logits
