"""Labels that are none: copies of test files carry placeholders, against which nothing can be scored."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.errors import DataError
from tasks.rows import Row

#: From so many rows on, one and the same answer to all of them is taken for a placeholder.
FROM_ROWS = 50


def refuse_placeholders(rows: Sequence[Row], where: str) -> None:
    """Refuse rows whose answers are one and the same, or nothing, over :data:`FROM_ROWS` rows or more.

    Rows without any answer field filled in are no labelled rows, and pass. Retrieval has no labels of its own.

    Raises:
        DataError: naming the answer.
    """
    answers = {_answer(row) for row in rows} if len(rows) >= FROM_ROWS else set()
    if len(answers) == 1 and answers != {None}:
        raise DataError(
            f"all {len(rows)} rows have the one label {next(iter(answers))!r}, which is a placeholder",
            where=where,
            remedy="take the labels from the original release, or from the hub's copy",
        )


def _answer(row: Row) -> str | None:
    """The label of a row, as far as it could be a placeholder."""
    for name in ("label", "answers", "tags"):
        value = getattr(row, name, None)
        if value is None:
            continue
        if name == "answers":
            return " | ".join(sorted({answer.text for answer in value}))
        return one_tag(value) if name == "tags" else str(value)
    return None


def one_tag(tags: Sequence[str]) -> str:
    """The one tag of a sentence whose words all have it; of any other its tags, which no other sentence may share."""
    kinds = set(tags)
    return kinds.pop() if len(kinds) == 1 else " ".join(tags)


#: Metrics of tasks all of whose questions have an answer.
_ANSWERED = frozenset({"squad", "mlqa"})


def refuse_unanswered(rows: Sequence[Row], metric: str, where: str) -> None:
    """Refuse a question without an answer where its task has none such: gold that is no text is no gold.

    A table cannot say of a question that it has no answer on purpose; only the task can.

    Raises:
        DataError: naming the question.
    """
    if metric not in _ANSWERED:
        return
    row = next((row for row in rows if getattr(row, "answers", None) == ()), None)
    if row is not None:
        raise DataError(
            f"question {row.id!r} has no answer, and its task has no questions without",
            where=where,
            remedy="take files with answers, of the same version of the data set",
        )
