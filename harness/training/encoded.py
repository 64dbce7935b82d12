"""Training rows as pieces, kept on disk and mapped into memory, so that rows are tokenized once a tokenizer.

Thirteen recipes and three seeds fine-tune one backbone on the same rows thirty-nine times. The inputs of the encoding
names them: the bytes of the rows and of the tokenizer's files, the lengths, and the code that encodes; never the name
of a model or its type. Stored files are hashed before they are read, and rows are encoded again if they have changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import tasks
from harness.context import ENCODED, StageContext
from harness.files import digest, file_digest, read_json, write_json
from harness.specs.training import ModelTask
from harness.training import encoding, inputs
from harness.training.checkpoint import Checkpoint
from harness.training.encoding import EncodedRows, encode_rows
from harness.training.inputs import Inputs
from harness.training.runtime import Reporter
from tasks.rows import Row, RowFiles
from tasks.types import task_type
from tasks.types.base import EncodingReport, HeadKind

_RECORD = "encoded.json"
#: What does not say how rows are encoded.
_BESIDE = {"name", "metric"}


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """Encodes files of rows for one checkpoint, or finds them encoded.

    Attributes:
        checkpoint: the backbone and tokenizer.
        tokenizer: digest of the tokenizer's files.
        kept: read-only folder of stored encodings, or None.
        made: folder for new encodings.
    """

    checkpoint: Checkpoint
    tokenizer: str
    kept: Path | None
    made: Path

    @classmethod
    def of(cls, context: StageContext, checkpoint: Checkpoint) -> Encoder:
        """For the stage's checkpoint."""
        folder = context.inputs["checkpoint"] / "tokenizer"
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return cls(
            checkpoint=checkpoint,
            tokenizer=digest({path.relative_to(folder).as_posix(): file_digest(path) for path in paths}),
            kept=context.inputs.get(ENCODED),
            made=context.out / ENCODED,
        )

    def encode(
        self, task: ModelTask, files: Sequence[Path], report: Reporter, *, where: str
    ) -> tuple[EncodedRows, list[int]]:
        """The rows of files, one behind the other, without features; and how many rows each file has.

        Raises:
            DataError: as ``encode_rows``.
        """
        key = self._key(task, files)
        for folder in (self.kept, self.made):
            found = None if folder is None else _load(folder / key)
            if found is not None:
                report(1.0, f"{where}: encoded before")
                return found
        rows: RowFiles[Row] = RowFiles(files, task_type(task.type).row_class)
        backbone, tokenizer = self.checkpoint.backbone, self.checkpoint.tokenizer
        encoded = encode_rows(task, rows, backbone, tokenizer, report, keep_features=False, where=where)
        _save(self.made / key, encoded, rows.counts)
        return _load(self.made / key) or (encoded, list(rows.counts))

    def _key(self, task: ModelTask, files: Sequence[Path]) -> str:
        backbone = self.checkpoint.backbone
        return digest(
            {
                "code": _code(),
                "tokenizer": self.tokenizer,
                "prefix": list(backbone.prefix),
                "longest": backbone.max_length,
                "task": {name: value for name, value in task.model_dump().items() if name not in _BESIDE},
                "rows": [file_digest(file) for file in files],
            }
        )


@cache
def _code() -> str:
    """Digest of the code that turns rows into pieces, and the versions of the packages that it calls."""
    own = [Path(str(module.__file__)) for module in (encoding, inputs)]
    own += sorted(Path(tasks.__path__[0]).rglob("*.py"))
    packages = {name: version(name) for name in ("tokenizers", "transformers")}
    return digest({"files": [file_digest(path) for path in own], "packages": packages})


def _save(folder: Path, encoded: EncodedRows, counts: Sequence[int]) -> None:
    folder.mkdir(parents=True)
    arrays = _arrays(encoded.inputs)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    record = {
        "kind": encoded.inputs.kind.value,
        "report": encoded.report.to_json(),
        "rows": list(counts),
        "arrays": {name: file_digest(folder / f"{name}.npy") for name in arrays},
    }
    write_json(folder / _RECORD, record, indent=None)


def _load(folder: Path) -> tuple[EncodedRows, list[int]] | None:
    """Map stored rows into memory; None if they are missing or changed."""
    try:
        record = read_json(folder / _RECORD)
        if any(file_digest(folder / f"{name}.npy") != wanted for name, wanted in record["arrays"].items()):
            return None
        arrays = {
            name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
            for name in record["arrays"]
        }
        return _unpacked(record, arrays), [int(count) for count in record["rows"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _arrays(packed: Inputs) -> dict[str, np.ndarray[Any, Any]]:
    found = {field.name: getattr(packed, field.name) for field in fields(packed) if field.name != "kind"}
    return {name: array for name, array in found.items() if array is not None}


def _unpacked(record: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]) -> EncodedRows:
    given = {field.name: arrays.get(field.name) for field in fields(Inputs) if field.name != "kind"}
    packed = Inputs(kind=HeadKind(record["kind"]), **given)  # type: ignore[arg-type]
    return EncodedRows(inputs=packed, features=[], report=EncodingReport(**record["report"]))
