"""Tiny backbones from scratch, toy rows that are trivially learnable, and stages to run them in."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.context import RESUME, StageContext
from harness.phases import convert
from harness.training import heads
from harness.training.checkpoint import load_checkpoint, new_mlm_head, save_mlm_head
from tasks.rows import (
    Answer,
    MultipleChoice,
    Row,
    SentencePair,
    SpanQuestion,
    TaggedSentence,
    rows_to_json,
    write_json_lines,
)

Run = Callable[..., Path]

WORDS = ("apple", "river", "stone", "cloud", "green", "seven", "north", "table")
HYPER: dict[str, Any] = {
    "learning_rate": 3e-3,
    "epochs": 4.0,
    "max_steps": None,
    "batch_size": 8,
    "warmup_fraction": 0.1,
    "weight_decay": 0.01,
    "adam_epsilon": 1e-8,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "max_grad_norm": 1.0,
    "dropout": 0.1,
    "attention_dropout": 0.0,
    "micro_batch_pieces": 256,
}
TASKS: dict[str, dict[str, Any]] = {
    "sentence_pair": {"labels": ["same", "other"], "metric": "accuracy", "max_length": 24},
    "multiple_choice": {"labels": [], "metric": "accuracy", "max_length": 24},
    "token_tagging": {"labels": ["X", "NUM"], "metric": "seqeval_f1", "max_length": 24},
    "span_qa": {"labels": [], "metric": "squad", "max_length": 24, "doc_stride": 8, "max_query_length": 6},
}


def task(kind: str, name: str = "toy", **changes: Any) -> dict[str, Any]:
    """A TASK object of the plan."""
    return {"name": name, "type": kind, **TASKS[kind], **changes}


def toy_rows(kind: str, count: int, seed: int = 0) -> list[Row]:
    """Rows whose answer one word gives away."""
    draw = random.Random(seed)
    return [_toy_row(kind, f"{seed}-{number}", draw) for number in range(count)]


def _toy_row(kind: str, name: str, draw: random.Random) -> Row:
    words = [draw.choice(WORDS[:6]) for _ in range(draw.randint(2, 6))]
    if kind == "sentence_pair":
        label = draw.choice(["same", "other"])
        cue = "north" if label == "same" else "table"
        return SentencePair(id=name, unit=name, text_a=" ".join(words), text_b=f"{cue} {words[0]}", label=label)
    if kind == "multiple_choice":
        right = draw.randrange(3)
        choices = tuple("north stone" if place == right else "table stone" for place in range(3))
        return MultipleChoice(id=name, unit=name, prompt=" ".join(words), choices=choices, label=right)
    if kind == "token_tagging":
        tags = tuple("NUM" if word == "seven" else "X" for word in words)
        return TaggedSentence(id=name, unit=name, tokens=tuple(words), tags=tags)
    words[draw.randrange(len(words))] = "table"
    context = " ".join(words)
    answer = Answer(text="table", start=context.index("table"))
    return SpanQuestion(id=name, unit=name, context=context, question="where is it", answers=(answer,))


@pytest.fixture(scope="session")
def run_stage(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a phase's function in a new output directory, which it gives back."""

    def run(
        phase: Any,
        params: Mapping[str, Any],
        inputs: Mapping[str, Path],
        *,
        seed: int = 1,
        left: Path | None = None,
        **fields: Any,
    ) -> Path:
        """``left`` is what an earlier try has left to go on from."""
        out = tmp_path_factory.mktemp("out")
        if left is not None:
            shutil.copytree(left, out / RESUME)
        fields.setdefault("progress", lambda _fraction, _note: None)
        phase.run(StageContext(params=params, inputs=inputs, out=out, seed=seed, **fields))
        return out

    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus artifact of the toy rows' words."""
    folder = tmp_path_factory.mktemp("corpus")
    draw = random.Random(5)
    texts = [" ".join(draw.choices((*WORDS, "where", "is", "it"), k=9)) for _ in range(60)]
    write_json_lines(folder / "text.jsonl", ({"id": str(n), "text": text} for n, text in enumerate(texts)))
    return folder


def scratch_spec(architecture: str = "bert", **changes: Any) -> dict[str, Any]:
    """The backbone spec of a tiny encoder from scratch."""
    return {
        "name": f"tiny-{architecture}",
        "kind": "scratch",
        "architecture": architecture,
        "layers": 2,
        "hidden_size": 32,
        "max_length": 48,
        "prefix": [],
        "pooling": "mean",
        "config": {"num_attention_heads": 2, "intermediate_size": 64},
        "vocab_size": 90 if architecture == "bert" else 300,
        "tokenizer": "wordpiece" if architecture == "bert" else "bpe",
        **changes,
    }


@pytest.fixture(scope="session")
def tiny(run_stage: Run, corpus: Path) -> Path:
    """A checkpoint artifact: a tiny BERT."""
    return run_stage(convert, {"backbone": scratch_spec()}, {"corpus": corpus})


@pytest.fixture(scope="session")
def tiny_mlm(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny BERT with a masked-LM head, as published backbones have one."""
    folder = tmp_path_factory.mktemp("with-head") / "checkpoint"
    shutil.copytree(tiny, folder)
    head = new_mlm_head(load_checkpoint(tiny).config)
    heads.initialise(head, 3)
    save_mlm_head(folder, head)
    return folder


@pytest.fixture(scope="session")
def tiny_roberta(run_stage: Run, corpus: Path) -> Path:
    """A checkpoint artifact: a tiny RoBERTa with a byte-level tokenizer."""
    return run_stage(convert, {"backbone": scratch_spec("roberta")}, {"corpus": corpus})


@pytest.fixture(scope="session")
def toy_artifact(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the rows artifact of a toy task."""

    def make(kind: str, train: int = 96, validation: int = 24) -> Path:
        folder = tmp_path_factory.mktemp("rows")
        for split, count, seed in (("train", train, 1), ("validation", validation, 2)):
            write_json_lines(folder / f"{split}.jsonl", rows_to_json(toy_rows(kind, count, seed)))
        return folder

    return make


@pytest.fixture(scope="session")
def toy() -> Any:
    """The helpers of this file, for tests (which cannot import a conftest)."""

    class Toy:
        hyper = HYPER
        task = staticmethod(task)
        rows = staticmethod(toy_rows)
        spec = staticmethod(scratch_spec)
        kinds = tuple(TASKS)

        @staticmethod
        def files(folder: Path) -> dict[str, bytes]:
            """Every file below a folder."""
            return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}

    return Toy
