"""How many rows a split will have before anybody has read it: as published, as generated, or as the suite caps them."""

from __future__ import annotations

from harness.plan.sources import SplitUse
from harness.specs.task import TypeName

#: Of a split of which nobody says how many rows it has.
_UNKNOWN_ROWS = 5000
#: Of retrieval, pairs are published. In BUCC's corpora (its training set has 1.4 million English sentences to 35,000
#: pairs, and as many foreign ones) most sentences stand in none.
_ROWS_A_PAIR: dict[TypeName, int] = {"sentence_retrieval": 2, "bitext_mining": 80}


def expected_rows(use: SplitUse | None, type_name: TypeName, limit: int | None) -> int:
    """Rows of a split in all its languages together; what the suite caps, it caps in each of them.

    A split of which samples are there counts as whole: the number is an upper bound then.
    """
    if use is None:
        return 0
    if use.parts:
        rows = sum(expected_rows(part, type_name, None) for part in use.parts)
        return rows if limit is None else min(rows, limit)
    return sum(_in_language(use, type_name, language, limit) for language in use.languages)


def _in_language(use: SplitUse, type_name: TypeName, language: str, limit: int | None) -> int:
    if use.spec.generator:
        rows = use.spec.rows
    else:
        published = use.spec.published_rows.get(language)
        rows = None if published is None else published * _ROWS_A_PAIR.get(type_name, 1)
    if rows is None:
        return limit or _UNKNOWN_ROWS
    if use.spec.part is not None:
        share = use.spec.part.share
        rows = round(rows * (share if use.spec.part.take == "first" else 1 - share))
    return rows if limit is None else min(rows, limit)
