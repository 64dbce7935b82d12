"""Sequences of unequal lengths end to end, without padding: what an encoder computes of a piece by itself, it computes
for real pieces alone; only attention, which looks from piece to piece, sees the sequences apart.

Embeddings, dense layers and layer norms take a piece at a time, so they take all pieces of a micro-batch as one long
sequence. In the place of the model's attention stands :func:`_attend`, through the interface that transformers has for
it; positions restart in each sequence. The result is that of padded sequences, but for rounding (tested for
every architecture listed here); all others are padded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, PreTrainedConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from harness.training.dropout import dropout as drop
from harness.training.layout import Group, Layout, gather, spread

#: The first generation of GPUs (compute capability) that FlashAttention-2 runs on, and the largest head it takes.
_FIRST_FLASH = (8, 0)
_LARGEST_HEAD = 256
#: Both kernels read so many bytes at once.
_ALIGNED = 16


def attend_end_to_end(
    module: nn.Module,
    sides: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    ends: torch.Tensor,
    longest: int,
    *,
    dropout: float,
    scaling: float | None,
    window: int | None,
) -> torch.Tensor | None:
    """Attention within each sequence, (pieces, heads, size), or None where no kernel does it.

    Args:
        module: the attention layer; says whether a piece looks back alone, and how many queries share a key.
        sides: queries, keys and values, each (pieces, heads, size), of one device.
        ends: where each sequence ends, from 0 on, (sequences + 1,), int32.
        longest: pieces of the longest sequence.
        dropout: probability.
        scaling: factor of the products; None: the inverse root of the size.
        window: how far a piece looks: less than so many pieces away. None: any distance.
    """
    if torch.is_autocast_enabled("cuda"):
        sides = _cast(sides, torch.get_autocast_dtype("cuda"))
    query, key, value = sides
    flash = _takes_flash(query)
    if query.shape[-1] * query.element_size() % _ALIGNED or (window is not None and not flash):
        return None
    groups = getattr(module, "num_key_value_groups", 1)
    key, value = _repeated(key, groups), _repeated(value, groups)
    causal = bool(getattr(module, "is_causal", False))
    if not flash:
        return _efficient(query, key, value, ends, longest, dropout=dropout, causal=causal, scaling=scaling)
    far = -1 if window is None else window - 1
    result: torch.Tensor = torch.ops.aten._flash_attention_forward(  # noqa: SLF001 - see above
        query, key, value, ends, ends, longest, longest, dropout, causal, False,
        scale=scaling, window_size_left=far, window_size_right=0 if causal else far,
    )[0]  # fmt: skip
    return result


def _efficient(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    ends: torch.Tensor,
    longest: int,
    *,
    dropout: float,
    causal: bool,
    scaling: float | None,
) -> torch.Tensor:
    result: torch.Tensor = torch.ops.aten._efficient_attention_forward(  # noqa: SLF001
        query[None], key[None], value[None], None, ends, ends, longest, longest, dropout, int(causal),
        query.requires_grad, scale=scaling,
    )[0]  # fmt: skip
    return result[0]


def _takes_flash(query: torch.Tensor) -> bool:
    half = query.dtype in (torch.float16, torch.bfloat16)
    return half and query.shape[-1] <= _LARGEST_HEAD and torch.cuda.get_device_capability(query.device) >= _FIRST_FLASH


def _cast(
    sides: tuple[torch.Tensor, torch.Tensor, torch.Tensor], dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    query, key, value = sides
    return query.to(dtype), key.to(dtype), value.to(dtype)


def _repeated(side: torch.Tensor, times: int) -> torch.Tensor:
    """Each head ``times`` times, for the queries that share it."""
    if times == 1:
        return side
    return side[:, :, None].expand(-1, -1, times, -1).flatten(1, 2)


_NAME = "codestilts_ragged"

#: Families whose layers reach attention through the interface and take positions as an argument; for each, whether
#: position 0 has the number of the padding piece plus one (as in fairseq's models) or 0.
_FAMILIES = {"bert": False, "modernbert": False, "qwen2": False, "roberta": True, "xlm-roberta": True}


def takes_ragged(encoder: nn.Module) -> bool:
    """Whether an encoder can be given sequences end to end."""
    config: PreTrainedConfig = encoder.config
    return config.model_type in _FAMILIES and config._attn_implementation == "sdpa"  # noqa: SLF001 - has no other name


@contextmanager
def _ragged_attention(encoder: nn.Module) -> Iterator[None]:
    config: PreTrainedConfig = encoder.config
    before = config._attn_implementation  # noqa: SLF001
    config._attn_implementation = _NAME  # noqa: SLF001
    try:
        yield
    finally:
        config._attn_implementation = before  # noqa: SLF001


def run_ragged(encoder: nn.Module, input_ids: torch.Tensor, layout: Layout, **options: torch.Tensor) -> torch.Tensor:
    """The last hidden state of sequences end to end, as (sequences, pieces, hidden_size)."""
    config: PreTrainedConfig = encoder.config
    first = config.pad_token_id + 1 if _FAMILIES[config.model_type] else 0
    with _ragged_attention(encoder):
        output = encoder(input_ids=input_ids, position_ids=layout.positions + first, ragged=layout, **options)
    return spread(output.last_hidden_state[0], layout.whole)


def _attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    ragged: Layout,
    sliding_window: int | None = None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each sequence; queries, keys and values are (1, heads, pieces, size)."""
    assert attention_mask is None, "sequences end to end have no mask"
    if ragged.ends is not None:
        lying = (query[0].transpose(0, 1), key[0].transpose(0, 1), value[0].transpose(0, 1))
        window = None if sliding_window is None or ragged.whole.length <= sliding_window else sliding_window
        found = attend_end_to_end(
            module, lying, ragged.ends, ragged.whole.length, dropout=dropout, scaling=scaling, window=window
        )
        if found is not None:
            return found[None], None
    options |= {"dropout": dropout, "scaling": scaling}
    sizes = [group.pieces for group in ragged.groups]
    # Split, not sliced: the gradient of a slice is as long as what it was cut from.
    sides = zip(*(torch.split(side[0].transpose(0, 1), sizes) for side in (query, key, value)), strict=True)
    # torch's attention with dropout is slow on a CPU; shared keys (Qwen2) are left to it.
    by_hand = dropout > 0 and query.device.type == "cpu" and query.shape == key.shape
    parts = []
    for group, pieces in zip(ragged.groups, sides, strict=True):
        mask = _mask(module, group, sliding_window, query.device)
        apart = [spread(side, group).transpose(1, 2) for side in pieces]
        if by_hand and mask is None:
            causal = bool(getattr(module, "is_causal", False))
            found = attend_and_drop(*apart, dropout=dropout, scaling=scaling, causal=causal)
        else:
            found = sdpa_attention_forward(module, *apart, mask, **options)[0]
        parts.append(gather(found, group))
    return torch.cat(parts)[None], None


def attend_and_drop(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    *,
    dropout: float,
    scaling: float | None,
    causal: bool,
) -> torch.Tensor:
    """Attention with dropout for a CPU, of sequences of one length, each side (count, heads, length, size).

    torch has no kernel for it there either; its fallback visits every product three times to guard rows in
    which nothing is allowed, and draws dropout slowly.
    """
    count, heads, length, size = query.shape
    query, key, value = (side.reshape(count * heads, length, size) for side in (query, key, value))
    alpha = size**-0.5 if scaling is None else scaling
    products = torch.baddbmm(query.new_empty(1, 1, 1), query, key.transpose(1, 2), beta=0, alpha=alpha)
    if causal:
        later = torch.ones(length, length, dtype=torch.bool).triu_(1)
        products = products.masked_fill(later, float("-inf"))
    shares = drop(products.softmax(dim=-1), dropout)
    return torch.bmm(shares, value).view(count, heads, length, size).transpose(1, 2)


def _mask(module: nn.Module, group: Group, window: int | None, device: torch.device) -> torch.Tensor | None:
    """The positions that a piece may attend to; without a mask, ``is_causal`` decides."""
    if group.real is None and (window is None or group.length <= window):
        return None
    places = torch.arange(group.length, device=device)
    distance = places[:, None] - places
    allowed = torch.ones_like(distance, dtype=torch.bool)
    if window is not None:
        allowed &= distance.abs() < window
    if getattr(module, "is_causal", False):
        allowed &= distance >= 0
    return allowed if group.real is None else allowed & group.real


AttentionInterface.register(_NAME, _attend)
