"""The texts of a corpus artifact, from packages, rows, generated languages, or articles of many languages.

A corpus is one stream, ``text.jsonl``; or it is articles by language, ``texts/LANG.jsonl``, with ``languages.json``
saying how much text each language has, of which training draws its share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.context import StageContext
from harness.data import overlap
from harness.errors import first_of
from harness.files import file_digest, write_json
from harness.plan.data_params import ArticleFiles, CorpusParams, DataFile, PackageFiles, RowTexts
from harness.specs.corpus import GeneratedText
from harness.specs.training import TaskParams
from harness.training.corpus_files import LANGUAGES, TEXT, TEXTS
from tasks import miniature
from tasks.errors import DataError
from tasks.readers.articles import ARTICLES, choose
from tasks.rows import Row, write_json_lines

#: The rows of a split (as parameters have it) of a task in a language, and what was mended.
ReadRows = Callable[[Mapping[str, Any], TaskParams, str, Path | None], tuple[list[Row], dict[str, int]]]


def prepare_corpus(context: StageContext, params: CorpusParams, read_rows: ReadRows) -> dict[str, Any]:
    """Write a corpus; what to report of it.

    Raises:
        DataError: a source is missing, damaged or holds no text.
    """
    scored = _scored(context)
    if isinstance(params.sources[0], ArticleFiles):
        return _articles(context, params.sources[0], scored)
    bound = params.max_characters or float("inf")
    characters = removed = 0
    seen: set[str] = set()
    documents: list[dict[str, str]] = []
    for name, *texts in _documents(context, params, read_rows):
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
    write_json_lines(context.out / TEXT, documents)
    return {"documents": len(documents), "characters": characters, "removed": removed}


def _scored(context: StageContext) -> set[str]:
    found = set[str]()
    for role, folder in sorted(context.inputs.items()):
        if role.startswith("exclude:"):
            found |= overlap.sentences_of_files(sorted(folder.glob("test-*.jsonl")))
    return found - {""}


# -- articles by language ----------------------------------------------------------------------------------------------


def _articles(context: StageContext, source: ArticleFiles, scored: set[str]) -> dict[str, Any]:
    """``texts/LANG.jsonl`` of every language, without paragraphs that are scored and articles that came before."""
    if context.data is None:
        raise DataError("text files are needed", where="corpus", remedy="give their folder with --data")
    read = ARTICLES[source.format]
    (context.out / TEXTS).mkdir()
    report: dict[str, Any] = {}
    for number, (language, files) in enumerate(sorted(source.files.items())):
        context.progress(number / len(source.files), f"reading {language}")
        paths = [checked_file(context.data, file) for file in files]
        found = choose(read(paths, *source.columns), source.max_characters, where=first_of(paths))
        pairs = ((article.id, article.text) for article in found.articles)
        kept, counts = _without_scored(pairs, scored, whole=source.whole)
        if not kept:
            raise DataError(f"no text is left in {language!r}", where=first_of(paths), remedy="give it more text")
        write_json_lines(context.out / TEXTS / f"{language}.jsonl", kept)
        report[language] = {
            "articles_read": found.read,
            "characters_read": found.characters_read,
            "articles": len(kept),
            "characters": sum(len(record["text"]) for record in kept),
            **counts,
        }
    sizes = {language: source.sizes[language] for language in report}
    write_json(context.out / LANGUAGES, sizes, indent=1)
    return report


def _without_scored(
    articles: Iterator[tuple[str, str]], scored: set[str], *, whole: bool = False
) -> tuple[list[dict[str, str]], dict[str, int]]:
    """Articles without the lines that are a scored text, in any language; each text once; and how much went.

    ``whole``: a line of theirs is no paragraph (a program's last one may be ``end``), so none is taken away.
    """
    kept: list[dict[str, str]] = []
    seen: set[bytes] = set()
    counts = {"paragraphs_removed": 0, "articles_repeated": 0}
    for name, text in articles:
        lines = text.split("\n")
        left = lines if whole else [line for line in lines if overlap.normalise(line) not in scored]
        if overlap.normalise(text) in scored:
            left = []
        counts["paragraphs_removed"] += len(lines) - len(left)
        rest = "\n".join(left).strip("\n" if whole else None)
        digest = hashlib.sha256(overlap.normalise(rest).encode()).digest()
        if digest in seen:
            counts["articles_repeated"] += 1
        elif rest:
            seen.add(digest)
            kept.append({"id": name, "text": rest})
    return kept, counts


def checked_file(data: Path, file: DataFile) -> Path:
    """A file below the data directory, as it was when the run was planned.

    Raises:
        DataError: it is gone, or has changed.
    """
    path = data / file.path
    if not path.is_file():
        raise DataError("no such file", where=str(path), remedy="check --data")
    if file_digest(path) != file.sha256:
        raise DataError("has changed since the run was planned", where=str(path), remedy="run again")
    return path


# -- one stream --------------------------------------------------------------------------------------------------------


def _documents(context: StageContext, params: CorpusParams, read_rows: ReadRows) -> Iterator[tuple[str, ...]]:
    """The ids of documents with their text, or with two texts that are read together; of packages first."""
    packages = [source for source in params.sources if isinstance(source, PackageFiles)]
    yield from _package_documents(context, packages)
    for source in params.sources:
        match source:
            case RowTexts():
                rows, _ = read_rows(source.split, source.task, "en", context.data)
                yield from ((f"{source.task.name}/{row.id}", text) for row in rows for text in overlap.sentences(row))
            case GeneratedText():
                yield from _generated_documents(source)


def _package_documents(context: StageContext, sources: Sequence[PackageFiles]) -> Iterator[tuple[str, str]]:
    """Files of all packages in the order of a hash of their names, so that a bound takes some of every package."""
    found: list[tuple[bytes, str, Path]] = []
    for source in sources:
        files = context.inputs[f"fetch:{source.package}"] / "files"
        for path in files.glob(source.include):
            name = path.relative_to(files).as_posix()
            found.append((hashlib.sha256(name.encode()).digest(), name, path))
    for _, name, path in sorted(found):
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if text:
            yield name, text


def _generated_documents(source: GeneratedText) -> Iterator[tuple[str, str, str]]:
    """A story of each language in turn, in two parts, and as often a sentence with its translation (TLM).

    In turn, because a training that stops before the end of the corpus should have seen of each. Every other time the
    second text comes first.
    """
    seed = source.seed
    texts = {language: miniature.stories(language, lines=source.lines, seed=seed) for language in source.languages}
    pairs = {
        language: miniature.parallel(language, lines=source.parallel_lines, seed=seed)
        for language in source.languages
        if language != "en"
    }
    named = {**texts, **{f"en-{language}": sentences for language, sentences in pairs.items()}}
    for number in range(max(source.lines, source.parallel_lines)):
        for name, documents in named.items():
            if number < len(documents):
                first, second = documents[number] if number % 2 == 0 else reversed(documents[number])
                yield f"{name}/{number}", first, second
