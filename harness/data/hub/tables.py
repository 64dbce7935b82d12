"""Parquet files of one table of a data set: one configuration, one split. Loading scripts are never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.data.hub.cards import CARD, header
from harness.data.hub.download import Progress, download
from harness.data.hub.repository import HubFile, Listing
from harness.errors import SpecError

#: Where the hub's own writers put a split: its converted branch, ``push_to_hub``, and that with one configuration.
_PLACES = ("{config}/{split}/*.parquet", "{config}/{split}-*.parquet", "{config}/{split}.parquet")
_DEFAULT_PLACES = ("data/{split}-*.parquet", "{split}-*.parquet", "data/{split}.parquet", "{split}.parquet")


def table_files(listing: Listing, config: str, split: str, card: str | None) -> list[HubFile]:
    """The files of a table, in the order in which they are read.

    Args:
        listing: what the hub said.
        config: as the hub names it.
        split: likewise.
        card: the text of the repository's card, whose own word on its files counts first.

    Raises:
        SpecError: there is none, or only a script that would make it.
    """
    if not listing.matching("*.parquet"):
        script = bool(listing.matching("*.py"))
        raise SpecError(
            "holds only a loading script at this commit, which is never run" if script else "holds no Parquet file",
            where=f"{listing.repository}, commit {listing.repository.revision}",
            remedy="pin a commit of its branch refs/convert/parquet, where the hub keeps the same rows as Parquet",
        )
    places = [place.format(config=config, split=split) for place in _PLACES]
    if config == "default":
        places += [place.format(split=split) for place in _DEFAULT_PLACES]
    for patterns in (_of_card(card, config, split), *([place] for place in places)):
        found = [file for file in listing.matching(*patterns) if file.path.endswith(".parquet")] if patterns else []
        if found:
            return found
    raise SpecError(
        f"has no Parquet file of configuration '{config}', split '{split}'",
        where=f"{listing.repository}, commit {listing.repository.revision}",
        remedy="correct the table in the task's spec, or pin a commit of the branch refs/convert/parquet",
    )


def read_card(listing: Listing, folder: Path, progress: Progress) -> str | None:
    """The text of a repository's card, fetched into ``folder``; None where it has none."""
    if CARD not in listing.files:
        return None
    download(listing, listing.named([CARD]), folder, progress=progress)
    return (folder / CARD).read_text(encoding="utf-8", errors="replace")


def _of_card(card: str | None, config: str, split: str) -> list[str]:
    """The patterns that a card's header has for a table; none where it says nothing that can be understood."""
    try:
        found: list[Any] = [
            files["path"]
            for entry in header(card).get("configs", ())
            if entry.get("config_name", "default") == config and isinstance(entry.get("data_files"), list)
            for files in entry["data_files"]
            if files.get("split") == split
        ]
    except (AttributeError, KeyError, TypeError):
        return []
    return [str(path) for paths in found for path in (paths if isinstance(paths, list) else [paths])]
