"""Bitext mining: find the pairs of translations between two comparable corpora, most of whose sentences have none.

The search itself belongs to the harness; here are the inputs, the mined pairs and their score (BUCC 2018). A prediction
is one mined pair, ``(foreign id, english id)``; there are as many as were mined, be it none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from tasks.errors import DataError
from tasks.metrics import pair_overlap
from tasks.rows import BitextSentence
from tasks.types.base import Score
from tasks.types.files import read_lines, write_lines
from tasks.types.scoring import UnitCounts, require_metric
from tasks.types.sentences import SentenceType, english_rows, foreign_rows

METRICS = ("f1",)

#: The id of a foreign sentence and that of its translation.
Pair = tuple[str, str]


def gold_pairs(references: Sequence[BitextSentence]) -> set[Pair]:
    """Every pair of translations among the references.

    Raises:
        DataError: a sentence lacks its answer, two sentences do not name each other, or there is no pair at all (F1 is
            not defined then).
    """
    unknown = next((row for row in references if row.partners is None), None)
    if unknown is not None:
        raise DataError("the partners of this sentence are not known", where=f"row {unknown.id}")
    by_foreign = {(row.id, partner) for row in foreign_rows(references) for partner in row.partners or ()}
    by_english = {(partner, row.id) for row in english_rows(references) for partner in row.partners or ()}
    for foreign, english in sorted(by_foreign ^ by_english):
        named, silent = (foreign, english) if (foreign, english) in by_foreign else (english, foreign)
        raise DataError(
            f"its partner {silent!r} is not there, or does not name it",
            where=f"row {named}",
            remedy="keep both sentences of a pair, and name each in the other",
        )
    if not by_foreign:
        raise DataError(
            f"none of the {len(references)} sentences has a translation", remedy="keep some pairs of translations"
        )
    return by_foreign


class BitextMiningType(SentenceType):
    """Sentences in, pairs of a foreign and an English one out."""

    name = "bitext_mining"

    def baseline(
        self,
        train_rows: Sequence[BitextSentence],  # noqa: ARG002 (all types alike)
        test_rows: Sequence[BitextSentence],  # noqa: ARG002 (all types alike)
        labels: Sequence[str],  # noqa: ARG002 (all types alike)
        *,
        metric: str,
    ) -> list[Pair]:
        """No pair at all."""
        require_metric(metric, METRICS)
        return []

    def write_predictions(self, path: Path, rows: Sequence[BitextSentence], predictions: Sequence[Pair]) -> None:
        """One pair a line, foreign id, tab, English id, in the order given (XTREME's is: best score first).

        Raises:
            DataError: there are no rows, or an id is not one of theirs.
        """
        _require_known(rows, predictions)
        write_lines(path, map("\t".join, predictions))

    def read_predictions(self, path: Path, references: Sequence[BitextSentence]) -> list[Pair]:
        """The pairs in their order. A pair that comes again counts once, as in XTREME; an empty file holds no pair.

        Raises:
            DataError: a line is not a pair, or one of its ids is not in the corpus of its side; file and line are
                named.
        """
        foreign, english = _ids(references)
        pairs: dict[Pair, None] = {}
        for number, line in enumerate(read_lines(path), start=1):
            where = f"{path}, line {number}"
            ids = line.split("\t")
            if len(ids) != 2:  # noqa: PLR2004
                raise DataError(f"{line!r} is not a pair", where=where, remedy="write foreign id, tab, English id")
            pair = (ids[0], ids[1])
            _require_sides(pair, foreign, english, where=where)
            pairs[pair] = None
        return list(pairs)

    def score(
        self,
        references: Sequence[BitextSentence],
        predictions: Sequence[Pair],
        *,
        metric: str,
        language: str,  # noqa: ARG002 (the contract's)
    ) -> Score:
        """F1 between the sets of mined and of gold pairs (``bucc_f1`` of XTREME's evaluate.py), as fractions of one.

        The resampling unit is the foreign sentence's; ``rows`` counts the foreign sentences.

        Raises:
            DataError: there are no references, no gold pairs, or a predicted id is not among the references.
        """
        require_metric(metric, METRICS)
        _require_known(references, predictions)
        gold, mined = gold_pairs(references), set(predictions)
        counts = [Counter(foreign for foreign, _ in pairs) for pairs in (gold & mined, mined, gold)]
        units = UnitCounts()
        sources = foreign_rows(references)
        for row in sources:
            units.add(row.unit, *(count[row.id] for count in counts))
        total = pair_overlap(mined, gold)
        return Score(
            value=total.f1,
            metrics={"f1": total.f1, "precision": total.precision, "recall": total.recall},
            rows=len(sources),
            unit_columns=("tp", "predicted", "gold"),
            units=units.as_dict(),
        )


def _ids(rows: Sequence[BitextSentence]) -> tuple[set[str], set[str]]:
    """The ids of the foreign and of the English sentences."""
    return {row.id for row in foreign_rows(rows)}, {row.id for row in english_rows(rows)}


def _require_known(rows: Sequence[BitextSentence], predictions: Sequence[Pair]) -> None:
    if not rows:
        raise DataError("there are no references to score against")
    foreign, english = _ids(rows)
    for pair in predictions:
        _require_sides(pair, foreign, english)


def _require_sides(pair: Pair, foreign: Collection[str], english: Collection[str], *, where: str | None = None) -> None:
    """Refuse a pair whose ids do not stand in the corpora of their sides."""
    for name, side, known, other in ((pair[0], "foreign", foreign, english), (pair[1], "English", english, foreign)):
        if name not in known:
            remedy = "the foreign id comes first" if name in other else None
            raise DataError(f"there is no {side} sentence {name!r}", where=where, remedy=remedy)
