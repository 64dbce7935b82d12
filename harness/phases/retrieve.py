"""Phase ``retrieve``: sentence retrieval with no training, by nearest neighbours among a checkpoint's embeddings.

For each English sentence the nearest foreign one by cosine is the prediction: the direction of XTREME and jiant, whose
index holds the foreign side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from harness.context import StageContext
from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.knn import FloatMatrix, search, unit_rows
from harness.retrieval.layers import choose_layer
from harness.training.backbone import Backbone, read_json, write_json
from harness.training.encoding import limits
from harness.training.parameters import TaskParams
from harness.training.runtime import Reporter, set_up
from tasks.errors import DataError, UserError
from tasks.rows import BitextSentence, read_rows
from tasks.types import task_type
from tasks.types.base import EncodingReport, Features, Limits
from tasks.types.sentence_retrieval import english_rows, foreign_rows

TASK_TYPE = "sentence_retrieval"


def run(context: StageContext) -> None:
    """Write XTREME's prediction files, ``encoding.json``, ``encoding-english.json`` and ``details.json``.

    ``encoding.json`` reports on the foreign side of each language, ``encoding-english.json`` on its English side.

    Raises:
        UserError: the task is not sentence retrieval, names no language, or the backbone has no such layer.
        DataError: the rows of a language are missing, hold answers or lack one side, or the checkpoint is not whole.
    """
    device = set_up(context)
    task = TaskParams.from_params(context.params["task"])
    if task.type != TASK_TYPE:
        raise UserError(f"the task {task.name} is of type {task.type}, not {TASK_TYPE}", where="params.task.type")
    languages: list[str] = list(context.params["languages"])
    if not languages:
        raise UserError("there is no language to retrieve in", where="params.languages")
    report = Reporter(context.progress)
    report(0.0, "loading the checkpoint")
    checkpoint = context.inputs["checkpoint"]
    choice = choose_layer(Backbone.from_json(read_json(checkpoint / "backbone.json")))
    embedder = SentenceEmbedder(checkpoint, layers=(choice.layer,), device=device, precision=context.precision)
    allowed = limits(task, embedder.backbone, embedder.tokenizer)
    retriever = _Retriever(embedder=embedder, layer=choice.layer, limits=allowed, threads=context.threads)
    folder = context.out / "predictions" / task.name
    folder.mkdir(parents=True)
    foreign: dict[str, EncodingReport] = {}
    english: dict[str, EncodingReport] = {}
    for place, language in enumerate(languages):
        part = report.part(place / len(languages), (place + 1) / len(languages))
        rows = _read(context.inputs["inputs"] / f"test-{language}.jsonl")
        foreign[language], english[language] = retriever.retrieve(language, rows, folder, part)
    _write_reports(context.out / "encoding.json", foreign)
    _write_reports(context.out / "encoding-english.json", english)
    details = {
        "layer": choice.layer,
        "layers": choice.layers,
        "pooling": embedder.backbone.pooling,
        "rule": choice.rule,
    }
    write_json(context.out / "details.json", details)
    context.progress(1.0, f"retrieved in {len(languages)} languages")


def _read(path: Path) -> list[BitextSentence]:
    """The sentences of one language, both sides.

    Raises:
        DataError: the file is missing, a row holds its answer (no model may ever see one), or one side is empty.
    """
    if not path.is_file():
        raise DataError("the inputs have no such file", where=path.name, remedy="prepare this language too")
    rows = read_rows(path, BitextSentence)
    for number, row in enumerate(rows, start=1):
        if row.partners is not None:
            raise DataError("a test row holds its answer", where=f"{path.name}, line {number}")
    for side, found in (("English", english_rows(rows)), ("foreign", foreign_rows(rows))):
        if not found:
            raise DataError(f"there are no {side} sentences", where=path.name, remedy="prepare both sides")
    return rows


@dataclass(kw_only=True)
class _Retriever:
    """One embedder for all languages. English sentences come again in other languages and are embedded once."""

    embedder: SentenceEmbedder
    layer: int
    limits: Limits
    threads: int
    english: dict[str, FloatMatrix] = field(default_factory=dict)  # by text, each (hidden,)

    def retrieve(
        self, language: str, rows: Sequence[BitextSentence], folder: Path, report: Reporter
    ) -> tuple[EncodingReport, EncodingReport]:
        """Write the predictions of one language; the encoding reports of its foreign and of its English side."""
        queries, corpus = english_rows(rows), foreign_rows(rows)
        query_features, query_report = self._encode(queries)
        corpus_features, corpus_report = self._encode(corpus)
        share = len(queries) / len(rows)
        english = self._embed_english(queries, query_features, report.part(0.0, share), f"{language}: English")
        foreign = self._embed(corpus_features, report.part(share, 1.0), f"{language}: foreign")
        nearest = search(
            unit_rows(english, name=f"English embeddings of {language}"),
            unit_rows(foreign, name=f"foreign embeddings of {language}"),
            1,
            threads=self.threads,
        )
        retrieval = task_type(TASK_TYPE)
        retrieval.write_predictions(
            folder / f"test-{language}.{retrieval.suffix}", rows, [int(found) for found in nearest.ids[:, 0]]
        )
        return corpus_report, query_report

    def _encode(self, rows: Sequence[BitextSentence]) -> tuple[list[Features], EncodingReport]:
        encoded = task_type(TASK_TYPE).encode(rows, self.embedder.tokenizer, self.limits, ())
        return encoded.features, encoded.report

    def _embed_english(
        self, rows: Sequence[BitextSentence], features: Sequence[Features], report: Reporter, what: str
    ) -> FloatMatrix:
        new = {row.text: one for row, one in zip(rows, features, strict=True) if row.text not in self.english}
        vectors = self._embed(list(new.values()), report, what)
        self.english.update(zip(new, vectors, strict=True))
        return cast("FloatMatrix", np.stack([self.english[row.text] for row in rows]))

    def _embed(self, features: Sequence[Features], report: Reporter, what: str) -> FloatMatrix:
        def embedded(done: int, total: int) -> None:
            report(done / total, f"{what}, {done:,} of {total:,} sentences")

        return self.embedder.embed(features, embedded)[self.layer]


def _write_reports(path: Path, reports: dict[str, EncodingReport]) -> None:
    write_json(path, {language: report.to_json() for language, report in reports.items()})
