"""UDPOS from Universal Dependencies' own CoNLL-U files, converted as XTREME's scripts do.

A word that is written as one and analysed as several ("della" = "di" + "la") is one token, with the tag of its highest
part: the one with the fewest ancestors in the graph of basic and enhanced dependencies; of several, the first in a list
of tags. The rules are those of google-research/xtreme, third_party/ud-conversion-tools and utils_preprocess.py, written
anew; what follows from their order is kept, too: zero-width non-joiners and spaces inside a token go, and sentences of
which but one word is known go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.readers.base import checked_label, fail, read_lines
from tasks.readers.token_tags import Sentence

_COLUMNS = 10
_UNKNOWN = "_"
_OWN = "take the treebank's own files"
#: Which part of a word gives its tag, where several stand equally high.
_FIRST = (
    "VERB",
    "NOUN",
    "PROPN",
    "PRON",
    "ADJ",
    "NUM",
    "ADV",
    "INTJ",
    "AUX",
    "ADP",
    "DET",
    "PART",
    "CCONJ",
    "SCONJ",
    "X",
    "PUNCT",
)
_FIRST_OF = {
    "es": ("VERB", "AUX", "PRON", "ADP", "DET"),
    "fr": ("VERB", "AUX", "PRON", "NOUN", "ADJ", "ADV", "ADP", "DET", "PART", "SCONJ"),
    "it": ("VERB", "AUX", "ADV", "PRON", "ADP", "DET", "INTJ"),
}


@dataclass
class _Graph:
    """One sentence: words by number, their heads, and the words written as one."""

    forms: dict[int, str] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    heads: dict[int, set[int]] = field(default_factory=dict)
    fused: list[tuple[int, int, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # where the latter stand

    def height(self, word: int) -> int:
        """How many words stand above it, along any path."""
        seen: set[int] = set()
        rest = [word]
        while rest:
            for head in self.heads.get(rest.pop(), ()):
                if head not in seen and head != word:
                    seen.add(head)
                    rest.append(head)
        return len(seen)

    def highest(self, first: int, last: int, order: Sequence[str]) -> int:
        """The word of a span that gives it its tag."""
        heights = {word: self.height(word) for word in range(first, last + 1) if word in self.forms}
        top = [word for word, height in heights.items() if height == min(heights.values())]
        rank = {tag: place for place, tag in enumerate(order)}
        return min(top, key=lambda word: rank.get(self.tags[word], len(rank)))


def sentences(path: Path, labels: Sequence[str], counts: Counter[str]) -> Iterator[Sentence]:
    """The sentences of a CoNLL-U file. The language is the file name's first part, as in the treebanks' names.

    Counted are words that are written as one (``words_fused``) and sentences that XTREME omits
    (``sentences_of_unknown_words``).

    Raises:
        DataError: a line has not ten columns, a number is none, or a tag is none of the task's.
    """
    order = _FIRST_OF.get(path.name.partition("_")[0], _FIRST)
    graph = _Graph()
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if line.startswith("#"):
            continue
        if line:
            _add(graph, line, path, number, labels)
            continue
        if graph.forms or graph.fused:
            _check_spans(graph, path)
            tokens, tags = _converted(graph, order)
            unknown = tokens.count(_UNKNOWN)
            if unknown != 0 and unknown >= len(tokens) - 1:
                counts["sentences_of_unknown_words"] += 1
            else:
                counts["words_fused"] += len(graph.fused)
                yield tuple("".join(token.replace("\u200c", "").split(" ")) for token in tokens), tags
        graph = _Graph()


def _add(graph: _Graph, line: str, path: Path, number: int, labels: Sequence[str]) -> None:
    fields = line.split("\t")
    if len(fields) != _COLUMNS:
        fail(f"{len(fields)} columns where {_COLUMNS} belong", path, number, remedy=_OWN)
    name, form, tag, head, enhanced = fields[0], fields[1].strip(), fields[3], fields[6], fields[8]
    if "." in name:  # an empty node of the enhanced graph
        return
    first, dash, last = name.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        fail(f"{name!r} is no number of a word", path, number)
    if dash:
        graph.fused.append((int(first), int(last), form))
        graph.lines.append(number)
        return
    word = int(first)
    if word in graph.forms:
        fail(f"word {word} has come before in its sentence", path, number, remedy=_OWN)
    graph.forms[word] = form
    graph.tags[word] = checked_label(tag, labels, path, number)
    heads = {head, *(entry.partition(":")[0] for entry in enhanced.split("|"))}
    graph.heads[word] = {int(one) for one in heads if one.isdecimal()}


def _check_spans(graph: _Graph, path: Path) -> None:
    for (first, last, form), number in zip(graph.fused, graph.lines, strict=True):
        missing = [word for word in range(first, last + 1) if word not in graph.forms]
        if first > last or missing:
            fail(f"{form!r} is written for words {first} to {last}, which are not all there", path, number, remedy=_OWN)


def _converted(graph: _Graph, order: Sequence[str]) -> Sentence:
    forms = dict(graph.forms)
    for first, last, form in graph.fused:
        kept = graph.highest(first, last, order)
        for word in range(first, last + 1):
            forms.pop(word, None)
        forms[kept] = form
    words = sorted(forms)
    return tuple(forms[word] for word in words), tuple(graph.tags[word] for word in words)
