"""What stages may use of a machine, and what they leave on its disk: generous bounds, none of which changes a result.

A bound is there to end what has gone astray, not to trim what works: memory grows with the parameters a stage holds
(weights, gradients and Adam's two moments are 16 bytes each, doubled for what passes by), time with its cost.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from harness.plan.cost import encoder_parameters
from harness.plan.stage import Limits, Phase, Plan
from harness.specs.backbone import BackboneSpec

_GIB = 2**30
_MEMORY_OF_PHASE = {Phase.PREPARE: 8 * _GIB, Phase.RETRIEVE: 8 * _GIB, Phase.STATS: 8 * _GIB}
_MEMORY = 4 * _GIB
_BYTES_A_PARAMETER = 32
_OUTPUT_OF_PHASE = {Phase.PREPARE: 32 * _GIB}  # rows of whole releases
_OUTPUT = 8 * _GIB
#: A training leaves fp32 weights and, to go on from, two saved states of weights and Adam's moments: some 30 bytes.
_OUTPUT_BYTES_A_PARAMETER = 64
_MODEL_SECONDS, _PLAIN_SECONDS = 24 * 3600.0, 6 * 3600.0
_SECONDS_A_COST = {"cpu": 10.0, "cuda": 0.1}  # costs are seconds of a CPU core
_LARGEST_VOCABULARY = 250_002  # XLM-R's; where a spec does not say

_MODEL_PHASES = frozenset({Phase.PRETRAIN, Phase.INTERMEDIATE, Phase.FINETUNE, Phase.PREDICT, Phase.RETRIEVE})
_CHECKPOINT_PHASES = frozenset({Phase.FETCH, Phase.CONVERT, Phase.PRETRAIN, Phase.INTERMEDIATE, Phase.FINETUNE})
_DISK = 2 * 2**20  # predictions, rows, scores


def parameters(backbone: BackboneSpec) -> float:
    """How many parameters a backbone has: by its spec, else an upper bound."""
    if backbone.parameters:
        return float(backbone.parameters)
    source = backbone.source
    vocabulary = source.vocab_size if source is not None and source.kind == "scratch" else _LARGEST_VOCABULARY
    return encoder_parameters(backbone) + vocabulary * float(backbone.hidden_size or 768)


def limits(
    phase: Phase,
    backbone: BackboneSpec | None,
    cost: float,
    device: Literal["cpu", "cuda"],
    *,
    weighs: float | None = None,
) -> Limits:
    """What a stage of this phase may use, given the backbone it holds, or how large another model is (``weighs``)."""
    memory, output = _MEMORY_OF_PHASE.get(phase, _MEMORY), _OUTPUT_OF_PHASE.get(phase, _OUTPUT)
    size = parameters(backbone) if backbone is not None else weighs
    if size is not None:
        memory += int(_BYTES_A_PARAMETER * size)
        output += int(_OUTPUT_BYTES_A_PARAMETER * size)
    seconds = _MODEL_SECONDS if phase in _MODEL_PHASES or weighs is not None else _PLAIN_SECONDS
    return Limits(memory=memory, seconds=seconds + _SECONDS_A_COST[device] * cost, output=output)


def disk(phase: Phase, backbone: BackboneSpec | None, *, weighs: float | None = None) -> int:
    """Rough size of what a stage leaves, in bytes: weights are fp32; ``weighs`` as for :func:`limits`."""
    size = parameters(backbone) if backbone is not None else weighs
    if size is None or phase not in _CHECKPOINT_PHASES:
        return _DISK
    return _DISK + int(4 * size)


def disk_needed(plan: Plan, running: Collection[str], slots: int, *, keep_weights: bool) -> int:
    """Bytes a store must have room for: all that stays, and the transient weights of as many stages as run at once.

    Args:
        plan: the stages.
        running: keys of those that will run.
        slots: how many run at once.
        keep_weights: transient weights stay as well.
    """
    sizes = [(stage.disk, bool(stage.transient) and not keep_weights) for stage in plan.stages if stage.key in running]
    stays = sum(size for size, transient in sizes if not transient)
    passing = sorted((size for size, transient in sizes if transient), reverse=True)
    # Weights go only when their predictions are made, so twice as many may lie there as are being trained.
    return stays + sum(passing[: 2 * slots])
