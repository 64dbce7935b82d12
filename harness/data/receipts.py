"""What ``data fetch`` leaves beside a table's files, written last: which there are, with their digests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError

RECEIPT = "fetched.json"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Files of a table by name, and how much the hub has of it where only its first files were fetched.

    Attributes:
        files: names, sorted.
        whole_files, whole_bytes: of the table as the hub has it; None where all of it was fetched.
    """

    files: tuple[str, ...]
    whole_files: int | None = None
    whole_bytes: int | None = None


def read_receipt(folder: Path) -> Receipt | None:
    """The receipt in the folder of a split; None where nothing was fetched, or a file of it is no longer there.

    Raises:
        DataError: it is not what ``data fetch`` writes.
    """
    path = folder / RECEIPT
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        whole = value.get("whole", {})
        found = Receipt(
            files=tuple(sorted(value["files"])), whole_files=whole.get("files"), whole_bytes=whole.get("bytes")
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what, remedy = "not what 'data fetch' writes", "remove the folder and fetch it again"
        raise DataError(what, where=str(path), remedy=remedy) from error
    return found if found.files and all((folder / name).is_file() for name in found.files) else None
