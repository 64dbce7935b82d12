"""``codestilts backbones list`` and ``show`` as text."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.cli.columns import wrapped
from harness.specs.languages import XTREME

if TYPE_CHECKING:
    from harness.specs.backbone import BackboneSpec
    from harness.specs.source import Source

_HEAD = ("name", "family", "size", "shape", "lang.", "needs")
_NUMBERS = frozenset({"size", "shape", "lang."})
#: Columns that a title needs to be worth showing.
_TITLE = 24
_WHERE_UNKNOWN = 100  # columns, where the output is no terminal


def listed(backbones: Iterable[BackboneSpec]) -> Iterator[str]:
    """Format a table of backbones, grouped by the source of their weights, with titles if the terminal is wide."""
    found = list(backbones)
    rows = [_row(spec) for spec in found]
    widths = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD))]
    room = _columns() - sum(widths) - 2 * (len(widths) + 1)
    for title, members in _groups(found).items():
        yield title
        yield _line(_HEAD, widths, "title" if room >= _TITLE else "")
        for spec in members:
            yield _line(_row(spec), widths, _cut(spec.title, room) if room >= _TITLE else "")
        yield ""
    notes = (
        "Size is in million weights, shape is layers x hidden size, lang. counts those of XTREME's 40 languages.",
        "Needs: what you must allow by name, as --allow gated. Unpinned: see 'codestilts images lock --pin NAME'.",
        "All of one backbone: codestilts backbones show NAME",
    )
    for note in notes:
        yield from wrapped("", note, _columns())


def shown(spec: BackboneSpec) -> Iterator[str]:
    """Format all fields of a backbone's spec."""
    width = _columns()
    yield from wrapped("", f"{spec.title} ({spec.name})", width)
    yield from wrapped("  ", _what(spec), width)
    for name, value in _facts(spec).items():
        for text in value if isinstance(value, list) else [value]:
            if text:
                yield from wrapped(f"  {name:13} ", text, width)
                name = ""  # noqa: PLW2901 - a further line of the same
    for note in spec.notes:
        yield from wrapped("  - ", note, width)


def _facts(spec: BackboneSpec) -> dict[str, str | list[str]]:
    heads = {True: "there is one", False: "none", None: "not said; its files decide"}
    pretraining = spec.pretraining
    return {
        "weights": f"of {spec.from_}, pretrained further" if spec.source is None else _source(spec.source),
        "begun from": f"{spec.initialised_from.what} [{spec.initialised_from.source}]" if spec.initialised_from else "",
        "tokenizer": f"{spec.tokenizer.kind}, {spec.tokenizer.vocab_size:,} pieces" if spec.tokenizer else "",
        "prefix": " ".join(spec.prefix),
        "template": f"{spec.template.single}  |  {spec.template.pair}" if spec.template else "",
        "pooling": spec.pooling + (f"; heads read {spec.summary}" if spec.summary else ""),
        "MLM head": heads[spec.has_mlm_head],
        "dtype": spec.dtype or "",
        "pretrained on": (f"{pretraining.data} [{pretraining.source}]" if pretraining else "")
        + (f", {pretraining.tokens} tokens" if pretraining and pretraining.tokens else ""),
        "further on": _further(spec),
        "languages": f"{len(spec.languages)}: {', '.join(spec.languages)}" if spec.languages else "",
        "saw": [f"{seen.what} [{seen.source}]" for seen in spec.saw],
        "matched pair": f"{spec.pair.name}, the side of {spec.pair.side}" if spec.pair else "",
        "public pair": f"{spec.public_pair}, not compute-matched" if spec.public_pair else "",
        "licence": spec.licence or "",
        "needs": [f"--allow {need.flag}: {need.why}" for need in spec.needs],
        "packages": spec.requirements or "",
        "in an image": "its files, for hosts with no network" if spec.bake else "",
        "unattested": ", ".join(spec.unattested),
    }


def _what(spec: BackboneSpec) -> str:
    parts = [f"{spec.family}", f"{spec.architecture}" if spec.architecture else ""]
    parts += [f"{spec.parameters:,} weights" if spec.parameters else ""]
    parts += [f"{spec.layers} layers of {spec.hidden_size}" if spec.layers else ""]
    parts += [f"up to {spec.max_length:,} pieces" if spec.max_length else ""]
    return ", ".join(part for part in parts if part)


def _source(source: Source) -> str:
    match source.kind:
        case "hub":
            code = f", its code at {source.code.revision}" if source.code else ""
            return f"hub: {source.id} at {source.revision}{code}"
        case "folder":
            return f"folder: {source.path}"
        case "package":
            return f"package: {source.package} {source.version}, {source.path}"
        case _:
            return f"random, a tokenizer trained on {source.corpus}"


def _further(spec: BackboneSpec) -> str:
    if spec.pretrain is None:
        return ""
    steps = spec.pretrain
    return (
        f"{steps.corpus}: {steps.steps:,} steps of {steps.batch_size} blocks of {steps.block_length} pieces, "
        f"learning rate {steps.learning_rate:g}, {steps.mask_probability:.0%} masked, seed {steps.seed}"
    )


def _groups(backbones: list[BackboneSpec]) -> dict[str, list[BackboneSpec]]:
    """Group backbones by the source of their weights: published, or made here."""
    groups: dict[str, list[BackboneSpec]] = {}
    for title, there in (
        ("published", lambda spec: spec.source is not None and spec.source.kind != "scratch"),
        ("pretrained further here", lambda spec: spec.source is None),
        ("made here", lambda spec: spec.source is not None and spec.source.kind == "scratch"),
    ):
        if members := [spec for spec in backbones if there(spec)]:
            groups[title] = members
    return groups


def _row(spec: BackboneSpec) -> tuple[str, ...]:
    needs: list[str] = [need.flag for need in spec.needs]
    if spec.source is not None and spec.source.kind == "hub" and not spec.source.pinned:
        needs.append("unpinned")
    size = f"{spec.parameters / 1e6:,.0f}" if spec.parameters else ""
    shape, languages = f"{spec.layers}x{spec.hidden_size}", str(len(set(spec.languages) & set(XTREME)))
    return spec.name, spec.family, size, shape, languages, ", ".join(needs)


def _line(row: tuple[str, ...], widths: list[int], title: str) -> str:
    cells = [
        f"{cell:>{width}}" if name in _NUMBERS else f"{cell:{width}}"
        for name, cell, width in zip(_HEAD, row, widths, strict=True)
    ]
    return f"  {'  '.join([*cells, title])}".rstrip()


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 3].rstrip()}..."


def _columns() -> int:
    return shutil.get_terminal_size((_WHERE_UNKNOWN, 24)).columns
