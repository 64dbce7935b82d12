"""Rough sizes of stages, in seconds of one CPU core: they order the work (longest first) and feed the time left.

Training takes about six floating-point operations a parameter and piece, prediction two (Kaplan et al. 2020, section
2.1); the throughput of a core is a round number, good enough because only ratios between stages matter.
"""

from __future__ import annotations

from harness.specs.backbone import BackboneSpec

_OPERATIONS_PER_SECOND = 4e10
_PIECES_PER_ROW = {
    "sentence_pair": 45,
    "multiple_choice": 100,
    "span_qa": 200,
    "token_tagging": 35,
    "sentence_retrieval": 20,
    "bitext_mining": 30,
}
_UNCAPPED_ROWS = 5000


def encoder_parameters(backbone: BackboneSpec) -> float:
    """Parameters of the transformer layers (embeddings take no arithmetic worth counting)."""
    return 12.0 * (backbone.layers or 12) * float(backbone.hidden_size or 768) ** 2


def training_cost(backbone: BackboneSpec, task_type: str, rows: int | None, epochs: float) -> float:
    """Seconds of one core to train on so many rows."""
    pieces = _PIECES_PER_ROW[task_type] * (rows or _UNCAPPED_ROWS) * epochs
    return 1.0 + 6.0 * encoder_parameters(backbone) * pieces / _OPERATIONS_PER_SECOND


def prediction_cost(backbone: BackboneSpec, task_type: str, rows: int | None, languages: int) -> float:
    """Seconds of one core to predict so many rows in so many languages."""
    pieces = _PIECES_PER_ROW[task_type] * (rows or _UNCAPPED_ROWS) * languages
    return 1.0 + 2.0 * encoder_parameters(backbone) * pieces / _OPERATIONS_PER_SECOND


def pretraining_cost(backbone: BackboneSpec, pieces: int) -> float:
    """Seconds of one core for continued masked language modelling on so many pieces."""
    return 1.0 + 6.0 * encoder_parameters(backbone) * pieces / _OPERATIONS_PER_SECOND
