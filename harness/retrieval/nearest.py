"""Sentence retrieval (Tatoeba): for each English sentence the nearest foreign one by cosine.

That is the direction of XTREME and jiant, whose index holds the foreign side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from harness.retrieval.exact import FloatMatrix
from harness.retrieval.knn import search, unit_rows
from harness.retrieval.sentences import Embeddings, Reports, read_sentences
from harness.training.runtime import Reporter
from tasks.rows import BitextSentence
from tasks.types import task_type
from tasks.types.base import Features
from tasks.types.sentences import english_rows, foreign_rows


@dataclass(kw_only=True)
class NearestRetriever:
    """Finds and writes the predictions of one language after the other.

    English sentences come again in other languages and are embedded once.

    Attributes:
        inputs: the artifact with ``test-LANG.jsonl``, without answers.
    """

    embeddings: Embeddings
    inputs: Path
    english: dict[str, FloatMatrix] = field(default_factory=dict)  # by text, each (hidden,)

    def retrieve(self, language: str, folder: Path, report: Reporter) -> Reports:
        """Write the predictions of one language.

        Raises:
            DataError: its rows are missing, hold answers or lack one side.
        """
        rows = read_sentences(self.inputs / f"test-{language}.jsonl")
        queries, corpus = english_rows(rows), foreign_rows(rows)
        query_features, query_report = self.embeddings.encode(queries)
        corpus_features, corpus_report = self.embeddings.encode(corpus)
        share = len(queries) / len(rows)
        english = self._embed_english(queries, query_features, report.part(0.0, share), f"{language}: English")
        foreign = self.embeddings.embed(corpus_features, report.part(share, 1.0), f"{language}: foreign")
        nearest = search(
            unit_rows(english, name=f"English embeddings of {language}"),
            unit_rows(foreign, name=f"foreign embeddings of {language}"),
            1,
            threads=self.embeddings.threads,
        )
        kind = task_type(self.embeddings.type)
        kind.write_predictions(
            folder / f"test-{language}.{kind.suffix}", rows, [int(found) for found in nearest.ids[:, 0]]
        )
        return Reports(foreign=corpus_report, english=query_report)

    def details(self) -> dict[str, Any]:
        """What is to be said of the search: nothing, it has no settings."""
        return {}

    def _embed_english(
        self, rows: Sequence[BitextSentence], features: Sequence[Features], report: Reporter, what: str
    ) -> FloatMatrix:
        new = {row.text: one for row, one in zip(rows, features, strict=True) if row.text not in self.english}
        vectors = self.embeddings.embed(list(new.values()), report, what)
        self.english.update(zip(new, vectors, strict=True))
        return cast("FloatMatrix", np.stack([self.english[row.text] for row in rows]))
