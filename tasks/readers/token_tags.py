"""Tagged sentences: as XTREME's scripts leave them (UDPOS, PAN-X), WikiANN's own files, the hub's tables, and CCG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.readers.base import STRIPPED, ReadResult, checked_label, fail, mended, read_lines
from tasks.readers.records import label_of, parquet
from tasks.readers.tables import require_columns
from tasks.rows import TaggedSentence

_NO_TAGS = f"{STRIPPED}strip the tags of PAN-X's test files; take them from the original release"
Sentence = tuple[tuple[str, ...], tuple[str, ...]]
#: Reads the sentences of one file, given the tags that are allowed; counts what was mended or left out on the way.
Sentences = Callable[[Path, Sequence[str], Counter[str]], Iterable[Sentence]]


@dataclass(frozen=True, kw_only=True)
class TaggedReader:
    """Reads tagged sentences of one format: one row a sentence, each its own unit, numbered over all files."""

    sentences: Sentences

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del language
        counts: Counter[str] = Counter()
        sentences = [sentence for path in paths for sentence in self.sentences(path, labels, counts)]
        rows = [
            TaggedSentence(id=str(index), unit=str(index), tokens=tokens, tags=tags)
            for index, (tokens, tags) in enumerate(sentences)
        ]
        return ReadResult(rows=list(rows), mended=mended(**counts))


def tab_separated(path: Path, labels: Sequence[str], counts: Counter[str]) -> Iterator[Sentence]:  # noqa: ARG001
    """``token TAB tag`` a line, blank between sentences. A token may hold spaces or be a lone ``_``."""
    return _lines(path, labels, lambda token: token)


def with_language(path: Path, labels: Sequence[str], counts: Counter[str]) -> Iterator[Sentence]:  # noqa: ARG001
    """WikiANN's files: the same, but each token stands after its language and a colon."""
    return _lines(path, labels, lambda token: token.partition(":")[2].strip() if ":" in token else token)


def _lines(path: Path, labels: Sequence[str], token: Callable[[str], str]) -> Iterator[Sentence]:
    pairs: list[tuple[str, str]] = []
    tagged = False  # whether any word was
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if "\t" in line:
            fields = line.split("\t")
            require_columns(fields, 2, path, number)
            pairs.append((token(fields[0]), checked_label(fields[1], labels, path, number)))
            tagged = True
        elif line.strip():
            fail("1 column where 2 belong", path, number, remedy=None if tagged else _NO_TAGS)
        elif pairs:
            tokens, tags = zip(*pairs, strict=True)
            yield tokens, tags
            pairs = []


def joined(path: Path, labels: Sequence[str], counts: Counter[str]) -> Iterator[Sentence]:  # noqa: ARG001
    """One sentence a line: its words, joined by spaces, a tab, and as many tags, joined by spaces (CCG supertags).

    Raises:
        DataError: there are not as many tags as words, or a tag is none of the task's.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        fields = line.split("\t")
        require_columns(fields, 2, path, number)
        tokens, tags = (tuple(part.split()) for part in fields)
        if len(tokens) != len(tags):
            fail(f"{len(tags)} tags for {len(tokens)} words", path, number, remedy="one tag a word")
        yield tokens, tuple(checked_label(tag, labels, path, number) for tag in tags)


def table(path: Path, labels: Sequence[str], counts: Counter[str]) -> Iterator[Sentence]:  # noqa: ARG001
    """The hub's tables: ``tokens``, and ``ner_tags`` or ``pos_tags`` as numbers of classes.

    Raises:
        DataError: a column is missing, or tags are not as many as words.
    """
    for record in parquet(path):
        column = next((name for name in ("pos_tags", "ner_tags") if name in record.fields), None)
        if column is None:
            record.fail(f"no 'pos_tags' or 'ner_tags' among {', '.join(record.fields)}")
        tokens, tags = record.texts("tokens"), record.get(column)
        if not isinstance(tags, list) or len(tags) != len(tokens):
            record.fail(f"{column!r} is no list of {len(tokens)} tags")
        one_by_one = [
            label_of(type(record)(path=path, number=record.number, fields={column: tag}, counted="row"), column, labels)
            for tag in tags
        ]
        if None in one_by_one:
            record.fail("a word without its tag", remedy=_NO_TAGS)
        yield tokens, tuple(tag for tag in one_by_one if tag is not None)
