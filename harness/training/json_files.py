"""JSON files of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import files
from tasks.errors import DataError


def read_json(path: Path) -> Any:
    """The JSON value of a file of a checkpoint.

    Raises:
        DataError: the file is missing or not JSON.
    """
    try:
        return files.read_json(path)
    except FileNotFoundError as error:
        raise DataError("the file is missing", where=path.name, remedy="is this a checkpoint?") from error
    except ValueError as error:
        raise DataError("not JSON", where=path.name) from error
