"""SQuAD's JSON, in which SQuAD v1.1 and v2.0, XQuAD, MLQA and TyDiQA-GoldP are published, and the hub's tables of them.

Both forms end in the same rows: contexts, questions and answers lose the white space around them (some of the hub's
tables have lost it, and kept the offsets), and the unit is the number of the paragraph, counted by its first question,
since the tables keep no paragraph that has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.readers.base import STRIPPED, ReadResult, fail, mended, read_json, refuse_repeated_ids, with_unique_ids
from tasks.readers.records import parquet
from tasks.rows import Answer, SpanQuestion

_BLANKED = f"{STRIPPED}blank the answers of test files; take them from the original release"
_ELSEWHERE = "the file and its contexts must be of one release"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question as it is published; ``where`` names it in errors.

    ``answers`` are texts with their offsets: none of a question that has none, None where there should be some.
    """

    where: str
    id: str
    context: str
    question: str
    answers: list[tuple[str, int]] | None


Questions = Callable[[Path], Iterator[Question]]


def json_questions(path: Path) -> Iterator[Question]:
    """The questions of a file in SQuAD's layout, in its order.

    Raises:
        DataError: it is not in that layout.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        fail("not in SQuAD's layout: no 'data' list", path)
    for article in value["data"]:
        for paragraph in _get(article, "paragraphs", path, list):
            context = _get(paragraph, "context", path, str)
            for question in _get(paragraph, "qas", path, list):
                name = str(_get(question, "id", path, str | int))
                yield Question(
                    where=f"{path}, question {name!r}",
                    id=name,
                    context=context,
                    question=_get(question, "question", path, str),
                    answers=_answers(question, name, path),
                )


def table_questions(path: Path) -> Iterator[Question]:
    """The questions of a table of the hub; no answers in it means that the context does not answer the question."""
    for record in parquet(path):
        answers = record.get("answers")
        if not isinstance(answers, dict) or not _aligned(answers.get("text"), answers.get("answer_start")):
            record.fail("'answers' are no texts, with as many whole numbers where they start")
        yield Question(
            where=f"{path}, row {record.number}",
            id=record.text("id"),
            context=record.verbatim("context"),
            question=record.text("question"),
            answers=list(zip(answers["text"], answers["answer_start"], strict=True)),
        )


def _aligned(texts: object, starts: object) -> bool:
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        return False
    return all(isinstance(text, str) for text in texts) and all(_is_whole(start) for start in starts)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class SquadReader:
    """Reads questions of one format.

    An answer that does not stand at its offset is moved to the nearest place where it does stand, and counted.

    Attributes:
        questions: how the questions are got.
        lost_answers: whether answers that stand nowhere are known of the source; then they are dropped, with its last
            answer the question, and all of it is counted. Otherwise they are refused.
        repeated_ids: whether the source is known to repeat ids; they are made unique then.
        prefixes: prefix of question ids by language, if files hold several languages.
        short_ids: whether only the last part of an id is kept, as XTREME's scripts leave TyDiQA's training rows.
    """

    questions: Questions = json_questions
    lost_answers: bool = False
    repeated_ids: bool = False
    prefixes: dict[str, str] | None = None
    short_ids: bool = False

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del labels
        rows: list[SpanQuestion] = []
        counts: Counter[str] = Counter()
        units: dict[str, int] = {}
        for path in paths:
            for found in self.questions(path):
                if self._foreign(found.id, language):
                    continue
                context = found.context.strip()
                unit = units.setdefault(context, len(units))
                answers = self._anchored(found, context, counts)
                if answers is None:
                    counts["rows_dropped"] += 1
                    continue
                name = found.id.rpartition("-")[2] if self.short_ids else found.id
                question = found.question.strip()
                rows.append(SpanQuestion(id=name, unit=str(unit), context=context, question=question, answers=answers))
        if not rows:
            raise DataError(f"no question in language {language!r} in the file", where=", ".join(map(str, paths)))
        if self.repeated_ids:
            rows, counts["ids_made_unique"] = with_unique_ids(rows)
        refuse_repeated_ids(rows, paths)
        return ReadResult(rows=list(rows), mended=mended(**counts))

    def _foreign(self, name: str, language: str) -> bool:
        """Whether the id says that the question is in another language than is wanted."""
        if self.prefixes is None:
            return False
        prefix = name.partition("-")[0]
        return prefix in self.prefixes.values() and prefix != self.prefixes.get(language)

    def _anchored(self, found: Question, context: str, counts: Counter[str]) -> tuple[Answer, ...] | None:
        """The answers where they stand; None where there should be some and none stands anywhere."""
        if found.answers is None and not self.lost_answers:
            raise DataError("no answer, and not marked 'is_impossible'", where=found.where, remedy=_BLANKED)
        if not found.answers:
            return None if found.answers is None else ()
        shift = len(found.context) - len(found.context.lstrip())
        kept = []
        for text, start in found.answers:
            answer = Answer(text=text.strip(), start=start + len(text) - len(text.lstrip()) - shift)
            if not answer.text:
                raise DataError("an empty answer", where=found.where, remedy=_BLANKED)
            place = anchor(context, answer)
            if place is None:
                if not self.lost_answers:
                    what = f"the answer {answer.text!r:.60} does not stand in its context"
                    raise DataError(what, where=found.where, remedy=_ELSEWHERE)
                counts["answers_dropped"] += 1
                continue
            counts["answers_moved"] += place != answer.start
            kept.append(Answer(text=answer.text, start=place))
        return tuple(kept) or None


def _get(record: Any, name: str, path: Path, kind: Any = object) -> Any:
    beside = f" (beside id {record['id']!r:.60})" if isinstance(record, dict) and "id" in record else ""
    if not isinstance(record, dict) or name not in record:
        fail(f"not in SQuAD's layout: {name!r} is missing{beside}", path)
    if not isinstance(record[name], kind) or isinstance(record[name], bool):
        fail(f"not in SQuAD's layout: {name!r} is of another kind, {record[name]!r:.40}{beside}", path)
    return record[name]


def _answers(question: dict[str, Any], name: str, path: Path) -> list[tuple[str, int]] | None:
    if question.get("is_impossible"):
        return []
    answers = []
    for answer in _get(question, "answers", path, list):
        text, start = _get(answer, "text", path), _get(answer, "answer_start", path)
        if not isinstance(text, str) or not _is_whole(start):
            fail(f"question {name!r}: an answer is a text and a whole number, not {text!r} and {start!r}", path)
        answers.append((text, start))
    return answers or None


def anchor(context: str, answer: Answer) -> int | None:
    """Where the answer's text stands in the context, as near to its offset as can be (of two as near, the earlier)."""
    if context.startswith(answer.text, max(0, answer.start)):
        return max(0, answer.start)
    after = context.find(answer.text, max(0, answer.start))
    before = context.rfind(answer.text, 0, max(0, answer.start) + len(answer.text))
    found = [start for start in (before, after) if start >= 0]
    return min(found, key=lambda start: abs(start - answer.start), default=None)
