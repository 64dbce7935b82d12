"""Phase ``predict``: a fine-tuned checkpoint answers the test rows of every language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.context import StageContext
from harness.files import write_json
from harness.phases.finetune import HEAD
from harness.plan.params import PredictParams
from harness.specs.training import ModelTask
from harness.training.checkpoint import Checkpoint, head_facts, load_checkpoint, load_head
from harness.training.encoding import EncodedRows, decode_rows, encode_rows, head_kind, limits
from harness.training.inference import piece_budget, predict_logits
from harness.training.inputs import join
from harness.training.model import Model
from harness.training.runtime import Reporter, set_up
from tasks.errors import DataError
from tasks.rows import Row, read_rows
from tasks.types import task_type


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The rows of one language."""

    language: str
    rows: list[Row]
    encoded: EncodedRows


def run(context: StageContext) -> None:
    """Write predictions in XTREME's submission layout, and how the tokenizer fared in each language.

    The inputs of all languages pass through the model together, longest first, and equal ones once: what is the same in
    two languages is answered the same to the bit. How an input is padded hangs on what else is there, so logits of a
    language may differ by rounding where it is predicted beside other languages.

    Raises:
        UserError: the parameters name no language, or the checkpoint's head is missing or does not fit the task.
        DataError: a language's rows are missing or empty, or hold answers.
    """
    device = set_up(context)
    report = Reporter(context.progress)
    params = PredictParams.read(context.params, "params")
    task, languages = params.task, params.languages
    checkpoint = load_checkpoint(context.inputs["checkpoint"])
    head = load_head(
        context.inputs["checkpoint"], HEAD, backbone=checkpoint.backbone, kind=head_kind(task), labels=task.labels
    )
    model = Model(checkpoint.encoder, {HEAD: head}).to(device)
    asked = [
        _ask(context, task, language, checkpoint, report.part(0.2 * n / len(languages), 0.2 * (n + 1) / len(languages)))
        for n, language in enumerate(languages)
    ]
    budget = piece_budget(device)
    inputs = join([one.encoded.inputs for one in asked])
    logits = predict_logits(
        model,
        HEAD,
        inputs,
        pad_id=checkpoint.pad_id,
        device=device,
        precision=context.precision,
        report=report.part(0.2, 0.95),
        budget=budget,
    )
    allowed = limits(task, checkpoint.backbone, checkpoint.tokenizer)
    threshold = head_facts(context.inputs["checkpoint"], HEAD).no_answer_threshold
    if threshold is not None:
        allowed = replace(allowed, no_answer_threshold=threshold)
    kind = task_type(task.type)
    folder = context.out / "predictions" / task.name
    folder.mkdir(parents=True)
    start = 0
    for number, one in enumerate(asked):
        own = logits[start : start + len(one.encoded.inputs)]
        start += len(own)
        predictions = decode_rows(task, one.rows, one.encoded.features, own, allowed)
        kind.write_predictions(folder / f"test-{one.language}.{kind.suffix}", one.rows, predictions)
        report(0.95 + 0.05 * (number + 1) / len(asked), f"writing test-{one.language}.{kind.suffix}")
    write_json(context.out / "encoding.json", {one.language: one.encoded.report.with_rates() for one in asked})
    passed = len({id(one) for one in logits})  # equal inputs share one array
    facts: dict[str, float] = {"max_length": allowed.max_length, "inputs": len(inputs), "distinct_inputs": passed}
    if threshold is not None:
        facts["no_answer_threshold"] = threshold
    write_json(context.out / "details.json", {**facts, **budget.to_json()})


def read_inputs(folder: Path, language: str, task: ModelTask) -> list[Row]:
    """The test rows of a language, which hold no answers.

    Raises:
        DataError: the file is missing or empty, or a row holds an answer: no model may ever see one.
    """
    path = folder / f"test-{language}.jsonl"
    if not path.exists():
        raise DataError("the test rows are missing", where=path.name, remedy="prepare this language")
    rows: list[Row] = read_rows(path, task_type(task.type).row_class)
    if not rows:
        raise DataError("there are no test rows", where=path.name)
    for number, row in enumerate(rows, start=1):
        if any(getattr(row, name) is not None for name in row.answer_fields):
            raise DataError("a test row holds its answer", where=f"{path.name}, line {number}")
    return rows


def _ask(context: StageContext, task: ModelTask, language: str, checkpoint: Checkpoint, report: Reporter) -> _Asked:
    """Read and encode one language."""
    rows = read_inputs(context.inputs["inputs"], language, task)
    encoded = encode_rows(
        task,
        rows,
        checkpoint.backbone,
        checkpoint.tokenizer,
        report,
        keep_features=True,
        where=f"test-{language}.jsonl",
    )
    return _Asked(language=language, rows=rows, encoded=encoded)
