"""Rough sizes of stages, in seconds of one CPU core: they order the work (longest first), feed the time left, and tell
how many hours of a GPU a plan would take.

Rows are counted as published where a suite does not cap them. Training takes about six floating-point operations a
parameter and piece, prediction two (Kaplan et al. 2020, section 2.1); the throughput of a core is a round number, good
enough because only ratios between stages matter.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.data.rows import SplitRows
from harness.plan.stage import Phase, Stage
from harness.specs.backbone import BackboneSpec
from harness.specs.task import TypeName
from harness.specs.training import Hyper
from harness.specs.translator import TranslatorSpec

#: Of a split of which nobody says how many rows it has.
_UNKNOWN_ROWS = 5000
#: Of retrieval, pairs are published. In BUCC's corpora (its training set has 1.4 million English sentences to 35,000
#: pairs, and as many foreign ones) most sentences stand in none.
_ROWS_A_PAIR: dict[TypeName, int] = {"sentence_retrieval": 2, "bitext_mining": 80}


def expected_rows(use: SplitRows | None, type_name: TypeName, limit: int | None) -> int:
    """Rows of a split in all its languages together; what the suite caps, it caps in each of them.

    A split of which samples are there counts as whole: the number is an upper bound then.
    """
    if use is None:
        return 0
    if use.parts:
        rows = sum(expected_rows(part, type_name, None) for part in use.parts)
        return rows if limit is None else min(rows, limit)
    return sum(_in_language(use, type_name, language, limit) for language in use.languages)


def _in_language(use: SplitRows, type_name: TypeName, language: str, limit: int | None) -> int:
    if use.spec.generator:
        rows = use.spec.rows
    else:
        published = use.spec.published_rows.get(language)
        rows = None if published is None else published * _ROWS_A_PAIR.get(type_name, 1)
    if rows is None:
        return limit or _UNKNOWN_ROWS
    if use.spec.part is not None:
        share = use.spec.part.share
        rows = round(rows * (share if use.spec.part.take == "first" else 1 - share))
    return rows if limit is None else min(rows, limit)


_OPERATIONS_PER_SECOND = 4e10
_PIECES_PER_ROW = {
    "sentence_pair": 45,
    "multiple_choice": 100,
    "span_qa": 200,
    "token_tagging": 35,
    "sentence_retrieval": 20,
    "bitext_mining": 30,
}
#: Dense operations a second of the GPU that hours are told of, by its maker's data sheet, and how much of it is used.
_GPU = "an H100 (SXM)"
_GPU_PEAK: dict[str, float] = {"bf16": 989e12, "fp32": 67e12}
_GPU_USED = 0.4
_LEAST_HOURS = 0.05


def encoder_parameters(backbone: BackboneSpec) -> float:
    """Parameters of the transformer layers (embeddings take no arithmetic worth counting)."""
    return 12.0 * (backbone.layers or 12) * float(backbone.hidden_size or 768) ** 2


def training_cost(backbone: BackboneSpec, task_type: str, rows: int, hyper: Hyper) -> float:
    """Seconds of one core to train on so many rows, to the end of the last epoch: early stopping takes less."""
    seen = rows * hyper.epochs
    if hyper.max_steps is not None:
        seen = min(seen, hyper.max_steps * hyper.batch_size)
    pieces = _PIECES_PER_ROW[task_type] * seen
    return 1.0 + 6.0 * encoder_parameters(backbone) * pieces / _OPERATIONS_PER_SECOND


def prediction_cost(backbone: BackboneSpec, task_type: str, rows: int) -> float:
    """Seconds of one core to predict so many rows, of all languages together."""
    pieces = _PIECES_PER_ROW[task_type] * rows
    return 1.0 + 2.0 * encoder_parameters(backbone) * pieces / _OPERATIONS_PER_SECOND


def pretraining_cost(backbone: BackboneSpec, pieces: int) -> float:
    """Seconds of one core for continued masked language modelling on so many pieces."""
    return 1.0 + 6.0 * encoder_parameters(backbone) * pieces / _OPERATIONS_PER_SECOND


def gpu_hours(stages: Iterable[Stage]) -> float:
    """Hours of one GPU for those of some stages that would use it."""
    seconds = 0.0
    for stage in stages:
        if stage.environment.device == "cuda":
            used = _GPU_USED * _GPU_PEAK[stage.environment.precision]
            seconds += stage.cost * _OPERATIONS_PER_SECOND / used
    return seconds / 3600


def format_estimate(stages: Iterable[Stage]) -> str | None:
    """What some stages would take, in a sentence; None where no device would compute for long."""
    found = list(stages)
    gpu = [stage for stage in found if stage.environment.device == "cuda"]
    if gpu:
        peaks = " and ".join(
            f"{_GPU_PEAK[one] / 1e12:g} TFLOP/s in {one}" for one in sorted({one.environment.precision for one in gpu})
        )
        phases = {phase: [stage for stage in gpu if stage.phase is phase] for phase in Phase}
        parts = ", ".join(f"{phase} {_hours(gpu_hours(found))}" for phase, found in phases.items() if found)
        return (
            f"About {_hours(gpu_hours(gpu))} GPU hours ({parts}), roughly: of {_GPU} at {_GPU_USED:.0%} of {peaks}, "
            "with rows as published or as the suite caps them, and no training ended early."
        )
    hours = sum(stage.cost for stage in found) / 3600
    return f"About {_hours(hours)} hours of one CPU core, roughly." if hours >= _LEAST_HOURS else None


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}"  # noqa: PLR2004


def translation_cost(translator: TranslatorSpec, task_type: str, rows: int) -> float:
    """Seconds of one core to translate so many rows, of all languages together: read once, written by every beam."""
    pieces = _PIECES_PER_ROW[task_type] * rows * (1 + translator.beams)
    return 1.0 + translator.parameters * pieces / _OPERATIONS_PER_SECOND
