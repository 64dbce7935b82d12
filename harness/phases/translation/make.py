"""The translated rows of a task, made from the English ones that are kept: ``train-LANG.jsonl``, and what was lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

import torch

from harness.context import RESUME, StageContext
from harness.phases.translation.model import Made, Translator
from harness.phases.translation.rows import Lost, texts, translated
from harness.phases.translation.sentences import Span, sentences
from harness.plan.data_params import MadeParams
from harness.training.memory import out_of_memory
from harness.training.runtime import Reporter, set_up
from tasks.errors import DataError
from tasks.rows import Row, read_rows, write_json_lines
from tasks.selection import select_units
from tasks.types import task_type


class Saved:
    """Batches of one language in ``RESUME/LANG.jsonl``, in the order in which they were translated."""

    def __init__(self, out: Path, language: str) -> None:
        """``out`` is the stage's output folder."""
        self._file = out / RESUME / f"{language}.jsonl"
        self.batches: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Read what there is; a last line that was cut off is no batch."""
        self._file.parent.mkdir(exist_ok=True)
        whole = 0
        if self._file.exists():
            for line in self._file.read_bytes().splitlines(keepends=True):
                try:
                    batch = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    batch = None
                if not isinstance(batch, dict):
                    break
                self.batches.append(batch)
                whole += len(line)
        self._open = self._file.open("ab")
        self._open.truncate(whole)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, batch: dict[str, Any]) -> None:
        """Write down one more batch."""
        self.batches.append(batch)
        self._open.write(json.dumps(batch, ensure_ascii=False).encode() + b"\n")
        self._open.flush()


def make_translations(context: StageContext, params: MadeParams) -> dict[str, Any]:
    """Write the rows in each language; what to report of them.

    Each sentence is translated once a language, however many rows have it. Batches follow from the sentences alone, so
    that a run that was broken off and goes on leaves the bytes of one that was not.

    Raises:
        DataError: nothing is left in a language, or the model's weights are damaged.
        UserError: the model is not as its spec says.
    """
    task, translator = params.task, params.translator
    device = set_up(context)
    say = Reporter(context.progress)
    english = read_rows(context.inputs["rows"] / "train.jsonl", task_type(task.type).row_class)
    chosen = select_units(english, params.limit)
    say(0.0, f"reading {translator.name}")
    model = Translator.load(
        context.inputs["translator"] / "files", translator, device=device, precision=context.precision
    )

    @cache
    def cut(text: str) -> list[Span]:
        return sentences(text, lambda sentence: model.length(sentence) <= translator.max_length)

    wanted: set[str] = set()
    for number, row in enumerate(chosen):
        say(0.0, f"cutting into sentences: {number:,} of {len(chosen):,} rows")
        wanted |= {text[start:end] for text in texts(row) for start, end in cut(text)}
    batches = list(_batches(wanted, model.length, translator.batch_pieces))
    report: dict[str, Any] = {}
    for number, language in enumerate(params.languages):
        part = say.part(number / len(params.languages), (number + 1) / len(params.languages))
        found, facts = _language(context, model, batches, language, translator.codes[language], part)
        kept: list[Row] = []
        lost: Counter[str] = Counter()
        for row in chosen:
            try:
                kept.append(translated(row, language, cut, found))
            except Lost as loss:
                lost[str(loss)] += 1
        if not kept:
            raise DataError(
                f"none of {len(chosen)} rows is left in {language!r} ({_words(lost)})", where=f"task {task.name}"
            )
        write_json_lines(context.out / f"train-{language}.jsonl", (row.to_json() for row in kept))
        report[language] = {"read": len(english), "chosen": len(chosen), "kept": len(kept), "lost": dict(lost), **facts}
    return report


def _batches(wanted: set[str], length: Callable[[str], int], budget: int) -> Iterator[list[str]]:
    """Sentences in batches of like length, the longest first, so that memory runs out at once or never."""
    batch: list[str] = []
    longest = 0
    for sentence in sorted(wanted, key=lambda sentence: (-length(sentence), sentence)):
        longest = max(longest, length(sentence))
        if batch and longest * (len(batch) + 1) > budget:
            yield batch
            batch, longest = [], length(sentence)
        batch.append(sentence)
    if batch:
        yield batch


def _language(
    context: StageContext, model: Translator, batches: Sequence[Sequence[str]], language: str, code: str, say: Reporter
) -> tuple[dict[str, str], dict[str, int]]:
    """Translations of all sentences into a language, which the model calls ``code``, and what is to be told of them."""
    total = sum(map(len, batches))
    done = 0
    with Saved(context.out, language) as saved:
        for number, batch in enumerate(batches):
            if number >= len(saved.batches):
                made, parts = _within_memory(model, batch, code)
                saved.add({"texts": made.texts, "cut_off": made.cut_off, "parts": parts})
            done += len(batch)
            say(done / max(total, 1), f"{language}: {done:,} of {total:,} sentences")
        found = {
            sentence: text
            for batch, made in zip(batches, saved.batches, strict=True)
            for sentence, text in zip(batch, made["texts"], strict=True)
        }
        halved = sum(batch["parts"] > 1 for batch in saved.batches)
        facts = {"sentences": total, "cut_off": sum(batch["cut_off"] for batch in saved.batches)}
        facts |= {"out_of_memory": halved} if halved else {}
    return found, facts


def _within_memory(model: Translator, batch: Sequence[str], code: str) -> tuple[Made, int]:
    """A batch, in as many parts as memory asks for: more than one can change a translation, and is counted."""
    try:
        return model.translate(batch, code), 1
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error) or len(batch) == 1:
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    (first, ones), (second, others) = (_within_memory(model, part, code) for part in (batch[:middle], batch[middle:]))
    return Made(texts=first.texts + second.texts, cut_off=first.cut_off + second.cut_off), ones + others


def _words(lost: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(lost.items()))
