"""Bitext mining (BUCC): pairs of translations between two comparable corpora, above a threshold tuned on a sample.

The steps are XTREME's and LASER's (see :mod:`harness.retrieval.bitext`). The only answers that are read are the
sample's gold pairs; they choose the reading and the thresholds and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from harness.retrieval.bitext import (
    MARGIN,
    NEIGHBOURS,
    RETRIEVAL,
    ScoredPairs,
    Threshold,
    Unified,
    mine_pairs,
    neighbours,
    tune,
    unify,
    with_ids,
)
from harness.retrieval.embed import Vectors
from harness.retrieval.knn import search_both
from harness.retrieval.readings import Reading
from harness.retrieval.sentences import Answers, Embeddings, Reports, SampleSet, read_sentences
from harness.training.runtime import Reporter
from tasks.errors import DataError
from tasks.rows import BitextSentence
from tasks.types.bitext_mining import Pair, gold_pairs
from tasks.types.sentences import english_rows, foreign_rows

_DIGITS = 6  # of what a curve shows
_EMBEDDED = 0.7  # of the time of one corpus pair; the rest are the searches


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One side of a corpus pair, embedded."""

    rows: Sequence[BitextSentence]
    unified: Unified
    vectors: Vectors


@dataclass(frozen=True, kw_only=True)
class _Corpora:
    """Two comparable corpora, embedded in every reading.

    Attributes:
        name: of both, for messages.
        reports: how the tokenizer fared.
        threads: of the search.
        device: of the search.
    """

    name: str
    foreign: _Side
    english: _Side
    reports: Reports
    threads: int
    device: torch.device

    def mine(self, reading: Reading) -> tuple[ScoredPairs, int]:
        """All candidate pairs between the two sides, and how many there were before repeated sentences got all ids."""
        ahead = self.foreign.vectors.unit(reading, f"foreign embeddings of {self.name}")
        back = self.english.vectors.unit(reading, f"English embeddings of {self.name}")
        forward, backward = search_both(ahead, back, *self._ks(), threads=self.threads, device=self.device)
        candidates = mine_pairs(forward, backward)
        return with_ids(candidates, self.foreign.unified, self.english.unified), len(candidates)

    def facts(self) -> dict[str, int]:
        """Sizes, for the record."""
        return {
            "foreign": len(self.foreign.rows),
            "foreign_unique": len(self.foreign.unified),
            "english": len(self.english.rows),
            "english_unique": len(self.english.unified),
        }

    def note(self) -> str | None:
        """What is to be said where there are fewer sentences than neighbours are asked for."""
        forward, backward = self._ks()
        if forward == backward == NEIGHBOURS:
            return None
        what = f"{forward} English and {backward} foreign neighbours"
        return f"{self.name}: {what}, as there are no more different sentences"

    def _ks(self) -> tuple[int, int]:
        return neighbours(len(self.english.unified)), neighbours(len(self.foreign.unified))


@dataclass(frozen=True, kw_only=True)
class _Tuned:
    """What a sample says: its facts, and for each reading the threshold."""

    facts: dict[str, int]
    note: str | None
    thresholds: dict[Reading, Threshold]


@dataclass(kw_only=True)
class BitextMiner:
    """Mines and writes the pairs of one language after the other.

    Attributes:
        inputs: the artifact with ``test-LANG.jsonl``, the sentences to mine, without answers.
        sample: what thresholds are tuned on.
        languages: by language the part of ``details.json`` about it.
    """

    embeddings: Embeddings
    inputs: Path
    sample: SampleSet
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)
    tuned: dict[str, _Tuned] = field(default_factory=dict)

    def measure(self, language: str, report: Reporter) -> dict[Reading, float]:
        """F1 of every reading on the sample of one language, each with its own best threshold.

        Raises:
            DataError: rows are missing, hold answers or lack one side; the sample's references are missing, are not
                those of its sentences, or hold no gold pair.
        """
        sample = self.sample.read(language)
        gold = _gold(sample.references, f"dev_labels/test-{language}.jsonl")
        corpora = self._embed(sample.rows, report.part(0.0, _EMBEDDED), f"{language}, sample")
        readings = self.embeddings.embedder.readings
        thresholds = {}
        for number, reading in enumerate(readings):
            report(_EMBEDDED + (1 - _EMBEDDED) * number / len(readings), f"{language}, sample: mining by {reading}")
            thresholds[reading] = tune(corpora.mine(reading)[0], gold)
        facts = {**corpora.facts(), "gold": len(gold)}
        self.tuned[language] = _Tuned(facts=facts, note=corpora.note(), thresholds=thresholds)
        return {reading: threshold.f1 for reading, threshold in thresholds.items()}

    def retrieve(
        self, language: str, chosen: Reading, fixed: Mapping[str, Reading], answers: Answers, report: Reporter
    ) -> Reports:
        """Write the pairs of one language that reach the threshold of their reading, best first.

        Raises:
            DataError: rows are missing, hold answers or lack one side.
        """
        tuned = self.tuned[language]
        rows = read_sentences(self.inputs / f"test-{language}.jsonl")
        corpora = self._embed(rows, report.part(0.0, _EMBEDDED), language)
        readings = {"": chosen, **fixed}
        mined = {}
        for number, reading in enumerate(dict.fromkeys(readings.values())):
            report(_EMBEDDED + (1 - _EMBEDDED) * number / len(readings), f"{language}: mining by {reading}")
            found, count = corpora.mine(reading)
            kept = found.at_least(tuned.thresholds[reading].value)
            facts = {"candidates": count, "candidate_pairs": len(found), "predicted": len(kept)}
            mined[reading] = kept, facts
        for variant, reading in readings.items():
            answers.write(language, rows, mined[reading][0], variant)
        test = {**corpora.facts(), **mined[chosen][1]}
        notes = [note for note in (tuned.note, corpora.note()) if note is not None]
        self.languages[language] = {
            **_facts(tuned.thresholds[chosen]),
            **_around(tuned.thresholds[chosen]),
            "variants": {variant: _facts(tuned.thresholds[reading]) for variant, reading in fixed.items()},
            "dev": tuned.facts,
            "test": test,
            **({"notes": notes} if notes else {}),
        }
        return corpora.reports

    def details(self) -> dict[str, Any]:
        """The settings of the search, and for each language its thresholds and what they were tuned on."""
        return {
            "k": NEIGHBOURS,
            "margin": MARGIN.value,
            "retrieval": RETRIEVAL.value,
            "languages": self.languages,
        }

    def _embed(self, rows: Sequence[BitextSentence], report: Reporter, what: str) -> _Corpora:
        """Both sides, their different sentences embedded once; the tokenizer reports on all."""
        sides = foreign_rows(rows), english_rows(rows)
        share = len(sides[0]) / len(rows)
        parts = report.part(0.0, share), report.part(share, 1.0)
        found = []
        reports = []
        for side, part, name in zip(sides, parts, ("foreign", "English"), strict=True):
            unified = unify(side)
            features, encoding = self.embeddings.encode(side)
            vectors = self.embeddings.embed([features[place] for place in unified.places], part, f"{what}: {name}")
            found.append(_Side(rows=side, unified=unified, vectors=vectors))
            reports.append(encoding)
        return _Corpora(
            name=what,
            foreign=found[0],
            english=found[1],
            reports=Reports(foreign=reports[0], english=reports[1]),
            threads=self.embeddings.threads,
            device=self.embeddings.embedder.device,
        )


def _gold(references: Sequence[BitextSentence], where: str) -> set[Pair]:
    try:
        return gold_pairs(references)
    except DataError as error:
        place = where if error.where is None else f"{where}, {error.where}"
        raise DataError(error.what, where=place, remedy=error.remedy) from None


def _facts(threshold: Threshold) -> dict[str, Any]:
    """A threshold, and the scores it has on the sample: an oracle's, for it was tuned on them."""
    scores = {"f1": threshold.f1, "precision": threshold.precision, "recall": threshold.recall}
    return {"threshold": threshold.value, "dev_oracle": scores}


def _around(threshold: Threshold) -> dict[str, Any]:
    """Precision and recall on the sample as the threshold moves, a list a quantity; nothing where there is no curve."""
    if not threshold.around:
        return {}
    curve = {"threshold": [cut.value for cut in threshold.around]} | {
        name: [round(getattr(cut, name), _DIGITS) for cut in threshold.around] for name in ("precision", "recall", "f1")
    }
    return {"around": curve}
