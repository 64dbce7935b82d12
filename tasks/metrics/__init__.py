"""Metrics: pure functions from references and predictions to counts and fractions of one."""

from tasks.metrics.accuracy import accuracy
from tasks.metrics.chunks import chunk_counts, chunks, corpus_chunk_counts
from tasks.metrics.mlqa import mlqa_exact_match, mlqa_f1, mlqa_languages
from tasks.metrics.overlap import Overlap, pair_overlap
from tasks.metrics.squad import squad_exact_match, squad_f1, squad_v2_exact_match, squad_v2_f1

__all__ = [
    "Overlap",
    "accuracy",
    "chunk_counts",
    "chunks",
    "corpus_chunk_counts",
    "mlqa_exact_match",
    "mlqa_f1",
    "mlqa_languages",
    "pair_overlap",
    "squad_exact_match",
    "squad_f1",
    "squad_v2_exact_match",
    "squad_v2_f1",
]
