"""SQuAD's JSON, in which SQuAD v1.1 and v2.0, XQuAD, MLQA and TyDiQA-GoldP are published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.readers.base import ReadResult, fail, mended, read_json, refuse_repeated_ids, with_unique_ids
from tasks.rows import Answer, SpanQuestion

_BLANKED = "XTREME's scripts blank the answers of test files; take them from the original release"


@dataclass(frozen=True, kw_only=True)
class SquadReader:
    """Reads SQuAD JSON. The unit is the paragraph: its article's number and its own, equal in parallel files.

    An answer that does not stand at its offset is moved to the nearest place where it does stand; one that stands
    nowhere is dropped, and with its last answer the question. All of it is counted.

    Attributes:
        repeated_ids: whether the source is known to repeat ids (TyDiQA in XTREME's form); they are made unique then.
    """

    repeated_ids: bool = False

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del language, labels
        rows: list[SpanQuestion] = []
        counts: Counter[str] = Counter()
        articles = 0
        for path in paths:
            data = _data(path)
            for row in _questions(data, path, articles):
                anchored = _anchored(row, counts)
                if anchored is not None:
                    rows.append(anchored)
            articles += len(data)
        if not rows:
            fail("no question in the file", paths[0])
        if self.repeated_ids:
            rows, counts["ids_made_unique"] = with_unique_ids(rows)
        refuse_repeated_ids(rows, paths)
        return ReadResult(rows=list(rows), mended=mended(**counts))


def _data(path: Path) -> list[Any]:
    value = read_json(path)
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        fail("not in SQuAD's layout: no 'data' list", path)
    articles: list[Any] = value["data"]
    return articles


def _questions(data: list[Any], path: Path, first: int) -> Iterator[SpanQuestion]:
    for article_index, article in enumerate(data, start=first):
        for paragraph_index, paragraph in enumerate(_get(article, "paragraphs", path)):
            context = _get(paragraph, "context", path)
            for question in _get(paragraph, "qas", path):
                name = str(_get(question, "id", path))
                yield SpanQuestion(
                    id=name,
                    unit=f"{article_index}-{paragraph_index}",
                    context=context,
                    question=_get(question, "question", path),
                    answers=_answers(question, name, path),
                )


def _get(record: Any, name: str, path: Path) -> Any:
    if not isinstance(record, dict) or name not in record:
        beside = f" (beside id {record['id']!r})" if isinstance(record, dict) and "id" in record else ""
        fail(f"not in SQuAD's layout: {name!r} is missing{beside}", path)
    return record[name]


def _answers(question: dict[str, Any], name: str, path: Path) -> tuple[Answer, ...] | None:
    if question.get("is_impossible"):
        return ()
    if "answers" not in question:
        return None
    answers = []
    for answer in question["answers"]:
        text, start = _get(answer, "text", path), _get(answer, "answer_start", path)
        if not isinstance(text, str) or not isinstance(start, int):
            fail(f"question {name!r}: an answer is a text and a whole number, not {text!r} and {start!r}", path)
        if not text:
            fail(f"question {name!r} has an empty answer", path, remedy=_BLANKED)
        answers.append(Answer(text=text, start=start))
    return tuple(answers)


def _anchored(row: SpanQuestion, counts: Counter[str]) -> SpanQuestion | None:
    """The row with its answers where they stand; None where it had answers and none of them stands anywhere."""
    if not row.answers:
        return row
    kept = []
    for answer in row.answers:
        start = anchor(row.context, answer)
        if start is None:
            counts["answers_dropped"] += 1
            continue
        counts["answers_moved"] += start != answer.start
        kept.append(Answer(text=answer.text, start=start))
    if not kept:
        counts["rows_dropped"] += 1
        return None
    return replace(row, answers=tuple(kept))


def anchor(context: str, answer: Answer) -> int | None:
    """Where the answer's text stands in the context, as near to its offset as can be (of two as near, the earlier)."""
    if context.startswith(answer.text, max(0, answer.start)):
        return max(0, answer.start)
    after = context.find(answer.text, max(0, answer.start))
    before = context.rfind(answer.text, 0, max(0, answer.start) + len(answer.text))
    found = [start for start in (before, after) if start >= 0]
    return min(found, key=lambda start: abs(start - answer.start), default=None)
