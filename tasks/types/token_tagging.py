"""Sentences with one tag a word: parts of speech, named entities."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.metrics import Overlap, chunk_counts, corpus_chunk_counts
from tasks.rows import TaggedSentence
from tasks.types.base import Encoded, Features, FloatArray, HeadKind, Limits, Score
from tasks.types.files import read_lines, write_lines
from tasks.types.pieces import Layout, layout_of, report_on, tokenize
from tasks.types.scoring import (
    UnitCounts,
    label_index,
    label_indices,
    most_frequent,
    require_matching,
    require_metric,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WordWindow:
    """A window holds the words ``first:last`` of a sentence, of which ``own_first:own_last`` are tagged in it."""

    first: int
    last: int
    own_first: int
    own_last: int


def word_windows(lengths: Sequence[int], room: int) -> list[WordWindow]:
    """The windows of a sentence, at least one; their own words are all its words, in order.

    Args:
        lengths: pieces of each word, at least one each.
        room: pieces that a window holds. A word that has more stands alone in a window.
    """
    if sum(lengths) <= room:
        return [WordWindow(first=0, last=len(lengths), own_first=0, own_last=len(lengths))]
    ends = list(accumulate(lengths))
    starts = [end - length for end, length in zip(ends, lengths, strict=True)]
    spans = _spans(starts, ends, room)
    owners = _owners(spans, starts, ends)
    found = []
    for number, (first, last) in enumerate(spans):
        own_first, own_last = bisect_left(owners, number), bisect_right(owners, number)
        if own_first < own_last:
            found.append(WordWindow(first=first, last=last, own_first=own_first, own_last=own_last))
    return found


def _spans(starts: Sequence[int], ends: Sequence[int], room: int) -> list[tuple[int, int]]:
    """First word and one past the last of each window."""
    step = max(1, room // 2)
    spans = []
    first = 0
    while True:
        last = max(first + 1, bisect_right(ends, starts[first] + room))
        spans.append((first, last))
        if last == len(ends):
            return spans
        first = max(first + 1, min(last, bisect_left(starts, starts[first] + step)))


def _owners(spans: Sequence[tuple[int, int]], starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """For each word the number of the window it belongs to. It never falls from one word to the next."""
    best: list[tuple[int, int]] = [(-1, 0)] * len(ends)
    owners = [0] * len(ends)
    for number, (first, last) in enumerate(spans):
        begin, end = starts[first], ends[last - 1]
        for word in range(first, last):
            context = (min(starts[word] - begin, end - ends[word]), end - begin)
            if context > best[word]:
                best[word], owners[word] = context, number
    return owners


METRICS = ("seqeval_f1",)
#: F1 as version 1.2.2 has it. It is beside the score, never the score.
LATER_F1 = "f1_seqeval_1_2_2"
Tags = tuple[str, ...]


class TokenTaggingType:
    """Words in, one tag a word out. A word is tagged at its first piece."""

    name = "token_tagging"
    row_class = TaggedSentence
    head: HeadKind | None = HeadKind.TOKEN
    suffix = "tsv"

    def encode(self, rows: Sequence[TaggedSentence], tokenizer: Any, limits: Limits, labels: Sequence[str]) -> Encoded:
        """Each word tokenized for itself, as a word inside running text.

        A sentence that does not fit makes several inputs; each word is tagged, and in training has its loss, in one of
        them. Only a word that alone is longer than an input loses its end. A word of
        which the tokenizer makes no piece (a lone soft hyphen, say) stands as one unknown piece, as in XTREME's tagger.
        """
        space = " " if _needs_space(tokenizer) else ""
        pieces = tokenize(tokenizer, (space + word for row in rows for word in row.tokens))
        report = report_on(([space + word for word in row.tokens] for row in rows), pieces)
        missing = _stand_in(tokenizer)
        layout = layout_of(tokenizer, 1, limits)
        indices = label_indices(labels)
        features: list[Features] = []
        for index, row in enumerate(rows):
            words = [pieces[space + word].ids or [missing] for word in row.tokens]
            targets = None if row.tags is None else [label_index(tag, indices, row) for tag in row.tags]
            windows = word_windows([len(word) for word in words], layout.room)
            report.windowed += len(windows) > 1
            report.truncated += any(len(word) > layout.room for word in words)
            features += (_feature(index, words, targets, window, layout) for window in windows)
        return Encoded(features=features, report=report)

    def decode(
        self,
        rows: Sequence[TaggedSentence],
        features: Sequence[Features],
        logits: Sequence[FloatArray],
        labels: Sequence[str],
        limits: Limits,  # noqa: ARG002 (the contract's)
        *,
        metric: str,
    ) -> list[Tags]:
        """The tag with the highest logit for each word, in the window that the word belongs to."""
        require_metric(metric, METRICS)
        tagged: list[list[str]] = [[] for _ in rows]
        for feature, scores in zip(features, logits, strict=True):
            if feature.word_starts:
                tagged[feature.row] += (labels[int(best)] for best in scores.argmax(axis=-1))
        return [tuple(tags) for tags in tagged]

    def baseline(
        self,
        train_rows: Sequence[TaggedSentence],
        test_rows: Sequence[TaggedSentence],
        labels: Sequence[str],
        *,
        metric: str,
    ) -> list[Tags]:
        """Each word's most frequent tag in the training rows; for words not seen there, the most frequent of all."""
        require_metric(metric, METRICS)
        seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in train_rows:
            for word, tag in zip(row.tokens, row.tags or (), strict=True):
                seen[word][tag] += 1
        overall = most_frequent((tag for row in train_rows for tag in row.tags or ()), labels)
        usual = {word: max(labels, key=lambda label: tags[label]) for word, tags in seen.items()}
        return [tuple(usual.get(word, overall) for word in row.tokens) for row in test_rows]

    def write_predictions(self, path: Path, rows: Sequence[TaggedSentence], predictions: Sequence[Tags]) -> None:
        """One tag a line, a blank line after each sentence."""
        require_matching(rows, predictions)
        write_lines(path, (line for tags in predictions for line in (*tags, "")))

    def read_predictions(self, path: Path, references: Sequence[TaggedSentence]) -> list[Tags]:
        """One tag a line, sentences parted by blank lines; as many tags a sentence as the reference has."""
        sentences, ends = _sentences(read_lines(path))
        if len(sentences) != len(references):
            raise DataError(f"{len(sentences)} tagged sentences for {len(references)} references", where=str(path))
        for tags, end, row in zip(sentences, ends, references, strict=True):
            expected = len(row.tags or ())
            if len(tags) != expected:
                what = f"the sentence that ends here has {len(tags)} tags, its reference {expected}"
                raise DataError(what, where=f"{path}, line {end}")
        return sentences

    def score(
        self,
        references: Sequence[TaggedSentence],
        predictions: Sequence[Tags],
        *,
        metric: str,
        language: str,  # noqa: ARG002 (the contract's)
    ) -> Score:
        """F1 over chunks by seqeval 0.0.12's rules; also precision, recall, 1.2.2's F1 and token accuracy."""
        require_metric(metric, METRICS)
        require_matching(references, predictions)
        units = UnitCounts()
        total, right, words = Overlap(tp=0, predicted=0, gold=0), 0, 0
        for row, tags in zip(references, predictions, strict=True):
            if row.tags is None or len(row.tags) != len(tags):
                raise DataError(f"{len(tags)} tags for {len(row.tags or ())} in the reference", where=f"row {row.id}")
            counts = chunk_counts(row.tags, tags)
            units.add(row.unit, counts.tp, counts.predicted, counts.gold)
            total += counts
            right += sum(a == b for a, b in zip(row.tags, tags, strict=True))
            words += len(tags)
        later = corpus_chunk_counts([row.tags or () for row in references], predictions, "1.2.2")
        shares = {"f1": total.f1, "precision": total.precision, "recall": total.recall, LATER_F1: later.f1}
        return Score(
            value=total.f1,
            metrics={**shares, "token_accuracy": right / words if words else 0.0},
            rows=len(references),
            unit_columns=("tp", "predicted", "gold"),
            units=units.as_dict(),
        )


def _needs_space(tokenizer: Any) -> bool:
    """Whether a word must be given with a space before it to be cut as inside running text (byte-level BPE)."""
    pieces = tokenize(tokenizer, ("a a", "a", " a"))
    running, alone, spaced = (pieces[text].ids for text in ("a a", "a", " a"))
    return running != alone + alone and running == alone + spaced


def _stand_in(tokenizer: Any) -> int:
    """The piece id for a word of which the tokenizer makes none."""
    candidates = (tokenizer.unk_token_id, tokenizer.mask_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
    return next((int(piece) for piece in candidates if piece is not None), 0)


def _feature(
    index: int, words: Sequence[Sequence[int]], targets: Sequence[int] | None, window: WordWindow, layout: Layout
) -> Features:
    """One window of a sentence, given as pieces of its words and labels of its words."""
    inside = words[window.first : window.last]
    ids = list(chain.from_iterable(inside))[: layout.room]
    starts = list(accumulate((len(word) for word in inside), initial=len(layout.gaps[0])))
    own = slice(window.own_first, window.own_last)
    segments = layout.segment_ids(ids)
    return Features(
        row=index,
        input_ids=(layout.ids(ids),),
        token_type_ids=None if segments is None else (segments,),
        target=None if targets is None else tuple(targets[own]),
        word_starts=tuple(starts[window.own_first - window.first : window.own_last - window.first]),
    )


def _sentences(lines: list[str]) -> tuple[list[Tags], list[int]]:
    """Tags by sentence, and the line on which each sentence ends. A blank line closes a sentence, even an empty one."""
    sentences: list[Tags] = []
    ends: list[int] = []
    tags: list[str] = []
    for number, line in enumerate(lines, start=1):
        if line:
            tags.append(line)
            continue
        sentences.append(tuple(tags))
        ends.append(number)
        tags = []
    if tags:
        sentences.append(tuple(tags))
        ends.append(len(lines))
    return sentences, ends
