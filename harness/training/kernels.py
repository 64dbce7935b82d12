"""Attention over concatenated sequences, by variable-length CUDA kernels.

These are the kernels behind ``scaled_dot_product_attention``: FlashAttention-2 (Dao 2023) for half precision, and the
memory-efficient one (Rabe and Staats 2021, as xFormers has it) for the other cases. They are called by torch's
inner names, as nested tensors call them: ``torch.nn.attention.varlen`` has no dropout, and nested tensors cost many
times as much on the host. Both sum in a fixed order if torch is set to be deterministic.
"""

from __future__ import annotations

import torch
from torch import nn

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
