"""Articles of one language: plain text with blank lines between them, or the hub's tables of Wikipedia."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tasks.errors import DataError
from tasks.readers.base import fail
from tasks.readers.records import parquet

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Article:
    """A text and its id: a number of the dump, or its file and position."""

    id: str
    text: str


#: Reads files, of which tables have an id and a text in columns of these names.
Articles = Callable[[Sequence[Path], str, str], Iterator[Article]]


def text_articles(paths: Sequence[Path], *_: str) -> Iterator[Article]:
    """The articles of text files in UTF-8, one file after another; blank lines separate them. Read line by line.

    Raises:
        DataError: a file is missing, empty or not UTF-8; file and line are named.
    """
    for path in paths:
        number = 0
        for number, text in enumerate(_paragraph_groups(path), start=1):
            yield Article(id=f"{path.name}#{number}", text=text)
        if number == 0:
            fail("the file is empty", path, remedy="put text there, in UTF-8, with a blank line between two articles")


def _paragraph_groups(path: Path) -> Iterator[str]:
    lines: list[str] = []
    for line in _lines(path):
        if line.strip():
            lines.append(line.strip())
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def _lines(path: Path) -> Iterator[str]:
    try:
        file = path.open("rb")
    except OSError as error:
        fail(f"cannot be read ({error.strerror})", path, remedy="put the text there, or point --data elsewhere")
    with file:
        for number, raw in enumerate(file, start=1):
            found = raw.removeprefix(_BOM) if number == 1 else raw
            try:
                yield found.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = found[error.start]
                fail(f"byte {byte:#04x} is not UTF-8", path, number, remedy="save the file as UTF-8")


def file_articles(paths: Sequence[Path], *_: str) -> Iterator[Article]:
    """Each text file in UTF-8 as one article, as it is; those without text are passed over.

    It is known by its name and a hash of its text: where the files lie must not decide which of them are taken.

    Raises:
        DataError: a file is missing or not UTF-8; file and line are named.
    """
    for path in paths:
        text = "".join(_lines(path)).strip("\r\n")
        if text.strip():
            yield Article(id=f"{path.name}#{hashlib.sha256(text.encode()).hexdigest()[:16]}", text=text)


def hub_articles(paths: Sequence[Path], id_column: str = "id", text_column: str = "text") -> Iterator[Article]:
    """The articles of a table with a column of ids and one of texts; those without text are passed over.

    Raises:
        DataError: a file is missing, cut short, or lacks a column.
    """
    for path in paths:
        for record in parquet(path, (id_column, text_column)):
            text = record.text(text_column)
            if text:
                yield Article(id=str(record.get(id_column)), text=text)


ARTICLES: MappingProxyType[str, Articles] = MappingProxyType(
    {"text_articles": text_articles, "file_articles": file_articles, "hub_articles": hub_articles}
)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Some articles of a language, in the order of a hash of their ids, and how much there was to choose from."""

    articles: tuple[Article, ...]
    read: int
    characters_read: int


def choose(articles: Iterable[Article], most: int | None, *, where: str) -> Chosen:
    """The first articles by a hash of their ids whose characters do not exceed ``most``, and one in any case.

    No more than that is held in memory, however much there is to read.

    Raises:
        DataError: there is no article.
    """
    kept: list[tuple[int, int, Article]] = []  # a heap: the one that comes last by its hash is on top
    held = read = characters = 0
    bound = None  # the hash of the first one that is left out
    for article in articles:
        read += 1
        characters += len(article.text)
        place = int.from_bytes(hashlib.sha256(article.id.encode()).digest())
        if bound is not None and place >= bound:
            continue
        heapq.heappush(kept, (-place, -read, article))
        held += len(article.text)
        while most is not None and len(kept) > 1 and held > most:
            place, _, last = heapq.heappop(kept)
            held, bound = held - len(last.text), -place
    if not kept:
        raise DataError("there is no article", where=where, remedy="give it some text")
    ordered = (article for _, _, article in sorted(kept, key=lambda entry: entry[:2], reverse=True))
    return Chosen(articles=tuple(ordered), read=read, characters_read=characters)
