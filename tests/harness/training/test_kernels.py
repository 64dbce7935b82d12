"""Which attention goes to a kernel of a GPU, and where sequences are said to end; the kernels are tested on GPUs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from harness.training.layout import lay_out
from harness.training.ragged import attend_end_to_end


@pytest.mark.parametrize(("size", "window"), [(6, None), (8, 4)], ids=["unaligned-heads", "a-window-in-fp32"])
def test_what_no_kernel_takes_is_left_to_padding(size: int, window: int | None) -> None:
    pieces = torch.zeros(5, 2, size)
    ends = torch.tensor([0, 3, 5], dtype=torch.int32)
    found = attend_end_to_end(
        nn.Identity(), (pieces, pieces, pieces), ends, 3, dropout=0.0, scaling=None, window=window
    )

    assert found is None


def test_a_device_with_kernels_is_told_where_sequences_end() -> None:
    """Longest first, whatever order they are given in."""
    lengths = np.array([2, 5, 3])
    layout = lay_out(lengths, torch.device("cpu"))
    elsewhere = lay_out(lengths, torch.device("meta"))

    assert layout.ends is None
    assert elsewhere.ends is not None
    assert torch.int32 == elsewhere.ends.dtype
    assert (4,) == tuple(elsewhere.ends.shape)
    assert (elsewhere.whole,) == elsewhere.groups
    assert [1, 2, 0] == layout.order.tolist()
