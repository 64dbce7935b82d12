"""Phase ``check``: what a checkpoint can do, tried out. In no suite: ``codestilts backbones check`` asks for it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from harness.context import RESUME, StageContext
from harness.files import write_json
from harness.plan.params import CheckParams, Claims
from harness.retrieval.embed import SentenceEmbedder
from harness.specs.task import TypeName
from harness.specs.training import ModelTask
from harness.training import heads
from harness.training.batches import Batch, collate
from harness.training.checkpoint import Checkpoint, load_checkpoint, load_mlm_head
from harness.training.encoding import encode_rows, limits
from harness.training.facts import tokenizer_kind
from harness.training.model import Model
from harness.training.runtime import Reporter
from tasks.errors import UserError
from tasks.rows import Answer, BitextSentence, MultipleChoice, Row, SentencePair, SpanQuestion, TaggedSentence
from tasks.types import task_type
from tasks.types.base import HeadKind

#: Pieces of a sample that may be unknown where the spec claims the language.
_MOST_UNKNOWN = 0.05
_LEARNING_RATE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Result:
    """One check: what it looked at, whether it held (None: nothing was claimed), and what was found."""

    check: str
    passed: bool | None
    found: str
    seconds: float


def examine(claims: Claims, samples: Mapping[str, Sequence[str]], path: Path) -> Iterator[Result]:
    """Every check of a checkpoint, one after the other; a failure of one does not keep the next from running.

    Args:
        claims: of its spec.
        samples: texts by language.
        path: the checkpoint's folder.

    Raises:
        UserError: it cannot be loaded.
    """
    checkpoint = load_checkpoint(path)
    checks: list[tuple[str, Callable[[], tuple[bool | None, str]]]] = [
        ("weights", lambda: _weights(checkpoint)),
        ("tokenizer", lambda: _tokenizer(claims, checkpoint)),
        *(
            (f"language {code}", lambda code=code, texts=texts: _language(claims, checkpoint, code, texts))
            for code, texts in samples.items()
        ),
        *((f"head {task.type}", lambda task=task, row=row: _head(checkpoint, task, row)) for task, row in _ROWS),
        ("mlm head", lambda: _mlm_head(claims, checkpoint, path)),
        ("embeddings", lambda: _embeddings(checkpoint, path)),
        ("train step", lambda: _step(checkpoint)),
    ]
    for name, check in checks:
        yield timed(name, check)


def expected(samples: Mapping[str, Sequence[str]]) -> int:
    """How many checks there will be."""
    return len(samples) + len(_ROWS) + 5


def timed(name: str, check: Callable[[], tuple[bool | None, str]]) -> Result:
    """Run one check; whatever goes wrong in it, in our code, the library's or the backbone's own, is its finding."""
    start = time.monotonic()
    try:
        passed, found = check()
    except Exception as error:  # noqa: BLE001 - a backbone may fail in any way, and the table must say in which
        passed, found = False, str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return Result(check=name, passed=passed, found=found, seconds=round(time.monotonic() - start, 2))


def _weights(checkpoint: Checkpoint) -> tuple[bool, str]:
    """Kernels may pass over numbers that are none, and the heads below would not show them."""
    weights = dict(checkpoint.encoder.named_parameters())
    broken = sorted(name for name, weight in weights.items() if not bool(torch.isfinite(weight).all()))
    if broken:
        return False, f"{len(broken)} of {len(weights)} tensors hold numbers that are none, as {broken[0]}"
    return True, f"{len(weights)} tensors, all finite"


def _tokenizer(claims: Claims, checkpoint: Checkpoint) -> tuple[bool | None, str]:
    kind, size = tokenizer_kind(checkpoint.tokenizer), len(checkpoint.tokenizer)
    found = f"{kind}, {size:,} pieces"
    if claims.tokenizer is None:
        return None, f"{found}; the spec claims nothing"
    said_kind, said_size = claims.tokenizer
    same = (said_kind, said_size) == (kind, size)
    return same, found if same else f"{found}; the spec says {said_kind}, {said_size:,}"


def _language(claims: Claims, checkpoint: Checkpoint, code: str, texts: Sequence[str]) -> tuple[bool | None, str]:
    """Unknown pieces of all, and pieces a word (fertility): held to a limit only where the spec claims the language."""
    encoded = checkpoint.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    pieces = sum(map(len, encoded))
    unknown = sum(ids.count(checkpoint.tokenizer.unk_token_id) for ids in encoded) / max(1, pieces)
    words = sum(len(text.split()) for text in texts)
    found = f"{unknown:.1%} of the pieces unknown, {pieces / words:.2f} pieces a word, {len(texts)} names"
    return (pieces > 0 and unknown <= _MOST_UNKNOWN) if code in claims.languages else None, found


def _task(kind: TypeName, labels: tuple[str, ...] = ()) -> ModelTask:
    return ModelTask(name=kind, type=kind, labels=labels, metric="accuracy", max_length=64)


_ROWS: tuple[tuple[ModelTask, Row], ...] = (
    (_task("sentence_pair", ("no", "yes")),
     SentencePair(id="1", unit="1", text_a="A cat sleeps.", text_b="An animal rests.", label="yes")),
    (_task("multiple_choice"),
     MultipleChoice(id="1", unit="1", prompt="A cat", choices=("sleeps.", "compiles."), label=0)),
    (_task("token_tagging", ("NOUN", "VERB")),
     TaggedSentence(id="1", unit="1", tokens=("Cats", "sleep"), tags=("NOUN", "VERB"))),
    (_task("span_qa"),
     SpanQuestion(id="1", unit="1", question="Who sleeps?", context="Cats sleep.",
                  answers=(Answer(text="Cats", start=0),))),
)  # fmt: skip


def _batch(checkpoint: Checkpoint, task: ModelTask, row: Row) -> tuple[Model, Batch]:
    report = Reporter(lambda _fraction, _note: None)
    inputs = encode_rows(
        task, [row], checkpoint.backbone, checkpoint.tokenizer, report, keep_features=False, where=task.name
    ).inputs
    backbone = checkpoint.backbone
    head = heads.build_head(
        inputs.kind, hidden_size=backbone.hidden_size, labels=len(task.labels), summary=backbone.summary
    )
    heads.initialise(head, 1)
    batch = collate(inputs, np.arange(len(inputs)), pad_id=checkpoint.pad_id, device=torch.device("cpu"))
    return Model(checkpoint.encoder, {"head": head}), batch


def _loss(model: Model, batch: Batch) -> torch.Tensor:
    assert batch.targets is not None
    return heads.loss_sum(batch.kind, model(batch, "head"), batch.targets)


def _head(checkpoint: Checkpoint, task: ModelTask, row: Row) -> tuple[bool, str]:
    model, batch = _batch(checkpoint, task, row)
    with torch.no_grad():
        loss = float(_loss(model.eval(), batch))
    return math.isfinite(loss), f"loss {loss:.3f} of an untrained head"


def _mlm_head(claims: Claims, checkpoint: Checkpoint, path: Path) -> tuple[bool | None, str]:
    head = load_mlm_head(path, checkpoint.config)
    if head is None:
        return (None if not claims.mlm_head else False), "none"
    tokenizer: PreTrainedTokenizerFast = checkpoint.tokenizer
    ids = tokenizer("A cat sleeps.", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        hidden = checkpoint.encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        embeddings: Any = checkpoint.encoder.get_input_embeddings()  # type: ignore[operator]
        logits = head.eval()(hidden, embeddings.weight)
    fits = bool(torch.isfinite(logits).all()) and logits.shape == (ids.shape[1], checkpoint.config.vocab_size)
    return fits, f"logits {tuple(logits.shape)}"


def _embeddings(checkpoint: Checkpoint, path: Path) -> tuple[bool, str]:
    """Two sentences, encoded and embedded as retrieval does."""
    embedder = SentenceEmbedder(path)
    task = _task("bitext_mining")
    rows = [
        BitextSentence(id=text, unit=text, side="english", text=text)
        for text in ("A cat sleeps.", "The parser reads a file.")
    ]
    allowed = limits(task, checkpoint.backbone, embedder.tokenizer)
    features = task_type(task.type).encode(rows, embedder.tokenizer, allowed, ()).features
    vectors = embedder.embed(features)[embedder.readings[-1]]
    distance = float(np.linalg.norm(vectors[0] - vectors[1]))
    return bool(np.isfinite(vectors).all()) and distance > 0, f"{vectors.shape[1]} numbers each, {distance:.3f} apart"


def _step(checkpoint: Checkpoint) -> tuple[bool, str]:
    """One step of gradient descent on one row lowers that row's loss."""
    model, batch = _batch(checkpoint, *_ROWS[0])
    assert batch.kind is HeadKind.SEQUENCE
    optimiser = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE / 10)
    loss = _loss(model.eval(), batch)
    loss.backward()  # type: ignore[no-untyped-call]
    before = loss.item()
    norm = float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0))
    optimiser.step()
    with torch.no_grad():
        after = float(_loss(model, batch))
    return math.isfinite(norm) and after < before, f"loss {before:.3f}, then {after:.3f}"


#: In the output folder; what was found so far is saved as it is found, so that a check that ends the process takes no
#: other's finding with it.
RESULTS = "checks.json"


def run(context: StageContext) -> None:
    """Examine the checkpoint, one check after the other.

    Raises:
        UserError: the checkpoint cannot be loaded.
    """
    params = CheckParams.read(context.params, "params")
    found = []
    saved = context.out / RESUME
    saved.mkdir(exist_ok=True)
    for result in examine(params.claims, params.samples, context.inputs["checkpoint"]):
        found.append(asdict(result))
        write_json(saved / RESULTS, found)
        context.progress(len(found) / expected(params.samples), result.check)
    write_json(context.out / RESULTS, found)
