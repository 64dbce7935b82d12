"""One training by this project's loop and by the Trainer of transformers: what :mod:`benchmarks.training` measures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoConfig, Trainer, TrainerCallback, TrainingArguments

from harness.specs.training import Hyper, ModelTask
from harness.training import heads
from harness.training.batches import Batch, collate, micro_batches, shuffled, target_count
from harness.training.batching import Batching
from harness.training.checkpoint import load_checkpoint
from harness.training.dropout import Dropout, use_dropout
from harness.training.embeddings import put_back, train_used
from harness.training.encoder import build_encoder
from harness.training.encoding import EncodedRows, encode_rows, head_kind
from harness.training.inputs import Inputs, IntArray
from harness.training.loop import fit
from harness.training.model import Model
from harness.training.runtime import Reporter, derived_seed
from harness.training.steps import Step
from tasks.rows import read_rows
from tasks.types import task_type
from tasks.types.base import HeadKind

#: XLM-R Large (Conneau et al. 2020), for measuring where a GPU is at hand; random weights are as fast as trained ones.
LARGE = {
    "vocab_size": 250002,
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
#: Inputs that Trainer passes through the model at once at most; a larger batch is accumulated.
PASSED = 128


class Counted:
    """Counts the pieces and the padding that pass through the model, and the time that they take.

    Of time the wall's and the processor's: on a machine that others use too, the latter alone says something. On a GPU
    the first updates are not counted, in which its libraries are loaded; it is waited for at the beginning and the end.
    """

    def __init__(self, device: torch.device, updates: int) -> None:
        """``updates``: how many there will be."""
        self._device = device
        self._total = updates
        self._skipped = 0 if device.type == "cpu" else min(10, updates // 2)
        self._start = (0.0, 0.0)
        self._seconds = (0.0, 0.0)
        self._real = 0
        self._all = 0
        self._pairs = 0

    def begin(self) -> None:
        """The training begins, or what is counted of it does."""
        self._real = self._all = self._pairs = 0
        self._start = self._now()

    def batch(self, batch: Batch) -> None:
        """A batch is about to pass."""
        self._real += int(batch.lengths.sum())
        self._all += batch.input_ids.numel()
        self._pairs += int((batch.lengths**2).sum())

    def update(self, number: int) -> None:
        """An update is over."""
        if number == self._skipped:
            self.begin()
        elif number == self._total:
            now = self._now()
            self._seconds = (now[0] - self._start[0], now[1] - self._start[1])

    def _now(self) -> tuple[float, float]:
        if self._device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    def summary(self) -> dict[str, float]:
        updates = self._total - self._skipped
        return {
            "seconds": self._seconds[0] / updates,
            "cpu_seconds": self._seconds[1] / updates,
            "updates": updates,
            "pieces": self._real,
            "pairs": self._pairs,
            "padding": 1 - self._real / self._all,
        }


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model with a fresh head, and rows to train and to validate it on."""

    model: Model
    head: str
    train: EncodedRows
    validation: EncodedRows
    pad_id: int
    device: torch.device
    hyper: Hyper
    longest: int

    @classmethod
    def load(cls, request: Mapping[str, Any], device: torch.device, report: Reporter) -> Workload:
        """Read checkpoint and rows, and encode these: of training rows as many as the updates take in one pass."""
        hyper = Hyper.read(request["hyper"], "hyper")
        assert hyper.max_steps is not None
        task = ModelTask.read(request["task"], "task")
        path = Path(request["checkpoint"])
        checkpoint = load_checkpoint(path, dropout=hyper.dropout, attention_dropout=hyper.attention_dropout)
        if request["size"] == "large":
            config = AutoConfig.for_model("xlm-roberta", pad_token_id=checkpoint.pad_id, **LARGE)
            with device:
                encoder = build_encoder(config, dropout=hyper.dropout, attention_dropout=hyper.attention_dropout)
            checkpoint = replace(
                checkpoint, encoder=encoder, backbone=replace(checkpoint.backbone, hidden_size=LARGE["hidden_size"])
            )
        backbone = checkpoint.backbone
        encoded = {
            split: encode_rows(
                task,
                read_rows(Path(request["rows"]) / f"{split}.jsonl", task_type(task.type).row_class),
                backbone,
                checkpoint.tokenizer,
                report,
                keep_features=False,
                where=split,
            )
            for split in ("train", "validation")
        }
        inputs = first(encoded["train"].inputs, min(len(encoded["train"].inputs), hyper.max_steps * hyper.batch_size))
        head = heads.build_head(
            head_kind(task),
            hidden_size=backbone.hidden_size,
            labels=len(task.labels),
            summary=backbone.summary,
            dropout=hyper.dropout,
        )
        heads.initialise(head, 1)
        model = Model(checkpoint.encoder, {task.name: head}).to(device)
        if request["way"] != "ours":
            use_dropout(model, nn.Dropout, of=Dropout)  # what models of transformers have
        return cls(
            model=model,
            head=task.name,
            train=replace(encoded["train"], inputs=inputs),
            validation=encoded["validation"],
            pad_id=checkpoint.pad_id,
            device=device,
            hyper=hyper,
            longest=min(task.max_length, backbone.max_length),
        )

    def loss(self, batch: Batch) -> torch.Tensor:
        """The sum over the batch's targets."""
        assert batch.targets is not None
        return heads.loss_sum(batch.kind, self.model(batch, self.head), batch.targets)

    def validation_loss(self) -> float:
        """The mean loss on the validation rows."""
        inputs = self.validation.inputs
        everything = np.arange(len(inputs))
        self.model.eval()
        with torch.inference_mode():
            losses = [
                self.loss(collate(inputs, part, pad_id=self.pad_id, device=self.device)).item()
                for part in micro_batches(inputs, everything, 4096)
            ]
        return sum(losses) / target_count(inputs, everything)


def first(inputs: Inputs, count: int) -> Inputs:
    """The first inputs: all ways pass over just these, whatever order they draw them in."""
    sequences = int(inputs.first_sequence[count])
    pieces, words = int(inputs.first_piece[sequences]), int(inputs.first_word[count])
    targets = words if inputs.kind is HeadKind.TOKEN else count
    return replace(
        inputs,
        ids=inputs.ids[:pieces],
        types=None if inputs.types is None else inputs.types[:pieces],
        first_piece=inputs.first_piece[: sequences + 1],
        first_sequence=inputs.first_sequence[: count + 1],
        words=inputs.words[:words],
        first_word=inputs.first_word[: count + 1],
        context=inputs.context[:count],
        targets=None if inputs.targets is None else inputs.targets[:targets],
    )


def operations(summary: Mapping[str, float], model: Model) -> float:
    """Floating-point operations that a training needs, without padding and recomputation.

    As Chowdhery et al. 2022 (appendix B) count them: six a weight and piece, and twelve a layer, unit of the hidden
    state and pair of pieces that attend to each other.
    """
    config: Any = model.encoder.config
    attention = 12 * config.num_hidden_layers * config.hidden_size * summary["pairs"]
    return 6 * model.arithmetic * summary["pieces"] + attention


def train_ours(workload: Workload, request: Mapping[str, Any], counted: Counted) -> None:
    """This project's loop."""
    inputs, hyper = workload.train.inputs, workload.hyper
    batching = Batching.of(workload.model, workload.pad_id, workload.device)

    def step(chosen: IntArray) -> Step[Batch]:
        return Step(
            split=lambda budget: [
                partial(batching.collate, inputs, part) for part in batching.split(inputs, chosen, budget)
            ],
            targets=target_count(inputs, chosen),
        )

    def loss_of(batch: Batch) -> torch.Tensor:
        counted.batch(batch)
        return workload.loss(batch)

    class Ticking(Reporter):
        def __call__(self, fraction: float, note: str) -> None:  # noqa: ARG002 - a reporter's signature
            if note.startswith("step "):
                counted.update(int(note.split()[1]))

    assert hyper.max_steps is not None
    train_used(workload.model.encoder, np.unique(np.append(inputs.ids, workload.pad_id)))
    counted.begin()
    fit(
        workload.model,
        (step(chosen) for chosen in shuffled(len(inputs), hyper.batch_size, derived_seed(1, "rows"))),
        loss_of,
        hyper=hyper,
        points=(hyper.max_steps,),
        evaluate=None,
        device=workload.device,
        precision=request["precision"],
        report=Ticking(lambda _fraction, _note: None),
    )
    put_back(workload.model.encoder)


class Theirs(nn.Module):
    """The same model in the shape that Trainer wants: keyword arguments in, the loss out."""

    def __init__(self, workload: Workload, counted: Counted) -> None:
        super().__init__()
        self.model = workload.model
        self._workload = workload
        self._counted = counted

    def forward(self, **fields: Any) -> dict[str, torch.Tensor]:
        batch = Batch(**{name: fields.get(name) for name in Batch.__dataclass_fields__})  # type: ignore[arg-type]
        self._counted.batch(batch)
        assert batch.targets is not None
        count = len(batch.targets.flatten())
        return {"loss": self._workload.loss(batch) / count}


class Ticks(TrainerCallback):  # type: ignore[misc]
    """Tells of every update."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self._counted.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - Trainer's signature
        self._counted.update(state.global_step)


def train_theirs(workload: Workload, request: Mapping[str, Any], counted: Counted) -> None:
    """The Trainer of transformers, padding to the maximum length or dynamically with length grouping."""
    inputs, hyper = workload.train.inputs, workload.hyper
    rows = [{"input_ids": [0] * int(length), "index": index} for index, length in enumerate(inputs.lengths)]

    def together(examples: list[dict[str, Any]]) -> dict[str, Any]:
        chosen = np.array([example["index"] for example in examples])
        batch = collate(inputs, chosen, pad_id=workload.pad_id, device=torch.device("cpu"))
        if request["way"] == "maximum":
            batch = padded(batch, workload.longest, workload.pad_id)
        return {name: getattr(batch, name) for name in Batch.__dataclass_fields__}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=hyper.max_steps,
            per_device_train_batch_size=min(hyper.batch_size, PASSED),
            gradient_accumulation_steps=max(1, hyper.batch_size // PASSED),
            learning_rate=hyper.learning_rate,
            weight_decay=hyper.weight_decay,
            adam_epsilon=hyper.adam_epsilon,
            max_grad_norm=hyper.max_grad_norm,
            warmup_steps=hyper.warmup(hyper.max_steps or 0),
            lr_scheduler_type="linear",
            train_sampling_strategy="group_by_length" if request["way"] == "grouped" else "random",
            use_cpu=workload.device.type == "cpu",
            bf16=request["precision"] == "bf16",
            remove_unused_columns=False,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            seed=1,
        )
        Trainer(
            model=Theirs(workload, counted),
            args=arguments,
            train_dataset=list(islice(rows, None)),
            data_collator=together,
            callbacks=[Ticks(counted)],
        ).train()


def padded(batch: Batch, longest: int, pad_id: int) -> Batch:
    """The batch, padded to the maximum length."""
    missing = longest - batch.input_ids.shape[1]

    def pad(tensor: torch.Tensor | None, value: int) -> torch.Tensor | None:
        return None if tensor is None else nn.functional.pad(tensor, (0, missing), value=value)

    ids, mask = pad(batch.input_ids, pad_id), pad(batch.attention_mask, 0)
    assert ids is not None
    assert mask is not None
    return replace(
        batch,
        input_ids=ids,
        attention_mask=mask,
        token_type_ids=pad(batch.token_type_ids, 0),
        allowed=pad(batch.allowed, 0),
    )
