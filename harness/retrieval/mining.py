"""Bitext mining (BUCC): pairs of translations between two corpora, above a threshold tuned on a sample set.

The steps are XTREME's and LASER's (see :mod:`harness.retrieval.bitext`). The only answers that are read are the sample
set's gold pairs; they choose the threshold and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.retrieval.bitext import (
    MARGIN,
    NEIGHBOURS,
    RETRIEVAL,
    ScoredPairs,
    Unified,
    mine_pairs,
    neighbours,
    tune,
    unify,
    with_ids,
)
from harness.retrieval.exact import FloatMatrix
from harness.retrieval.knn import search_both, unit_rows
from harness.retrieval.sentences import Embeddings, Reports, read_sentences
from harness.retrieval.threshold import Threshold
from harness.training.runtime import Reporter
from tasks.errors import DataError
from tasks.rows import BitextSentence, read_json_lines
from tasks.types import task_type
from tasks.types.base import EncodingReport
from tasks.types.bitext_mining import Pair, gold_pairs
from tasks.types.sentences import english_rows, foreign_rows

_EMBEDDED = 0.9  # of the time of one corpus pair; the rest is the search


@dataclass(frozen=True, kw_only=True)
class _Mined:
    """What was found between two corpora."""

    found: ScoredPairs
    reports: Reports
    facts: dict[str, int]
    note: str | None


@dataclass(kw_only=True)
class BitextMiner:
    """Mines and writes the pairs of one language after the other.

    Attributes:
        inputs: the artifact with ``test-LANG.jsonl``, the sentences to mine, without answers.
        dev: the same for the sample set.
        dev_labels: the references of the sample set, again ``test-LANG.jsonl``.
        languages: by language the part of ``details.json`` about it.
    """

    embeddings: Embeddings
    inputs: Path
    dev: Path
    dev_labels: Path
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def retrieve(self, language: str, folder: Path, report: Reporter) -> Reports:
        """Write the pairs of one language that reach its threshold, best first.

        Raises:
            DataError: rows are missing, hold answers or lack one side; the sample's references are missing, are not
                those of its sentences, or hold no gold pair.
        """
        name = f"test-{language}.jsonl"
        sample = read_sentences(self.dev / name, where=f"dev/{name}")
        gold = _read_gold(self.dev_labels / name, sample)
        rows = read_sentences(self.inputs / name)
        share = len(sample) / (len(sample) + len(rows))
        tuning = self._mine(sample, report.part(0.0, share), f"{language}, sample")
        threshold = tune(tuning.found, gold)
        mined = self._mine(rows, report.part(share, 1.0), language)
        pairs = mined.found.at_least(threshold.value)
        kind = task_type(self.embeddings.type)
        kind.write_predictions(folder / f"test-{language}.{kind.suffix}", rows, pairs)
        self.languages[language] = _facts(threshold, len(gold), tuning, mined, len(pairs))
        return mined.reports

    def details(self) -> dict[str, Any]:
        """The settings of the search, and for each language its threshold and what it was tuned on."""
        return {
            "k": NEIGHBOURS,
            "margin": MARGIN.value,
            "retrieval": RETRIEVAL.value,
            "languages": self.languages,
        }

    def _mine(self, rows: Sequence[BitextSentence], report: Reporter, what: str) -> _Mined:
        """All candidate pairs between the two sides."""
        sides = foreign_rows(rows), english_rows(rows)
        foreign, english = map(unify, sides)
        share = _EMBEDDED * len(foreign) / (len(foreign) + len(english))
        ahead, foreign_report = self._embed(sides[0], foreign, report.part(0.0, share), f"{what}: foreign")
        back, english_report = self._embed(sides[1], english, report.part(share, _EMBEDDED), f"{what}: English")
        ks = neighbours(len(english)), neighbours(len(foreign))
        report(_EMBEDDED, f"{what}: searching")
        forward, backward = search_both(ahead, back, *ks, threads=self.embeddings.threads)
        candidates = mine_pairs(forward, backward)
        found = with_ids(candidates, foreign, english)
        report(1.0, f"{what}: {len(found):,} candidate pairs")
        return _Mined(
            found=found,
            reports=Reports(foreign=foreign_report, english=english_report),
            facts={
                "foreign": len(sides[0]),
                "foreign_unique": len(foreign),
                "english": len(sides[1]),
                "english_unique": len(english),
                "candidates": len(candidates),
                "candidate_pairs": len(found),
            },
            note=_note(what, *ks),
        )

    def _embed(
        self, rows: Sequence[BitextSentence], unified: Unified, report: Reporter, what: str
    ) -> tuple[FloatMatrix, EncodingReport]:
        """Unit embeddings (different sentences, hidden), and the tokenizer's report on all sentences."""
        features, encoding = self.embeddings.encode(rows)
        wanted = [features[place] for place in unified.places]
        return unit_rows(self.embeddings.embed(wanted, report, what), name=f"embeddings of {what}"), encoding


def _read_gold(path: Path, sentences: Sequence[BitextSentence]) -> set[Pair]:
    """The gold pairs of the sample set.

    Raises:
        DataError: the file is missing, its rows are not those of ``sentences``, or it holds no pair.
    """
    where = f"dev_labels/{path.name}"
    if not path.is_file():
        raise DataError("the sample's references have no such file", where=where, remedy="prepare this language too")
    references = [BitextSentence.from_reference(record) for record in read_json_lines(path)]
    if [(row.id, row.side) for row in references] != [(row.id, row.side) for row in sentences]:
        raise DataError(
            "the references are not those of the sample's sentences",
            where=where,
            remedy="prepare both from the same split with the same limit",
        )
    try:
        return gold_pairs(references)
    except DataError as error:
        place = where if error.where is None else f"{where}, {error.where}"
        raise DataError(error.what, where=place, remedy=error.remedy) from None


def _note(what: str, forward: int, backward: int) -> str | None:
    if forward == backward == NEIGHBOURS:
        return None
    return f"{what}: {forward} English and {backward} foreign neighbours, as there are no more different sentences"


def _facts(threshold: Threshold, gold: int, tuning: _Mined, mined: _Mined, predicted: int) -> dict[str, Any]:
    """One language's part of ``details.json``. The scores on the sample set are an oracle's: it was tuned on them."""
    scores = {"f1": threshold.f1, "precision": threshold.precision, "recall": threshold.recall}
    facts: dict[str, Any] = {
        "threshold": threshold.value,
        "dev_oracle": scores,
        "dev": {**tuning.facts, "gold": gold},
        "test": {**mined.facts, "predicted": predicted},
    }
    notes = [note for note in (tuning.note, mined.note) if note is not None]
    return {**facts, "notes": notes} if notes else facts
