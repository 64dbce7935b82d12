"""Tatoeba as LASER publishes it (two text files, of which line N of one translates line N of the other), or on the hub.

One of the hub's tables keeps the line feed at the end of every sentence; it is taken off, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import ReadResult, fail, mended, read_lines, refuse_repeated_ids
from tasks.readers.records import Record, parquet
from tasks.rows import BitextSentence, Row

_BUCC_FILES = 3


def read_bucc_files(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """The foreign sentences, then the English ones, each in file order; ``partners`` is empty where there are none.

    Sentences that translations link, directly or through each other, share a unit, named after the first foreign one;
    every other sentence is a unit of its own. A gold pair that is listed again counts once.

    Raises:
        DataError: there are not three files, a line is not ``id TAB text`` (gold: ``foreign id TAB english id``), an id
            comes twice, or a gold pair names a sentence that is not there; file and line are named.
    """
    if len(paths) != _BUCC_FILES:
        what = f"{len(paths)} files where 3 belong"
        raise DataError(what, remedy="name the foreign file, then the English one, then the gold pairs")
    foreign, english = (_sentences(path) for path in paths[:2])
    pairs, repeated = _gold(paths[2], foreign, english)
    return _result(foreign, english, pairs, repeated, paths[:2])


def read_bucc_table(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """The same rows of the hub's table.

    Raises:
        DataError: a gold pair names a place that is not there; file and row are named.
    """
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
    gold: list[tuple[str, str]] = []
    for record in (record for path in paths for record in parquet(path)):
        starts = [len(side) for side in sides]
        for side, code, column in zip(sides, (language, "en"), ("sentence1", "sentence2"), strict=True):
            for text in record.texts(column):
                side[f"{code}-{len(side) + 1:09d}"] = text
        for pair in _pairs(record):
            places = [place + start for place, start in zip(pair, starts, strict=True)]
            if not all(start < place <= len(side) for place, side, start in zip(places, sides, starts, strict=True)):
                record.fail(f"the gold pair {list(pair)} names no sentence", remedy="places count from 1")
            gold.append((f"{language}-{places[0]:09d}", f"en-{places[1]:09d}"))
    pairs = list(dict.fromkeys(gold))
    return _result(*sides, pairs, len(gold) - len(pairs), paths)


def _pairs(record: Record) -> Iterator[list[int]]:
    """The places of the gold pairs of a record."""
    value = record.get("gold")
    for pair in value if isinstance(value, list) else [value]:
        whole = isinstance(pair, list) and [isinstance(one, int) and not isinstance(one, bool) for one in pair]
        if whole != [True, True]:
            record.fail(f"'gold' holds no pairs of places but {pair!r:.40}")
        yield pair


def _result(
    foreign: dict[str, str], english: dict[str, str], pairs: list[tuple[str, str]], repeated: int, paths: Sequence[Path]
) -> ReadResult:
    units = _units(foreign, pairs)
    partners: dict[str, list[str]] = {}
    for source, target in pairs:
        partners.setdefault(source, []).append(target)
        partners.setdefault(target, []).append(source)
    rows = [
        BitextSentence(
            id=name, unit=units.get(name, name), side=side, text=text, partners=tuple(partners.get(name, ()))
        )
        for side, sentences in (("foreign", foreign), ("english", english))
        for name, text in sentences.items()
    ]
    refuse_repeated_ids(rows, paths)
    return ReadResult(rows=list(rows), mended=mended(gold_pairs_repeated=repeated))


def _sentences(path: Path) -> dict[str, str]:
    """Texts by id, in file order."""
    found: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        name, tab, text = line.partition("\t")
        name, text = name.strip(), text.strip()
        if not tab or not name or not text:
            fail("not an id, a tab and a sentence", path, number)
        if name in found:
            fail(f"the id {name!r} has come before", path, number, remedy="check that no file was joined with itself")
        found[name] = text
    return found


def _gold(path: Path, foreign: dict[str, str], english: dict[str, str]) -> tuple[list[tuple[str, str]], int]:
    """The gold pairs in file order, each once, and how many lines repeat one."""
    pairs: dict[tuple[str, str], None] = {}
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
        ids = [name.strip() for name in line.split("\t")]
        if len(ids) != 2:  # noqa: PLR2004
            columns = "1 column" if len(ids) == 1 else f"{len(ids)} columns"
            fail(f"{columns} where 2 belong: foreign id, tab, English id", path, number)
        for name, side, sentences in zip(ids, ("foreign", "English"), (foreign, english), strict=True):
            if name not in sentences:
                fail(f"there is no {side} sentence {name!r}", path, number, remedy="take all files from one release")
        pairs[ids[0], ids[1]] = None
    return list(pairs), len(lines) - len(pairs)


def _units(foreign: Iterable[str], pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The unit of every sentence that stands in a pair: the first foreign one of those it is linked with."""
    place = {name: number for number, name in enumerate(foreign)}
    linked: dict[str, set[str]] = {}
    for pair in pairs:
        together = set[str]().union(*(linked.get(name, {name}) for name in pair))
        linked.update(dict.fromkeys(together, together))
    first = {id(group): min(group & place.keys(), key=place.__getitem__) for group in linked.values()}
    return {name: first[id(group)] for name, group in linked.items()}


_FILES = 2


def read_tatoeba_pair(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """The foreign sentences, then the English ones; the unit is the pair's 0-based line number.

    Raises:
        DataError: there are not two files, they are not of equal length, or a line is empty; file and line are named.
    """
    if len(paths) != _FILES:
        raise DataError(f"{len(paths)} files where 2 belong", remedy="name the foreign file, then the English one")
    foreign, english = map(read_lines, paths)
    if len(foreign) != len(english):
        what = f"{len(foreign)} sentences, but {len(english)} in {paths[1]}"
        raise DataError(what, where=str(paths[0]), remedy="the files must be aligned line by line; fetch both again")
    for path, lines in zip(paths, (foreign, english), strict=True):
        empty = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
        if empty is not None:
            fail("the line is empty", path, empty, remedy="one sentence a line")
    return ReadResult(rows=_rows(foreign, english))


@dataclass(frozen=True, kw_only=True)
class TatoebaTable:
    """Reads pairs of a table of the hub, in its order.

    Attributes:
        foreign: name of the column of foreign sentences.
        english: name of the column of English ones.
    """

    foreign: str
    english: str

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del language, labels
        ends = 0
        sides: tuple[list[str], list[str]] = ([], [])
        for record in (record for path in paths for record in parquet(path)):
            for side, name in zip(sides, (self.foreign, self.english), strict=True):
                side.append(record.text(name))
                ends += str(record.get(name)).endswith("\n")
                if not side[-1]:
                    record.fail("an empty sentence", remedy="fetch it again")
        return ReadResult(rows=_rows(*sides), mended=mended(line_ends_removed=ends))


def _rows(foreign: Sequence[str], english: Sequence[str]) -> list[Row]:
    return [
        BitextSentence(
            id=f"{side}-{index}", unit=str(index), side=side, text=text.strip(), partners=(f"{other}-{index}",)
        )
        for side, other, texts in (("foreign", "english", foreign), ("english", "foreign", english))
        for index, text in enumerate(texts)
    ]
