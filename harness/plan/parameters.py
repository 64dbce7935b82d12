"""What stages are told, as JSON values: the parts that a plan and a single tool have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from harness.data.rows import SplitRows
from harness.specs.backbone import BackboneSpec
from harness.specs.source import FolderSource, HubSource
from harness.specs.task import TaskSpec
from harness.specs.training import Hyper
from harness.specs.translator import TranslatorSpec

_LENGTHS = ("max_length", "doc_stride", "max_query_length", "max_answer_length")


def identity(task: TaskSpec) -> dict[str, Any]:
    """What preparing and scoring need to know of a task."""
    return {"name": task.name, "type": task.type, "labels": list(task.labels), "metric": task.metric}


def with_lengths(task: TaskSpec, hyper: Hyper) -> dict[str, Any]:
    """What a model phase needs to know of a task: its identity, and how much text an input may hold."""
    return identity(task) | {name: getattr(hyper, name) for name in _LENGTHS}


def learned(task: TaskSpec, hyper: Hyper, head: str | None) -> dict[str, Any]:
    """A task of a mixture, with the name of its head where that is not its own."""
    return with_lengths(task, hyper) | ({} if head is None else {"head": head})


def training(hyper: Hyper) -> dict[str, Any]:
    """How to train; lengths belong to the task."""
    return hyper.model_dump(exclude=set(_LENGTHS))


def scored(
    task: TaskSpec, use: SplitRows, kind: Literal["inputs", "labels"], digests: Mapping[str, str], limit: int | None
) -> dict[str, Any]:
    """Preparing one half of rows that are scored, or of the sample that retrieval is tuned on."""
    return {
        "kind": kind,
        "task": identity(task),
        "split": use.to_json(digests),
        "languages": list(use.languages),
        "limit": limit,
    }


def scoring(task: TaskSpec, kind: Literal["predictions", "baseline"], languages: Iterable[str]) -> dict[str, Any]:
    """Scoring in some languages. What only some tasks need is left out for the others, so that it changes no key."""
    params = {"kind": kind, "task": identity(task), "languages": list(languages)}
    return params | {"joint_units": True} if task.partly_parallel else params


def retrieval(
    task: Mapping[str, Any],
    languages: Iterable[str],
    dev: Literal["none", "sample", "scored"],
    dev_languages: Iterable[str],
) -> dict[str, Any]:
    """Retrieving in some languages, tuned on those of the sample."""
    params = {"task": dict(task), "languages": list(languages), "dev": dev}
    return params if dev == "none" else params | {"dev_languages": list(dev_languages)}


def conversion(spec: BackboneSpec) -> dict[str, Any]:
    """Making a backbone's checkpoint. What a spec does not say is left out, so that a new field changes no key."""
    params: dict[str, Any] = {
        "name": spec.name,
        "architecture": spec.architecture,
        "layers": spec.layers,
        "hidden_size": spec.hidden_size,
        "max_length": spec.max_length,
        "prefix": list(spec.prefix),
        "pooling": spec.pooling,
        "summary": spec.summary,
    }
    source = spec.source
    assert source is not None, spec.name
    if source.kind == "scratch":
        return params | {
            "kind": "scratch",
            "config": source.config,
            "vocab_size": source.vocab_size,
            "tokenizer": source.tokenizer,
        }
    if spec.template is not None:
        params["template"] = spec.template.model_dump()
    if spec.mlm_head is not None:
        params["mlm_head"] = spec.mlm_head
    if isinstance(source, HubSource) and source.code is not None:
        params["remote_code"] = True
    return params | {"kind": "checkpoint", "path": f"files/{source.path}" if source.kind == "package" else "files"}


def claims(spec: BackboneSpec) -> dict[str, str]:
    """What a spec says of the published files that changes no result: held against them, and in no key.

    What it calls unattested is not held against them.
    """
    if spec.source is None or spec.source.kind == "scratch":
        return {}
    said: dict[str, Any] = {"parameters": spec.parameters, "dtype": spec.dtype}
    if spec.tokenizer is not None:
        said |= {f"tokenizer.{name}": value for name, value in spec.tokenizer.model_dump().items()}
    return {
        field: str(value)
        for field, value in said.items()
        if value is not None and field.partition(".")[0] not in spec.unattested
    }


def translator(spec: TranslatorSpec, languages: Iterable[str]) -> dict[str, Any]:
    """Translating into some languages; which weights is said by what is fetched."""
    fields = ("name", "architecture", "prefix", "suffix", "begin", "beams", "max_length", "batch_pieces")
    return spec.model_dump(mode="json", include=set(fields)) | {
        "codes": {language: spec.codes[language] for language in languages},
        "source": origin(spec.source),
    }


def origin(source: HubSource | FolderSource) -> dict[str, Any]:
    """Where a model's files are from, to be read by people in what is made with it."""
    if isinstance(source, HubSource):
        return {"kind": "hub", "id": source.id, "revision": source.revision}
    return {"kind": "folder"}


def snapshot(source: HubSource) -> dict[str, Any]:
    """Fetching a model's files, and the code it needs if it needs some."""
    params: dict[str, Any] = {
        "kind": "hub",
        "id": source.id,
        "revision": source.revision,
        "files": sorted(source.files) if source.files is not None else None,
    }
    if source.code is not None:
        params["code"] = {"id": source.code.id or source.id, "revision": source.code.revision}
    return params
