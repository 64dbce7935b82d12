"""Phase ``prepare``: release files or generated data in, canonical rows out. No network, no torch.

Five kinds: ``rows`` (English training and validation rows, with answers), ``translated`` (translations of the training
rows), ``inputs`` and ``labels`` (what is scored, in two artifacts, so that no model stage can be handed the answers),
``corpus`` (pretraining text).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, assert_never

from harness import overlap
from harness.canonical import file_digest
from harness.context import StageContext
from harness.prepared import english_rows, joined, part_of
from tasks import miniature
from tasks.errors import DataError
from tasks.readers import read_split
from tasks.rows import Row, read_rows, write_json_lines
from tasks.selection import select_units
from tasks.types import task_type

#: Of translated rows, the share that may have another label than their originals before they are taken for other rows.
_MOST_DIFFERENT = 0.1


def run(context: StageContext) -> None:
    """Leave the artifact that ``params.kind`` asks for."""
    match context.params["kind"]:
        case "rows":
            _prepare_rows(context)
        case "translated":
            _prepare_translated(context)
        case "inputs" | "labels" as kind:
            _prepare_scored(context, kind)
        case "corpus":
            _prepare_corpus(context)
        case other:
            assert_never(other)


def _prepare_rows(context: StageContext) -> None:
    task = context.params["task"]
    report: dict[str, Any] = {}
    for split, kept in english_rows(
        task["name"],
        context.params["splits"],
        _scored_passages(context, task["type"]),
        lambda source: _read(source, task, "en", context.data),
    ):
        report[split] = kept.report
        write_json_lines(context.out / f"{split}.jsonl", (row.to_json() for row in kept.chosen))
    _write_report(context.out, report)


def _prepare_translated(context: StageContext) -> None:
    """``train-LANG.jsonl``: rows whose English original, by id, is a training row. A translation of a row that was left
    out of the English ones, for being scored somewhere, is left out with it.
    """
    task, languages = context.params["task"], context.params["languages"]
    row_class = task_type(task["type"]).row_class
    english = {row.id: row for row in read_rows(context.inputs["rows"] / "train.jsonl", row_class)}
    report: dict[str, Any] = {}
    for number, language in enumerate(languages):
        context.progress(number / len(languages), language)
        rows, mended = _read(context.params["split"], task, language, context.data)
        paired, differ = _paired(rows, english)
        if differ > _MOST_DIFFERENT * len(rows):
            raise DataError(
                f"{differ} of {len(rows)} {language} rows have not the label of the English row with their number",
                where=f"task {task['name']}",
                remedy="give translations of these very rows, in their order",
            )
        chosen = select_units(paired, context.params["limit"])
        if not chosen:
            raise DataError(
                f"none of {len(rows)} {language} rows has the id of an English training row",
                where=f"task {task['name']}",
                remedy="give translated rows the ids of their originals",
            )
        write_json_lines(context.out / f"train-{language}.jsonl", (row.to_json() for row in chosen))
        report[language] = {
            "read": len(rows),
            "mended": mended,
            "label_differs": differ,
            "paired": len(paired),
            "kept": len(chosen),
        }
    _write_report(context.out, report)


def _paired(rows: Sequence[Row], english: Mapping[str, Row]) -> tuple[list[Row], int]:
    """Translations of English rows that are there, and how many have another label than theirs, which are left out."""
    found = [row for row in rows if row.id in english]
    alike = [row for row in found if getattr(row, "label", None) == getattr(english[row.id], "label", None)]
    return alike, len(found) - len(alike)


def _prepare_scored(context: StageContext, kind: str) -> None:
    task, languages = context.params["task"], context.params["languages"]
    report: dict[str, Any] = {}
    for number, language in enumerate(languages):
        context.progress(number / len(languages), language)
        rows, mended = _read(context.params["split"], task, language, context.data)
        chosen = select_units(rows, context.params["limit"])
        records = (row.inputs() if kind == "inputs" else row.reference() for row in chosen)
        write_json_lines(context.out / f"test-{language}.jsonl", records)
        report[language] = {"read": len(rows), "mended": mended, "kept": len(chosen)}
    _write_report(context.out, report)


def _prepare_corpus(context: StageContext) -> None:
    bound = context.params["max_characters"] or float("inf")
    scored = set[str]()
    for role, folder in sorted(context.inputs.items()):
        if role.startswith("exclude:"):
            scored |= overlap.sentences_of_files(sorted(folder.glob("test-*.jsonl")))
    characters = removed = 0
    seen: set[str] = set()
    documents: list[dict[str, str]] = []
    for name, *texts in _documents(context):
        normal = overlap.normalise(" ".join(texts))
        if normal in seen or any(overlap.normalise(text) in scored for text in texts):
            removed += 1
            continue
        size = sum(map(len, texts))
        if characters + size > bound:
            break
        seen.add(normal)
        characters += size
        documents.append({"id": name, **dict(zip(("text", "second"), texts, strict=False))})
    if not documents:
        raise DataError("the corpus holds no text", remedy="check its sources")
    write_json_lines(context.out / "text.jsonl", documents)
    _write_report(context.out, {"documents": len(documents), "characters": characters, "removed": removed})


def _documents(context: StageContext) -> Iterator[tuple[str, ...]]:
    """The ids of documents with their text, or with two texts that are read together; of packages first."""
    sources = context.params["sources"]
    packages = [source for source in sources if source["kind"] == "package"]
    yield from _package_documents(context, packages)
    for source in sources:
        match source["kind"]:
            case "package":
                continue
            case "rows":
                task = source["task"]
                rows, _ = _read(source["split"], task, "en", context.data)
                yield from ((f"{task['name']}/{row.id}", text) for row in rows for text in overlap.sentences(row))
            case "miniature":
                yield from _generated_documents(source)
            case other:
                raise DataError(f"unknown kind of corpus source '{other}'")


def _package_documents(context: StageContext, sources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Files of all packages in the order of a hash of their names, so that a bound takes some of every package."""
    found: list[tuple[bytes, str, Path]] = []
    for source in sources:
        files = context.inputs[f"fetch:{source['package']}"] / "files"
        for path in files.glob(source["include"]):
            name = path.relative_to(files).as_posix()
            found.append((hashlib.sha256(name.encode()).digest(), name, path))
    for _, name, path in sorted(found):
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if text:
            yield name, text


def _generated_documents(source: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """A story of each language in turn, in two parts, and as often a sentence with its translation (TLM).

    In turn, because a training that stops before the end of the corpus should have seen of each. Every other time the
    second text comes first.
    """
    seed = source["seed"]
    texts = {
        language: miniature.stories(language, lines=source["lines"], seed=seed) for language in source["languages"]
    }
    pairs = {
        language: miniature.parallel(language, lines=source["parallel_lines"], seed=seed)
        for language in source["languages"]
        if language != "en"
    }
    named = {**texts, **{f"en-{language}": sentences for language, sentences in pairs.items()}}
    for number in range(max(source["lines"], source["parallel_lines"])):
        for name, documents in named.items():
            if number < len(documents):
                first, second = documents[number] if number % 2 == 0 else reversed(documents[number])
                yield f"{name}/{number}", first, second


def _read(
    source: Mapping[str, Any], task: Mapping[str, Any], language: str, data: Path | None
) -> tuple[list[Row], dict[str, int]]:
    """The rows of one split in one language, and what was mended on the way.

    Of a task that joins others, the rows of each in turn, with the task's name before ids and units.
    """
    if "join" in source:
        return joined((part["task"], *_read(part, task, language, data)) for part in source["join"])
    if source.get("generator"):
        return miniature.generate(source["task"], source["split"], language, rows=source["rows"]), {}
    if data is None:
        raise DataError(
            "release files are needed", where=f"task {task['name']}", remedy="give their folder with --data"
        )
    paths = []
    for file in source["files"][language]:
        path = data / file["path"]
        if not path.is_file():
            raise DataError("no such file", where=str(path), remedy="check --data")
        if file_digest(path) != file["sha256"]:
            raise DataError("has changed since the run was planned", where=str(path), remedy="run again")
        paths.append(path)
    found = read_split(source["format"], paths, language=language, labels=task["labels"])
    return part_of(found.rows, source.get("part")), dict(found.mended)


def _scored_passages(context: StageContext, type_name: str) -> set[str]:
    """The passages of English rows that are scored, from the inputs artifacts of targets of the same type."""
    row_class = task_type(type_name).row_class
    found: set[str] = set()
    for role, folder in sorted(context.inputs.items()):
        if role.startswith("exclude:"):
            found |= overlap.passages(read_rows(folder / "test-en.jsonl", row_class))
    return found


def _write_report(out: Path, report: Mapping[str, Any]) -> None:
    text = json.dumps(report, sort_keys=True, indent=1, ensure_ascii=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
