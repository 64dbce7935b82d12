"""Rows in another language: their texts sentence by sentence, their answers where they are in the translation.

A row whose answer is nowhere to be found is lost, and says why; none is mended by a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.phases.translation.sentences import Span
from tasks.rows import Answer, MultipleChoice, Row, SentencePair, SpanQuestion

#: Languages that are written without spaces between sentences, and those without spaces between words.
_NO_SPACES = frozenset({"ja", "zh"})
#: Full stops, exclamation and question marks that a model puts behind an answer.
_END_MARKS = ".!?\u3002\u0964\uff01\uff1f\u2026"
_NO_WORD_GAPS = frozenset({"ja", "my", "th", "zh"})

Cut = Callable[[str], list[Span]]


class Lost(Exception):  # noqa: N818 - no fault: what became of a row
    """A row has no use in another language; the message is the count it goes under."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A translated text.

    Attributes:
        text: the whole.
        sources: where each sentence stood in the English text.
        spans: where its translation stands here.
    """

    text: str
    sources: tuple[Span, ...]
    spans: tuple[Span, ...]


def texts(row: Row) -> tuple[str, ...]:
    """All English texts of a row that are to be translated, its answers by themselves among them.

    Raises:
        TypeError: rows of this kind cannot be translated.
    """
    match row:
        case SentencePair():
            return (row.text_a, row.text_b)
        case MultipleChoice():
            return (row.prompt, *row.choices)
        case SpanQuestion():
            return (row.context, row.question, *(answer.text for answer in row.answers or ()))
        case _:
            raise TypeError(type(row).__name__)


def translated(row: Row, language: str, cut: Cut, found: Mapping[str, str]) -> Row:
    """The row in another language, under the id, unit and label of the English one.

    Args:
        row: English.
        language: XTREME's code of what it is translated into.
        cut: sentences of a text, as they were translated.
        found: translations by English sentence.

    Raises:
        Lost: a translation is empty (``empty``), two choices are alike in it (``choices_alike``), or no answer is found
            in the translated context (``answer_lost``).
    """
    passages = {text: passage(text, language, cut, found) for text in dict.fromkeys(texts(row))}
    if any(text.strip() and not made.text.strip() for text, made in passages.items()):
        raise Lost("empty")
    match row:
        case SentencePair():
            return replace(row, text_a=passages[row.text_a].text, text_b=passages[row.text_b].text)
        case MultipleChoice():
            choices = tuple(passages[choice].text for choice in row.choices)
            if len(set(choices)) < len(set(row.choices)):
                raise Lost("choices_alike")
            return replace(row, prompt=passages[row.prompt].text, choices=choices)
        case SpanQuestion():
            context = passages[row.context]
            answers = [
                place(answer, context, passages[answer.text].text, language, len(row.context))
                for answer in row.answers or ()
            ]
            kept = tuple(dict.fromkeys(answer for answer in answers if answer is not None))
            if row.answers and not kept:
                raise Lost("answer_lost")
            question = passages[row.question].text
            return replace(row, context=context.text, question=question, answers=None if row.answers is None else kept)
        case _:
            raise TypeError(type(row).__name__)


def passage(text: str, language: str, cut: Cut, found: Mapping[str, str]) -> Passage:
    """A text whose sentences are translated, with the white space between them as it was."""
    sources = tuple(cut(text))
    whole, spans, last = "", [], 0
    for number, (start, end) in enumerate(sources):
        gap = text[last:start]
        whole += "" if number and language in _NO_SPACES and "\n" not in gap else gap
        begin = len(whole)
        whole += found[text[start:end]].strip()
        spans.append((begin, len(whole)))
        last = end
    return Passage(text=whole + text[last:], sources=sources, spans=tuple(spans))


def place(answer: Answer, context: Passage, alone: str, language: str, length: int) -> Answer | None:
    """The answer in the translation of the sentences it stood in; None if it is not there.

    Looked for is the answer as it was translated by itself, without a full stop that it did not have; then in any
    case of letters; then as it was in English (names, numbers). Of several places the one counts that is nearest, in
    proportion, to where it stood.

    Args:
        answer: of the English context.
        context: the translated context.
        alone: the answer's text, translated by itself.
        language: of the translation.
        length: of the English context, in characters.
    """
    end = answer.start + len(answer.text)
    touched = [number for number, (first, last) in enumerate(context.sources) if first < end and answer.start < last]
    if not touched:
        return None
    begin, stop = context.spans[touched[0]][0], context.spans[touched[-1]][1]
    first, last = context.sources[touched[0]][0], context.sources[touched[-1]][1]
    share = (answer.start - first) / max(1, min(last, length) - first)
    bare = alone.strip()
    if not answer.text.rstrip().endswith((".", "!", "?")):
        bare = bare.rstrip(_END_MARKS).rstrip()
    for wanted, flags in ((bare, 0), (bare, re.IGNORECASE), (answer.text.strip(), 0)):
        places = _places(wanted, context.text[begin:stop], flags, whole_words=language not in _NO_WORD_GAPS)
        if places:
            near = min(places, key=lambda span: (abs(span[0] - share * (stop - begin)), span))
            return Answer(text=context.text[begin + near[0] : begin + near[1]], start=begin + near[0])
    return None


def _places(wanted: str, text: str, flags: int, *, whole_words: bool) -> list[Span]:
    if not wanted:
        return []
    spans = [found.span() for found in re.finditer(re.escape(wanted), text, flags)]
    if not whole_words:
        return spans
    return [(begin, end) for begin, end in spans if _at_gap(text, begin, wanted[0]) and _at_gap(text, end, wanted[-1])]


def _at_gap(text: str, place: int, character: str) -> bool:
    """Whether no word goes on across a place where one that begins or ends with ``character`` does."""
    if not character.isalnum() or place in (0, len(text)):
        return True
    return not (text[place - 1].isalnum() and text[place].isalnum())
