"""Trains an encoder on the rows of one task or of several: the body of ``intermediate`` and of ``finetune``."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from harness.context import Progress, StageContext
from harness.specs.training import Hyper, MixingSpec, MlmValues, ModelTask
from harness.training import heads, no_answer
from harness.training.batches import Batch, shuffled, target_count
from harness.training.batching import Batching, pieces_of
from harness.training.checkpoint import (
    Checkpoint,
    HeadFacts,
    load_checkpoint,
    save_checkpoint,
    save_head,
    write_training,
)
from harness.training.corpus_steps import CorpusBatches, CorpusSteps, require_mlm_head
from harness.training.embeddings import put_back, train_used
from harness.training.encoded import Encoder
from harness.training.encoding import EncodedRows, decode_rows, encode_rows, head_kind, limits
from harness.training.inference import piece_budget, predict_logits
from harness.training.inputs import IntArray
from harness.training.loop import Evaluation, fit
from harness.training.masked_lm import MaskedBlocks, loss_sum
from harness.training.memory import PieceBudget
from harness.training.mixture import Interleaving, epoch_inputs, task_schedule, task_weights
from harness.training.model import Model
from harness.training.resume import ResumeFile
from harness.training.runtime import Reporter, derived_seed, set_up
from harness.training.steps import Step
from tasks.errors import DataError, UserError
from tasks.rows import Row, read_rows
from tasks.selection import select_units
from tasks.types import task_type
from tasks.types.base import HeadKind


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """One task's encoded rows: English ones, and in training perhaps translations (``translated``: rows by language).

    ``name`` is its name in records, ``head`` the name of its stored head; tasks may share one.
    """

    name: str
    head: str
    task: ModelTask
    kind: HeadKind
    train: EncodedRows
    validation_rows: list[Row]
    validation: EncodedRows
    translated: dict[str, int] = field(default_factory=dict)

    def summary(self, steps: int, batch_size: int) -> dict[str, Any]:
        """Return the record of the data drawn in ``steps`` optimiser steps."""
        return {
            "train_rows": self.train.report.rows,
            "train_inputs": len(self.train.inputs),
            "train_truncated": self.train.report.truncated,
            "train_windowed": self.train.report.windowed,
            "validation_rows": len(self.validation_rows),
            "steps": steps,
            "inputs_drawn": steps * batch_size,
            **({"translated_rows": self.translated} if self.translated else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained encoder with its heads, and the contents of ``training.json``."""

    heads: dict[str, tuple[nn.Module, HeadFacts]]
    record: dict[str, Any]


#: A micro-batch of a task, by its head, or of masked language modelling.
Part = tuple[str, Batch] | MaskedBlocks


def load_task(
    task: ModelTask,
    folder: Path,
    encoder: Encoder,
    report: Reporter,
    *,
    name: str,
    head: str,
    evaluation_rows: int | None = None,
    translations: Mapping[str, Path] = MappingProxyType({}),
) -> TaskData:
    """Read and encode the rows artifact of a task, and files of translated training rows by language.

    ``evaluation_rows`` limits the validation rows, by whole resampling units.

    Raises:
        DataError: a split is missing or empty, or its rows have no answers.
    """
    files = {split: folder / f"{split}.jsonl" for split in ("train", "validation")}
    for split, path in files.items():
        if not path.exists():
            where = f"{task.name}, {split}.jsonl"
            raise DataError("the rows are missing", where=where, remedy="prepare the task's rows first")
    train, (_, *added) = encoder.encode(
        task, [files["train"], *translations.values()], report.part(0.0, 0.8), where=f"{task.name}, train.jsonl"
    )
    rows = select_units(read_rows(files["validation"], task_type(task.type).row_class), evaluation_rows)
    validation = encode_rows(
        task,
        rows,
        encoder.checkpoint.backbone,
        encoder.checkpoint.tokenizer,
        report.part(0.8, 1.0),
        keep_features=True,
        where=f"{task.name}, validation.jsonl",
    )
    for split, encoded in (("train", train), ("validation", validation)):
        if encoded.inputs.targets is None:
            where = f"{task.name}, {split}.jsonl"
            raise DataError("some rows have no answer", where=where, remedy="train only on answered rows")
    return TaskData(
        name=name,
        head=head,
        task=task,
        kind=head_kind(task),
        train=train,
        validation_rows=rows,
        validation=validation,
        translated=dict(zip(translations, added, strict=True)),
    )


class Trainer:
    """Feeds the tasks' batches to the loop and evaluates the model on their validation rows."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        tasks: Sequence[TaskData],
        hyper: Hyper,
        context: StageContext,
        device: torch.device,
        mlm: MlmValues | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self.tasks = list(tasks)
        self.hyper = hyper
        self.context = context
        self.device = device
        self.pad_id = checkpoint.pad_id
        self.budget = PieceBudget(pieces=hyper.micro_batch_pieces)
        self.predicting = piece_budget(device)
        self.model = Model(checkpoint.encoder, self._new_heads(tasks)).to(device)
        self.batching = Batching.of(self.model, checkpoint.pad_id, device)
        #: Of each step on a task, those included that are prepared and not taken.
        self._pieces: list[int] = []
        self._padding: list[int] = []
        self.mlm = mlm
        self.corpus: CorpusSteps | None = None
        #: All that is trained; the masked-LM head is trained along, and left behind.
        self.trained: nn.Module = self.model
        if mlm is not None:
            inputs = context.inputs
            self.corpus = CorpusSteps(mlm, checkpoint, inputs["checkpoint"], inputs["corpus"], context.seed)
            self.trained = nn.ModuleList([self.model, self.corpus.head.to(device)])

    def _new_heads(self, tasks: Sequence[TaskData]) -> dict[str, nn.Module]:
        """A head for each name; tasks that name the same one share it.

        Raises:
            UserError: they answer with different labels, or in different ways.
        """
        first: dict[str, TaskData] = {}
        for data in tasks:
            other = first.setdefault(data.head, data)
            if (other.kind, other.task.labels) != (data.kind, data.task.labels):
                raise UserError(
                    f"{other.name} and {data.name} share the head {data.head!r} but not their type and labels",
                    where="params.tasks.head",
                    remedy="give them heads of their own, or the same labels in the same order",
                )
        return {head: self._new_head(data) for head, data in first.items()}

    def _new_head(self, data: TaskData) -> nn.Module:
        backbone = self.checkpoint.backbone
        head = heads.build_head(
            data.kind,
            hidden_size=backbone.hidden_size,
            labels=len(data.task.labels),
            summary=backbone.summary,
            dropout=self.hyper.dropout,
        )
        heads.initialise(head, derived_seed(self.context.seed, "head", data.head))
        return head

    def train(self, mixing: MixingSpec, report: Reporter) -> Trained:
        """Train encoder and heads; the encoder of the checkpoint is changed in place."""
        sizes = [len(data.train.inputs) for data in self.tasks]
        points = self.hyper.evaluation_points(epoch_inputs(mixing, sizes))
        schedule = task_schedule(mixing, sizes, points[-1], self.context.seed)
        order, corpus_steps, corpus = self._corpus_steps(points[-1], report)
        if self.corpus is None:  # whose decoder is the input embedding: there every row has a gradient
            used = [data.train.inputs.ids for data in self.tasks]
            train_used(self.model.encoder, np.unique(np.concatenate([*used, [self.checkpoint.pad_id]])))
        history = fit(
            self.trained,
            self._steps(schedule, order, corpus_steps),
            self._loss,
            hyper=self.hyper,
            points=order.ends(points),
            evaluate=partial(self._evaluate, lambda _, note: report.note(f"validation: {note}")),
            device=self.device,
            precision=self.context.precision,
            report=report,
            budget=self.budget,
            resume=ResumeFile(self.context.out),
        )
        put_back(self.model.encoder)
        drawn = order.drawn(schedule, history.steps)
        counts = np.bincount(drawn, minlength=len(sizes))
        record = {
            **history.to_json(),
            "effective_batch": self.hyper.batch_size,
            "epoch_inputs": epoch_inputs(mixing, sizes),
            **({} if corpus is None else {"mlm": corpus.record(history.steps - len(drawn))}),
            "mixture": {data.name: float(w) for data, w in zip(self.tasks, task_weights(mixing, sizes), strict=True)},
            "tasks": {
                data.name: data.summary(int(count), self.hyper.batch_size) | self._passed(drawn == index)
                for index, (data, count) in enumerate(zip(self.tasks, counts, strict=True))
            },
            **PieceBudget(pieces=0, halvings=[*self.budget.halvings, *self.predicting.halvings]).to_json(),
        }
        thresholds = no_answer.thresholds(history)
        facts = {
            data.head: HeadFacts(kind=data.kind, labels=data.task.labels, no_answer_threshold=thresholds.get(data.name))
            for data in self.tasks
        }
        return Trained(heads={name: (head, facts[name]) for name, head in self.model.heads.items()}, record=record)

    def _passed(self, drawn: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Pieces that passed through the model in steps on a task, and the share of padding among all that passed."""
        pieces, padding = (np.array(counts[: len(drawn)])[drawn].sum() for counts in (self._pieces, self._padding))
        return {"pieces_drawn": int(pieces), "padding": float(padding / max(1, pieces + padding))}

    def _corpus_steps(
        self, on_tasks: int, report: Reporter
    ) -> tuple[Interleaving, Iterator[Step[MaskedBlocks]], CorpusBatches | None]:
        """How steps of masked language modelling stand between those on tasks; these steps; where they are from."""
        if self.mlm is None or self.corpus is None:
            return Interleaving.none(on_tasks), iter(()), None
        count = self.mlm.steps(on_tasks)
        found = self.corpus.batches(count, device=self.device, report=report.part(0.0, 0.05))
        return Interleaving.draw(on_tasks, count, self.context.seed), found.steps, found

    def _steps(
        self, schedule: npt.NDArray[np.int64], order: Interleaving, corpus: Iterator[Step[MaskedBlocks]]
    ) -> Iterator[Step[Part]]:
        streams = [
            shuffled(len(data.train.inputs), self.hyper.batch_size, derived_seed(self.context.seed, "rows", data.name))
            for data in self.tasks
        ]
        indices = iter(schedule.tolist())
        for on_task in order.on_task:
            if on_task:
                index = next(indices)
                yield self._task_step(self.tasks[index], next(streams[index]))
            else:
                step = next(corpus)
                yield Step(split=step.split, targets=step.targets)

    def _task_step(self, data: TaskData, chosen: IntArray) -> Step[Part]:
        inputs = data.train.inputs
        self._pieces.append(int(pieces_of(inputs, chosen).sum()))
        self._padding.append(self.batching.padding(inputs, chosen, self.hyper.micro_batch_pieces))

        def make(part: IntArray) -> Part:
            return data.head, self.batching.collate(inputs, part)

        def split(budget: int) -> list[Callable[[], Part]]:
            return [partial(make, part) for part in self.batching.split(inputs, chosen, budget)]

        # A batch of sentences without words has no target; its loss is zero, not a division by zero.
        return Step(split=split, targets=max(1, target_count(inputs, chosen)))

    def _loss(self, part: Part) -> torch.Tensor:
        if isinstance(part, MaskedBlocks):
            assert self.corpus is not None
            return loss_sum(self.model.encoder, self.corpus.head, part)
        head, batch = part
        if batch.targets is None:
            raise ValueError("training inputs need targets")
        return heads.loss_sum(batch.kind, self.model(batch, head), batch.targets)

    def _evaluate(self, report: Progress) -> Evaluation:
        """Score every task's validation rows with its own metric; the mean selects the epoch."""
        record: dict[str, Any] = {}
        for data in self.tasks:
            logits = predict_logits(
                self.model,
                data.head,
                data.validation.inputs,
                pad_id=self.pad_id,
                device=self.device,
                precision=self.context.precision,
                report=report,
                budget=self.predicting,
            )
            allowed = limits(data.task, self.checkpoint.backbone, self.checkpoint.tokenizer)
            predictions = decode_rows(data.task, data.validation_rows, data.validation.features, logits, allowed)
            score = task_type(data.task.type).score(
                data.validation_rows, predictions, metric=data.task.metric, language="en"
            )
            record[data.name] = {"value": score.value, "metrics": score.metrics, "rows": score.rows}
            record[data.name] |= no_answer.chosen_on(data.task, data.validation_rows, data.validation, logits, allowed)
        return Evaluation(value=statistics.fmean(entry["value"] for entry in record.values()), record=record)


def train_checkpoint(
    context: StageContext,
    hyper: Hyper,
    tasks: Mapping[str, ModelTask],
    mixing: MixingSpec,
    *,
    heads_of: Mapping[str, str] = MappingProxyType({}),
    translated: Mapping[str, Sequence[str]] = MappingProxyType({}),
    mlm: MlmValues | None = None,
) -> None:
    """Train the stage's checkpoint on tasks, by the names their heads are kept under, and write the result.

    Args:
        context: the stage's.
        hyper: how to train.
        tasks: by the names they are recorded under.
        mixing: how the tasks share the steps.
        heads_of: the names their heads are kept under, where those are others; tasks with one name share one head.
        translated: by task, the languages of the translated rows that are trained on too.
        mlm: masked-language-model steps to put between the others.
    """
    device = set_up(context)
    report = Reporter(context.progress)
    checkpoint = load_checkpoint(
        context.inputs["checkpoint"], dropout=hyper.dropout, attention_dropout=hyper.attention_dropout
    )
    if mlm is not None:
        require_mlm_head(context.inputs["checkpoint"], checkpoint)  # before rows are encoded, which can take minutes
    encoder = Encoder.of(context, checkpoint)
    loaded = []
    for position, (name, task) in enumerate(tasks.items()):
        part = report.part(0.1 * position / len(tasks), 0.1 * (position + 1) / len(tasks))
        files = {
            language: context.inputs[f"translated:{task.name}"] / f"train-{language}.jsonl"
            for language in translated.get(task.name, ())
        }
        loaded.append(
            load_task(
                task,
                context.inputs[f"rows:{task.name}"],
                encoder,
                part,
                name=name,
                head=heads_of.get(name, name),
                evaluation_rows=hyper.evaluation_rows,
                translations=files,
            )
        )
    trained = Trainer(checkpoint, loaded, hyper, context, device, mlm).train(mixing, report.part(0.1, 1.0))
    save_checkpoint(context.out, checkpoint)
    for name, (module, facts) in trained.heads.items():
        save_head(context.out, name, module, facts)
    write_training(context.out, trained.record)
