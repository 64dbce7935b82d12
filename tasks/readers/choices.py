"""Multiple choice from named records: HellaSwag, Cosmos QA, CommonsenseQA, from release files or from the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.readers.records import Record
from tasks.rows import MultipleChoice
from tasks.types.scoring import nearest

_ENDINGS = 4
_NO_ANSWERS = "files of a test split have no answers; take those of training or validation"


def hellaswag_row(record: Record, number: int, labels: Sequence[str]) -> MultipleChoice:  # noqa: ARG001
    """The first part of the context is the prompt, each choice the second part with an ending (as jiant joins them).

    The label is a number in the release and a text on the hub, and hidden in the test split.
    """
    endings = record.texts("endings")
    if len(endings) != _ENDINGS:
        record.fail(f"{len(endings)} endings where {_ENDINGS} belong")
    beginning = record.text("ctx_b")
    name = str(record.whole("ind"))
    return MultipleChoice(
        id=name,
        unit=name,
        prompt=record.text("ctx_a"),
        choices=tuple(f"{beginning} {ending}".strip() for ending in endings),
        label=_index(record, len(endings)),
    )


def cosmosqa_row(record: Record, number: int, labels: Sequence[str]) -> MultipleChoice:  # noqa: ARG001
    """The passage with its question is the prompt (as jiant joins them); the passage is the unit."""
    passage = record.text("context")
    return MultipleChoice(
        id=record.text("id"),
        unit=record.text("id").rpartition("##q")[0] or record.text("id"),
        prompt=f"{passage} {record.text('question')}",
        choices=tuple(record.text(f"answer{place}") for place in range(4)),
        label=_index(record, 4),
    )


def commonsenseqa_row(record: Record, number: int, labels: Sequence[str]) -> MultipleChoice:  # noqa: ARG001
    """One question with its lettered choices; where ``answerKey`` is empty (the hub's test split) it has no label."""
    name = record.text("id")
    question = record.get("question")
    try:
        if isinstance(question, str):  # the hub's table
            stem, choices = question, record.get("choices")
            letters, texts = list(choices["label"]), list(choices["text"])
        else:
            stem = question["stem"]
            letters = [choice["label"] for choice in question["choices"]]
            texts = [choice["text"] for choice in question["choices"]]
    except (KeyError, TypeError) as error:
        record.fail(f"not a CommonsenseQA record: {error} is missing or of another kind")
    if len(texts) != len(letters) or not all(isinstance(text, str) for text in (stem, *letters, *texts)):
        record.fail("not a CommonsenseQA record: 'question' and 'choices' are no texts, or not as many as letters")
    answer = _answer(record, "answerKey")
    if answer not in (None, *letters):
        record.fail(f"unknown label {answer!r:.40}", remedy=nearest(str(answer), letters))
    return MultipleChoice(
        id=name,
        unit=name,
        prompt=stem.strip(),
        choices=tuple(text.strip() for text in texts),
        label=None if answer is None else letters.index(answer),
    )


def _answer(record: Record, name: str) -> Any:
    """The label of the answer; None if it is hidden.

    Raises:
        DataError: there is no such field at all.
    """
    if name not in record.fields:
        record.fail(f"no {name!r} among {', '.join(map(str, record.fields))}", remedy=_NO_ANSWERS)
    value = record.fields[name]
    return None if value in (None, "", -1, "-1") else value


def _index(record: Record, count: int) -> int | None:
    """The 0-based index of the right choice; None where it is hidden."""
    value = _answer(record, "label")
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or not int(value) < count:
        record.fail(f"unknown label {value!r:.40}", remedy=f"labels are 0 to {count - 1}")
    return int(value)
