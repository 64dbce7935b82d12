"""Which articles of a corpus are really there, below ``--data``: text files of every language, or the hub's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from harness.data.receipts import RECEIPT, read_receipt
from harness.data.splits import first_files
from harness.specs.corpus import ArticlesText, CorpusSpec, LocatedArticles


def located_corpus(spec: CorpusSpec, folder: Path) -> CorpusSpec:
    """The corpus with its articles where they are; what is missing keeps the place where it was looked for."""
    sources = [
        located_articles(source, folder) if isinstance(source, ArticlesText) else source for source in spec.sources
    ]
    return spec.model_copy(update={"sources": tuple(sources)})


def located_articles(source: ArticlesText, folder: Path) -> LocatedArticles:
    """Text files if there are some for every language, else the hub's files if so; languages never come from both.

    Where neither is whole, that of which more is there: what is missing is then asked for by name.
    """
    texts, tables = _text_files(source, folder), _table_files(source, folder)
    if len(texts) < len(source.languages) and len(tables) > len(texts):
        paths = {
            language: tables[language][0] if language in tables else (f"{_table(source, language)}/{RECEIPT}",)
            for language in source.languages
        }
        sizes = {language: tables[language][1] if language in tables else 0 for language in source.languages}
        return LocatedArticles(**source.model_dump(), format="hub_articles", paths=paths, sizes=sizes)
    paths = {language: texts.get(language) or (first_files(source, language),) for language in source.languages}
    sizes = {
        language: sum((folder / path).stat().st_size for path in texts.get(language, ()))
        for language in source.languages
    }
    form: Literal["file_articles", "text_articles"] = "file_articles" if source.whole else "text_articles"
    return LocatedArticles(**source.model_dump(), format=form, paths=paths, sizes=sizes)


def _text_files(source: ArticlesText, folder: Path) -> dict[str, tuple[str, ...]]:
    """By language the files of the first pattern that has some, in the order of their names."""
    found: dict[str, tuple[str, ...]] = {}
    for language in source.languages:
        for pattern in source.files:
            matches = sorted(path for path in folder.glob(pattern.format(lang=language)) if path.is_file())
            if matches:
                found[language] = tuple(path.relative_to(folder).as_posix() for path in matches)
                break
    return found


def _table(source: ArticlesText, language: str) -> str:
    assert source.hub is not None, source
    config = source.hub.config.format(lang=language, code=source.hub.codes.get(language, language))
    return f"{source.hub.folder(config)}/{source.hub.splits[0]}"


def _table_files(source: ArticlesText, folder: Path) -> dict[str, tuple[tuple[str, ...], int]]:
    """By language so many of the first files of its table as are read, and the bytes of all its files on the hub."""
    found: dict[str, tuple[tuple[str, ...], int]] = {}
    for language in source.languages if source.hub is not None else ():
        top = _table(source, language)
        receipt = read_receipt(folder / top)
        if receipt is None:
            continue
        wanted = min(source.hub_files, receipt.whole_files or len(receipt.files))
        paths = tuple(f"{top}/{name}" for name in receipt.files[:wanted])
        if len(paths) == wanted:
            found[language] = paths, receipt.whole_bytes or sum((folder / path).stat().st_size for path in paths)
    return found
