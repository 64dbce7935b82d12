"""The description of a checkpoint's backbone (``backbone.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

from harness import files
from tasks.errors import DataError, UserError

Pooling = Literal["mean", "mean-no-special", "first", "last"]
Summary = Literal["first", "last", "mean"]


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A pretrained encoder, as the phases after ``convert`` need to know it.

    Attributes:
        architecture: the ``model_type`` of its transformers config.
        max_length: most pieces of one input, special tokens and prefix included.
        prefix: pieces that follow the first special token of every input.
        pooling: how a sentence embedding is taken where nothing has chosen another way. Causal backbones have ``last``.
        summary: which piece the heads for sentences and pairs read, or ``mean``: all of them. The last piece where
            ``pooling`` is ``last``, because the first piece of a causal backbone has seen nothing else, else the first.
        remote_code: the checkpoint holds Python files of the backbone's own, which somebody has allowed to be run.
    """

    name: str
    architecture: str
    layers: int
    hidden_size: int
    max_length: int
    prefix: tuple[str, ...] = ()
    pooling: Pooling = "mean"
    summary: Summary = "first"
    remote_code: bool = False

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Read the JSON form; fields that a backbone does not have are left out (``kind``, ``path`` and the like).

        Raises:
            UserError: a field is missing, or ``pooling`` or ``summary`` is unknown.
        """
        required = ("name", "architecture", "layers", "hidden_size", "max_length")
        missing = [name for name in required if fields.get(name) is None]
        if missing:
            raise UserError(f"the backbone lacks {', '.join(missing)}", where="backbone", remedy="add the fields")
        pooling = fields.get("pooling") or "mean"
        if pooling not in get_args(Pooling):
            raise UserError(
                f"unknown pooling {pooling!r}", where="backbone.pooling", remedy=f"use one of {get_args(Pooling)}"
            )
        summary = fields.get("summary") or ("last" if pooling == "last" else "first")
        if summary not in get_args(Summary):
            raise UserError(
                f"unknown summary {summary!r}", where="backbone.summary", remedy=f"use one of {get_args(Summary)}"
            )
        return cls(
            **{name: fields[name] for name in required},
            prefix=tuple(fields.get("prefix") or ()),
            pooling=cast("Pooling", pooling),
            summary=cast("Summary", summary),
            remote_code=bool(fields.get("remote_code")),
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON form; ``remote_code`` stands there only where there is some."""
        fields = {**asdict(self), "prefix": list(self.prefix)}
        return fields if self.remote_code else {name: value for name, value in fields.items() if name != "remote_code"}


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
