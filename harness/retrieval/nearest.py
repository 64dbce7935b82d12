"""Sentence retrieval (Tatoeba): for each English sentence the nearest foreign one by cosine.

That is the direction of XTREME and jiant, whose index holds the foreign side, and of equally near sentences the first
counts, as there. Two variants stand beside it: ``strict``, where a tie is no answer, and the other direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.retrieval.distinct import Distinct
from harness.retrieval.embed import Vectors
from harness.retrieval.exact import FloatMatrix
from harness.retrieval.knn import search, unit_rows
from harness.retrieval.readings import Reading
from harness.retrieval.sentences import Answers, Embeddings, Reports, SampleSet, read_sentences
from harness.training.runtime import Reporter
from tasks.rows import BitextSentence
from tasks.types import task_type
from tasks.types.base import Features
from tasks.types.sentence_retrieval import FOREIGN_TO_ENGLISH, NO_ANSWER
from tasks.types.sentences import english_rows, foreign_rows, turned

STRICT = "strict"
_Indices = npt.NDArray[np.int64]


@dataclass(kw_only=True)
class NearestRetriever:
    """Finds and writes the predictions of one language after the other.

    English sentences come again in other languages and are embedded once.

    Attributes:
        inputs: the artifact with ``test-LANG.jsonl``, without answers.
        sample: what readings are chosen on; None: nothing is chosen.
        metric: of the task.
    """

    embeddings: Embeddings
    inputs: Path
    sample: SampleSet | None
    metric: str
    english: dict[str, FloatMatrix] = field(default_factory=dict)  # by text, each (readings, hidden)

    def measure(self, language: str, report: Reporter) -> dict[Reading, float]:
        """The score of every reading on the sample of one language.

        Raises:
            DataError: its rows or references cannot be used.
        """
        assert self.sample is not None, language
        sample = self.sample.read(language)
        sides = english_rows(sample.rows), foreign_rows(sample.rows)
        features = self.embeddings.encode([*sides[0], *sides[1]])[0]
        vectors = self.embeddings.embed(features, report, f"{language}, sample")
        kind = task_type(self.embeddings.type)
        found = {}
        for reading in self.embeddings.embedder.readings:
            both = vectors.unit(reading, f"embeddings of {language}, sample")
            nearest = self._nearest(both[: len(sides[0])], both[len(sides[0]) :])
            score = kind.score(sample.references, nearest.tolist(), metric=self.metric, language=language)
            found[reading] = score.value
        return found

    def retrieve(
        self, language: str, chosen: Reading, fixed: Mapping[str, Reading], answers: Answers, report: Reporter
    ) -> Reports:
        """Write the predictions of one language by the chosen reading, and by fixed ones under their names.

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
        for variant, reading in {"": chosen, **fixed}.items():
            ahead = unit_rows(english[reading], name=f"English embeddings of {language}")
            back = unit_rows(foreign[reading], name=f"foreign embeddings of {language}")
            nearest = self._nearest(ahead, back)
            answers.write(language, rows, nearest.tolist(), variant)
            if not variant:
                strict = np.where(_shared(back)[nearest], NO_ANSWER, nearest)
                answers.write(language, rows, strict.tolist(), STRICT)
                answers.write(language, turned(rows), self._nearest(back, ahead).tolist(), FOREIGN_TO_ENGLISH)
        return Reports(foreign=corpus_report, english=query_report)

    def details(self) -> dict[str, Any]:
        """What is to be said of the search: nothing, it has no settings."""
        return {}

    def _nearest(self, queries: FloatMatrix, corpus: FloatMatrix) -> _Indices:
        """The nearest corpus row of each query, of equals the first."""
        return search(queries, corpus, 1, threads=self.embeddings.threads).ids[:, 0]

    def _embed_english(
        self, rows: Sequence[BitextSentence], features: Sequence[Features], report: Reporter, what: str
    ) -> Mapping[Reading, FloatMatrix]:
        readings = self.embeddings.embedder.readings
        new = {row.text: one for row, one in zip(rows, features, strict=True) if row.text not in self.english}
        vectors: Vectors = self.embeddings.embed(list(new.values()), report, what)
        if new:
            found = np.stack([vectors[reading] for reading in readings], axis=1)
            self.english.update(zip(new, found, strict=True))
        every = np.stack([self.english[row.text] for row in rows], axis=1)
        return dict(zip(readings, every, strict=True))


def _shared(corpus: FloatMatrix) -> npt.NDArray[np.bool_]:
    """Whether another row has the very same embedding, and so ties with it whatever is asked."""
    distinct = Distinct.of(corpus)
    shared: npt.NDArray[np.bool_] = (np.bincount(distinct.places) > 1)[distinct.places]
    return shared
