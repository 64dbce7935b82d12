"""Encodes rows with their task type, for training or for prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from transformers import PreTrainedTokenizerFast

from harness.specs.backbone import Backbone
from harness.specs.training import ModelTask
from harness.training.inputs import Inputs, join, pack
from harness.training.runtime import Reporter
from tasks.errors import DataError, UserError
from tasks.rows import Row, RowFiles
from tasks.types import task_type
from tasks.types.base import EncodingReport, Features, FloatArray, HeadKind, Limits

#: Rows encoded between two words to the display.
CHUNK = 512


@dataclass(frozen=True, kw_only=True)
class EncodedRows:
    """Rows as a model sees them.

    ``features`` is empty unless they were asked for; they are for decoding, and omit the pieces that
    ``inputs`` has.
    """

    inputs: Inputs
    features: list[Features]
    report: EncodingReport


def head_kind(task: ModelTask) -> HeadKind:
    """The head a task is answered with.

    Raises:
        UserError: its type is not trained.
    """
    kind: HeadKind | None = task_type(task.type).head
    if kind is None:
        raise UserError(f"tasks of type {task.type} are not trained", where=f"task {task.name}")
    if kind in (HeadKind.SEQUENCE, HeadKind.TOKEN) and not task.labels:
        raise UserError(f"the task {task.name} has no labels", where="params.task.labels", remedy="list them")
    return kind


def limits(task: ModelTask, backbone: Backbone, tokenizer: PreTrainedTokenizerFast) -> Limits:
    """How much text one input may hold: the shorter of the task's and the backbone's maximum.

    Raises:
        UserError: a prefix piece of the backbone is not in its vocabulary.
    """
    return Limits(
        max_length=min(task.max_length, backbone.max_length),
        doc_stride=task.doc_stride,
        max_query_length=task.max_query_length,
        max_answer_length=task.max_answer_length,
        prefix=prefix_ids(backbone, tokenizer),
    )


def prefix_ids(backbone: Backbone, tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    """The ids of the backbone's prefix pieces."""
    if not backbone.prefix:
        return ()
    vocabulary = tokenizer.get_vocab()
    unknown = [piece for piece in backbone.prefix if piece not in vocabulary]
    if unknown:
        raise UserError(f"the prefix piece {unknown[0]!r} is not in the vocabulary", where=f"backbone {backbone.name}")
    return tuple(vocabulary[piece] for piece in backbone.prefix)


def encode_rows(
    task: ModelTask,
    rows: Sequence[Row] | RowFiles[Row],
    backbone: Backbone,
    tokenizer: PreTrainedTokenizerFast,
    report: Reporter,
    *,
    keep_features: bool,
    where: str,
) -> EncodedRows:
    """Encode rows in chunks, so that neither many rows of files nor their features are in memory at once.

    Raises:
        DataError: there are no rows, or none left an input.
    """
    if not rows:
        raise DataError("there are no rows", where=where, remedy="check the task's data and its row limits")
    kind = head_kind(task)
    allowed = limits(task, backbone, tokenizer)
    parts: list[Inputs] = []
    kept: list[Features] = []
    total = EncodingReport()
    remaining = iter(rows)
    for start in range(0, len(rows), CHUNK):
        encoded = task_type(task.type).encode(list(islice(remaining, CHUNK)), tokenizer, allowed, task.labels)
        if encoded.features:
            parts.append(pack(kind, encoded.features))
        if keep_features:
            kept.extend(
                replace(feature, row=feature.row + start, input_ids=(), token_type_ids=None)
                for feature in encoded.features
            )
        _add(total, encoded.report)
        report((start + CHUNK) / len(rows), f"encoding {where}")
    if not parts:
        raise DataError("no row left an input", where=where)
    return EncodedRows(inputs=join(parts), features=kept, report=total)


def decode_rows(
    task: ModelTask, rows: Sequence[Row], features: Sequence[Features], logits: Sequence[FloatArray], allowed: Limits
) -> list[Any]:
    """One prediction a row, as the task's type wants them."""
    return task_type(task.type).decode(rows, features, logits, task.labels, allowed, metric=task.metric)


def _add(total: EncodingReport, part: EncodingReport) -> None:
    for name, count in asdict(part).items():
        setattr(total, name, getattr(total, name) + count)
