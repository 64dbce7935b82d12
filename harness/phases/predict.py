"""Phase ``predict``: a fine-tuned checkpoint answers the test rows of every language."""

from __future__ import annotations

from pathlib import Path

from harness.context import StageContext
from harness.phases.finetune import HEAD
from harness.training.backbone import write_json
from harness.training.checkpoint import Checkpoint, load_checkpoint, load_head
from harness.training.encoding import decode_rows, encode_rows, head_kind, limits
from harness.training.inference import piece_budget, predict_logits
from harness.training.memory import PieceBudget
from harness.training.model import Model
from harness.training.parameters import TaskParams
from harness.training.runtime import Reporter, set_up
from tasks.errors import DataError, UserError
from tasks.rows import Row, read_rows
from tasks.types import task_type
from tasks.types.base import EncodingReport


def run(context: StageContext) -> None:
    """Write predictions in XTREME's submission layout, and how the tokenizer fared in each language.

    Raises:
        UserError: the checkpoint's head is missing or does not fit the task.
        DataError: a language's rows are missing or empty, or hold answers.
    """
    device = set_up(context)
    task = TaskParams.from_params(context.params["task"])
    languages: list[str] = list(context.params["languages"])
    if not languages:
        raise UserError("no languages to predict", where="params.languages", remedy="name at least one")
    checkpoint = load_checkpoint(context.inputs["checkpoint"])
    head = load_head(
        context.inputs["checkpoint"], HEAD, backbone=checkpoint.backbone, kind=head_kind(task), labels=task.labels
    )
    model = Model(checkpoint.encoder, {HEAD: head}).to(device)
    folder = context.out / "predictions" / task.name
    folder.mkdir(parents=True)
    reports: dict[str, dict[str, int]] = {}
    budget = piece_budget(device)
    for position, language in enumerate(languages):
        rows = read_inputs(context.inputs["inputs"], language, task)
        part = Reporter(context.progress, position / len(languages), (position + 1) / len(languages))
        report = _predict(context, task, language, rows, checkpoint, model, folder, part, budget)
        reports[language] = report.to_json()
    write_json(context.out / "encoding.json", reports)
    longest = limits(task, checkpoint.backbone, checkpoint.tokenizer).max_length
    write_json(context.out / "details.json", {"max_length": longest, **budget.to_json()})


def read_inputs(folder: Path, language: str, task: TaskParams) -> list[Row]:
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


def _predict(
    context: StageContext,
    task: TaskParams,
    language: str,
    rows: list[Row],
    checkpoint: Checkpoint,
    model: Model,
    folder: Path,
    report: Reporter,
    budget: PieceBudget,
) -> EncodingReport:
    """Encode, answer and write one language."""
    encoded = encode_rows(
        task,
        rows,
        checkpoint.backbone,
        checkpoint.tokenizer,
        report.part(0.0, 0.1),
        keep_features=True,
        where=f"test-{language}.jsonl",
    )
    logits = predict_logits(
        model,
        HEAD,
        encoded.inputs,
        pad_id=checkpoint.pad_id,
        device=next(model.parameters()).device,
        precision=context.precision,
        report=report.part(0.1, 1.0),
        budget=budget,
    )
    allowed = limits(task, checkpoint.backbone, checkpoint.tokenizer)
    predictions = decode_rows(task, rows, encoded.features, logits, allowed)
    kind = task_type(task.type)
    kind.write_predictions(folder / f"test-{language}.{kind.suffix}", rows, predictions)
    return encoded.report
