"""What ``data fetch`` leaves beside a table's files, written last: which there are, with their digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.files import read_json, write_json
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


def write_receipt(
    folder: Path, *, repository: str, revision: str, digests: Mapping[str, str], whole: Mapping[str, int] | None = None
) -> None:
    """Say that the files of a table are complete.

    Args:
        folder: of the table's split.
        repository, revision: on the hub.
        digests: SHA-256 by file name.
        whole: number and bytes of the table's files on the hub, where only its first ones were fetched.
    """
    receipt = {"id": repository, "revision": revision, "files": dict(digests)} | (
        {"whole": dict(whole)} if whole else {}
    )
    write_json(folder / RECEIPT, receipt, indent=1)


def read_receipt(folder: Path) -> Receipt | None:
    """The receipt in the folder of a split; None where nothing was fetched, or a file of it is no longer there.

    Raises:
        DataError: it is not what ``data fetch`` writes.
    """
    path = folder / RECEIPT
    try:
        value = read_json(path)
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
