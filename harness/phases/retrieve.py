"""Phase ``retrieve``: retrieval with no training, by nearest neighbours among a checkpoint's embeddings.

Two task types are answered so: ``sentence_retrieval`` (:mod:`harness.retrieval.nearest`) and ``bitext_mining``
(:mod:`harness.retrieval.mining`), which also needs the sentences and references of a sample set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from harness.context import StageContext
from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.layers import choose_layer
from harness.retrieval.mining import BitextMiner
from harness.retrieval.nearest import NearestRetriever
from harness.retrieval.sentences import Embeddings, Reports
from harness.training.backbone import Backbone, read_json, write_json
from harness.training.encoding import limits
from harness.training.parameters import TaskParams
from harness.training.runtime import Reporter, set_up
from tasks.errors import UserError
from tasks.types.base import EncodingReport

NEAREST, MINING = "sentence_retrieval", "bitext_mining"


class Retriever(Protocol):
    """Answers one language after the other."""

    def retrieve(self, language: str, folder: Path, report: Reporter) -> Reports:
        """Write the predictions of a language to ``folder``."""
        ...

    def details(self) -> dict[str, Any]:
        """What ``details.json`` is to hold beside layer and pooling."""
        ...


def run(context: StageContext) -> None:
    """Write XTREME's prediction files, ``encoding.json``, ``encoding-english.json`` and ``details.json``.

    ``encoding.json`` reports on the foreign side of each language, ``encoding-english.json`` on its English side.

    Raises:
        UserError: the task is of another type, names no language, is bitext mining without a sample set, or the
            backbone has no such layer.
        DataError: the rows of a language are missing, hold answers or lack one side, or the checkpoint is not whole.
    """
    device = set_up(context)
    task = TaskParams.from_params(context.params["task"])
    if task.type not in (NEAREST, MINING):
        raise UserError(
            f"the task {task.name} is of type {task.type}, not {NEAREST} or {MINING}", where="params.task.type"
        )
    languages: list[str] = list(context.params["languages"])
    if not languages:
        raise UserError("there is no language to retrieve in", where="params.languages")
    if task.type == MINING and not {"dev", "dev_labels"} <= context.inputs.keys():
        raise UserError(
            "there is no sample set to tune the threshold on",
            where=f"task {task.name}",
            remedy="give BUCC's sample set (XTREME's dev files) as the task's validation split",
        )
    report = Reporter(context.progress)
    report(0.0, "loading the checkpoint")
    checkpoint = context.inputs["checkpoint"]
    choice = choose_layer(Backbone.from_json(read_json(checkpoint / "backbone.json")))
    embedder = SentenceEmbedder(checkpoint, layers=(choice.layer,), device=device, precision=context.precision)
    embeddings = Embeddings(
        type=task.type,
        embedder=embedder,
        limits=limits(task, embedder.backbone, embedder.tokenizer),
        threads=context.threads,
    )
    retriever = _retriever(context, embeddings)
    folder = context.out / "predictions" / task.name
    folder.mkdir(parents=True)
    reports: dict[str, Reports] = {}
    for place, language in enumerate(languages):
        part = report.part(place / len(languages), (place + 1) / len(languages))
        reports[language] = retriever.retrieve(language, folder, part)
    _write_reports(context.out / "encoding.json", {language: both.foreign for language, both in reports.items()})
    _write_reports(
        context.out / "encoding-english.json", {language: both.english for language, both in reports.items()}
    )
    details = {
        "layer": choice.layer,
        "layers": choice.layers,
        "pooling": embedder.backbone.pooling,
        "rule": choice.rule,
        **retriever.details(),
    }
    write_json(context.out / "details.json", details)
    context.progress(1.0, f"retrieved in {len(languages)} languages")


def _retriever(context: StageContext, embeddings: Embeddings) -> Retriever:
    inputs = context.inputs["inputs"]
    if embeddings.type == NEAREST:
        return NearestRetriever(embeddings=embeddings, inputs=inputs)
    return BitextMiner(
        embeddings=embeddings, inputs=inputs, dev=context.inputs["dev"], dev_labels=context.inputs["dev_labels"]
    )


def _write_reports(path: Path, reports: dict[str, EncodingReport]) -> None:
    write_json(path, {language: report.to_json() for language, report in reports.items()})
