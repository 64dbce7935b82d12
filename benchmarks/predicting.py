"""One prediction by this project and by Trainer.predict of transformers: what :mod:`benchmarks.prediction` measures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import Trainer, TrainingArguments

from benchmarks.peers import padded
from harness.phases.predict import read_inputs
from harness.specs.training import ModelTask
from harness.training import heads
from harness.training.batches import Batch, collate
from harness.training.checkpoint import load_checkpoint
from harness.training.encoding import EncodedRows, decode_rows, encode_rows, head_kind, limits
from harness.training.inference import predict_logits
from harness.training.inputs import Inputs, join
from harness.training.model import Model
from harness.training.runtime import Reporter
from tasks.rows import Row
from tasks.types.base import FloatArray, Limits

CPU = torch.device("cpu")
HEAD = "target"


class Counted(nn.Module):
    """Passes batches on to the model, and counts sequences, pieces and padding."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.passed = self.real = self.all = 0

    @property
    def arithmetic(self) -> int:
        """The model's."""
        return self.model.arithmetic

    def forward(self, batch: Batch, head: str) -> torch.Tensor:
        """The logits of a batch."""
        self.passed += len(batch.input_ids)
        self.real += int(batch.lengths.sum())
        self.all += batch.input_ids.numel()
        logits: torch.Tensor = self.model(batch, head)
        return logits


class Theirs(nn.Module):
    """The same model in the shape that Trainer wants: keyword arguments in, logits out."""

    def __init__(self, model: Counted) -> None:
        super().__init__()
        self.model = model

    def forward(self, **fields: Any) -> dict[str, torch.Tensor]:
        """The logits of a batch."""
        return {"logits": self.model(Batch(**{name: fields.get(name) for name in Batch.__dataclass_fields__}), HEAD)}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model with a fresh head, and the test rows of each language."""

    task: ModelTask
    model: Counted
    rows: dict[str, list[Row]]
    encoded: dict[str, EncodedRows]
    allowed: Limits
    pad_id: int

    @classmethod
    def load(cls, request: Mapping[str, Any]) -> Workload:
        """Read checkpoint and rows, and encode these."""
        task = ModelTask.read(request["task"], "task")
        checkpoint = load_checkpoint(Path(request["checkpoint"]))
        backbone, tokenizer = checkpoint.backbone, checkpoint.tokenizer
        rows = {one: read_inputs(Path(request["inputs"]), one, task) for one in request["languages"]}
        rows = {language: few[: request["rows"]] for language, few in rows.items()}
        report = Reporter(lambda _fraction, _note: None)
        encoded = {
            language: encode_rows(task, few, backbone, tokenizer, report, keep_features=True, where=language)
            for language, few in rows.items()
        }
        head = heads.build_head(
            head_kind(task), hidden_size=backbone.hidden_size, labels=len(task.labels), summary=backbone.summary
        )
        heads.initialise(head, 1)
        return cls(
            task=task,
            model=Counted(Model(checkpoint.encoder, {HEAD: head}).eval()),
            rows=rows,
            encoded=encoded,
            allowed=limits(task, backbone, tokenizer),
            pad_id=checkpoint.pad_id,
        )

    def ours(self, languages: list[str]) -> list[FloatArray]:
        """The logits of all languages, in one pass."""
        return predict_logits(
            self.model,  # type: ignore[arg-type]
            HEAD,
            join([self.encoded[language].inputs for language in languages]),
            pad_id=self.pad_id,
            device=CPU,
            precision="fp32",
            report=lambda _fraction, _note: None,
        )

    def theirs(self, languages: list[str], batch: int, *, maximum: bool) -> list[FloatArray]:
        """The logits of one language after the other, by Trainer.predict."""
        found: list[FloatArray] = []
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                output_dir=folder,
                per_device_eval_batch_size=batch,
                use_cpu=True,
                remove_unused_columns=False,
                report_to=[],
                disable_tqdm=True,
            )
            for language in languages:
                inputs = self.encoded[language].inputs
                order = np.argsort(-inputs.lengths, kind="stable")
                trainer = Trainer(
                    model=Theirs(self.model), args=arguments, data_collator=self._together(inputs, maximum=maximum)
                )
                given = trainer.predict([{"index": int(index)} for index in order]).predictions
                found += [given[place] for place in np.argsort(order)]
        return found

    def _together(self, inputs: Inputs, *, maximum: bool) -> Any:
        def collator(examples: list[dict[str, int]]) -> dict[str, Any]:
            chosen = np.array([example["index"] for example in examples])
            batch = collate(inputs, chosen, pad_id=self.pad_id, device=CPU)
            if maximum:
                batch = padded(batch, self.allowed.max_length, self.pad_id)
            return {name: getattr(batch, name) for name in Batch.__dataclass_fields__}

        return collator

    def answers(self, languages: list[str], logits: list[FloatArray]) -> list[Any]:
        """The predictions of all languages, one behind the other."""
        found: list[Any] = []
        start = 0
        for language in languages:
            encoded = self.encoded[language]
            own = logits[start : start + len(encoded.inputs)]
            start += len(own)
            found += decode_rows(self.task, self.rows[language], encoded.features, own, self.allowed)
        return found


def measure(request: Mapping[str, Any]) -> dict[str, Any]:
    """What one way took, and how its answers differ from ours, which the first way to be measured leaves in a file."""
    workload = Workload.load(request)
    languages: list[str] = request["languages"]
    ours = request["way"] == "ours"

    def predict(some: list[str]) -> list[FloatArray]:
        if ours:
            return workload.ours(some)
        return workload.theirs(some, request["batch"], maximum=request["way"] == "maximum")

    predict(languages[:1])
    workload.model.passed = workload.model.real = workload.model.all = 0
    clocks = time.perf_counter(), time.process_time()
    logits = predict(languages)
    seconds, busy = time.perf_counter() - clocks[0], time.process_time() - clocks[1]
    begun = time.perf_counter()
    answers = workload.answers(languages, logits)
    decoding = time.perf_counter() - begun
    kept = Path(request["logits"])
    if ours:
        torch.save({"logits": logits, "answers": answers}, kept)
    other = torch.load(kept, weights_only=False)
    pairs = list(zip(logits, other["logits"], strict=True))
    return {
        "seconds": seconds,
        "cpu_seconds": busy,
        "decoding": decoding,
        "rows": len(answers),
        "inputs": len(logits),
        "passed": workload.model.passed,
        "padding": 1 - workload.model.real / workload.model.all,
        "difference": max(float(np.abs(left[: len(right)] - right).max()) for left, right in pairs),
        "answers_apart": sum(one != another for one, another in zip(answers, other["answers"], strict=True)),
    }
