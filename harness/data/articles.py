"""Which articles of a corpus are really there, below ``--data``: text files of every language, or the hub's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.data.locate import hub_folder
from harness.data.receipts import RECEIPT, read_receipt
from harness.specs.corpus import ArticlesText


@dataclass(frozen=True, kw_only=True)
class LocatedArticles:
    """Articles with the files that are read, and bytes of all the text there is, by language."""

    source: ArticlesText
    format: Literal["text_articles", "file_articles", "hub_articles"]
    paths: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]


def located_articles(source: ArticlesText, folder: Path | None) -> LocatedArticles:
    """Text files if there are some for every language, else the hub's files if so; languages never come from both.

    Where neither is whole, that of which more is there: what is missing keeps the place where it is looked for first,
    and is then asked for by name. Without a folder all texts count as equal in size.
    """
    texts = {} if folder is None else _text_files(source, folder)
    tables = {} if folder is None else _table_files(source, folder)
    if len(texts) < len(source.languages) and len(tables) > len(texts):
        receipts = {language: ((f"{_table(source, language)}/{RECEIPT}",), 0) for language in source.languages}
        files = receipts | tables
        return LocatedArticles(
            source=source,
            format="hub_articles",
            paths={language: paths for language, (paths, _) in files.items()},
            sizes={language: size for language, (_, size) in files.items()},
        )
    sizes = {
        language: 1 if folder is None else sum((folder / path).stat().st_size for path in texts.get(language, ()))
        for language in source.languages
    }
    first = {language: (source.files[0].format(lang=language),) for language in source.languages}
    form: Literal["file_articles", "text_articles"] = "file_articles" if source.whole else "text_articles"
    return LocatedArticles(source=source, format=form, paths=first | texts, sizes=sizes)


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
    return f"{hub_folder(source.hub, language, {})}/{source.hub.splits[0]}"


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
