"""The files of a submission and of its labels, read with errors that name file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence, Sized
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from tasks.errors import DataError
from tasks.readers.placeholders import FROM_ROWS
from tasks.types.files import read_lines, read_text

T = TypeVar("T")
SizedT = TypeVar("SizedT", bound=Sized)

_ORIGINAL = "take the labels from the original release, or from the hub's copy"


def labels_of(path: Path) -> list[str]:
    """One label a line; an empty line is none."""
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
        if not line:
            raise DataError("the line is empty", where=f"{path}, line {number}", remedy="write one label a line")
    return lines


def pairs_of(path: Path) -> set[tuple[str, str]]:
    """Pairs of ids; one that comes again counts once, as in evaluate.py."""
    found = set()
    for number, line in enumerate(read_lines(path), start=1):
        ids = line.split("\t")
        if len(ids) != 2:  # noqa: PLR2004
            raise DataError(
                f"{line!r} is no pair", where=f"{path}, line {number}", remedy="write foreign id, tab, English id"
            )
        found.add((ids[0], ids[1]))
    return found


def sentences_of(path: Path) -> list[tuple[int, list[str]]]:
    """The tags of each sentence with the line it starts at; blank lines end sentences."""
    lines = read_lines(path)
    ends = [-1, *(number for number, line in enumerate(lines) if not line)]
    if lines and lines[-1]:
        ends.append(len(lines))
    return [(start + 2, lines[start + 1 : end]) for start, end in pairwise(ends)]


def questions_of(path: Path) -> list[tuple[str, list[str]]]:
    """Every question's id with its gold answers, in the order of the file."""
    text = read_text(path)
    value = _json(text, path)
    articles = value["data"] if isinstance(value, dict) and "data" in value else value
    try:
        found = list(_each(articles))
    except (KeyError, TypeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else "is of another form"
        raise DataError(f"not SQuAD's JSON: a part of it {reason}", where=str(path)) from None
    for question, golds in found:
        if not golds:
            raise DataError(f"question {question!r} has no gold answer", where=_where(path, text, question))
        if not all(isinstance(gold, str) for gold in golds):
            raise DataError(f"a gold answer of question {question!r} is no text", where=_where(path, text, question))
        if not any(gold.strip() for gold in golds):
            raise DataError(
                f"question {question!r} has no gold answer", where=_where(path, text, question), remedy=_ORIGINAL
            )
    return required(found, path)


def _each(articles: Any) -> Iterator[tuple[str, list[str]]]:
    for article in articles:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                yield str(question["id"]), [answer["text"] for answer in question["answers"]]


def answers_of(path: Path) -> dict[str, str]:
    """Answers by question id."""
    text = read_text(path)
    value = _json(text, path)
    if not isinstance(value, dict):
        raise DataError("not an object of answers by question id", where=str(path))
    wrong = next((name for name, answer in value.items() if not isinstance(answer, str)), None)
    if wrong is not None:
        where = _where(path, text, wrong)
        raise DataError(f"the answer to {wrong!r} is no text", where=where, remedy='an empty answer is ""')
    return value


def line_of(path: Path, name: str) -> str:
    """A JSON file and the line that a string of it stands on, for errors."""
    return _where(path, read_text(path), name)


def _where(path: Path, text: str, name: str, *, last: bool = False) -> str:
    """File and line of a string's first place (or its last); the file alone where it is written in another way."""
    written = json.dumps(name, ensure_ascii=False)
    place = text.rfind(written) if last else text.find(written)
    return str(path) if place < 0 else f"{path}, line {text.count(chr(10), 0, place) + 1}"


def _json(text: str, path: Path) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            again = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise DataError(f"{again!r} comes twice in one object", where=_where(path, text, again, last=True))
        return found

    try:
        return json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}"
        raise DataError(f"not JSON ({error.msg})", where=where, remedy="it may be cut short") from None
    except RecursionError:
        raise DataError("not SQuAD's JSON: it is nested too deeply", where=str(path)) from None


def no_placeholders(found: Sequence[T], path: Path, answer: Callable[[T], object]) -> Sequence[T]:
    """The labels of a file, if they are any.

    Raises:
        DataError: there are none, or one and the same stands for everything, as where XTREME's scripts took them out.
    """
    if len(required(found, path)) >= FROM_ROWS and len({repr(answer(one)) for one in found}) == 1:
        what = f"all {len(found)} have the one label {answer(found[0])!r:.60}, which is a placeholder"
        raise DataError(what, where=str(path), remedy=_ORIGINAL)
    return found


def required(found: SizedT, path: Path) -> SizedT:
    """What a file held, if it held anything.

    Raises:
        DataError: it did not.
    """
    if not found:
        raise DataError("the file is empty", where=str(path))
    return found
