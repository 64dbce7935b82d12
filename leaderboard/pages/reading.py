"""How a result of retrieval was read out of its encoder: the curve it was chosen by, and the threshold of mining."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leaderboard.charts.lines import Series, line_chart
from leaderboard.pages.blocks import Block, Figure, TableBlock, paragraphs
from leaderboard.pages.look import Look
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import plural

_TUNED = "On the sample the threshold is an oracle; the board's scores are on pairs that it was not tuned on."
_ORACLE = "There is no sample: the threshold was tuned on the scored pairs, so the score is the best of any threshold."


def is_reading(details: Mapping[str, Any]) -> bool:
    """Do these details tell of a reading, as those of retrieval do?"""
    return {"layer", "layers", "pooling", "rule"} <= details.keys()


def reading_blocks(
    details: Mapping[str, Any], title: str, key: str, *, miniature: bool, oracle: bool = False
) -> tuple[Block, ...]:
    """The reading in a sentence, with its curve and thresholds; nothing for a result of another kind.

    ``oracle``: the thresholds were tuned on scored pairs.
    """
    if not is_reading(details):
        return ()
    sentence = (
        f"{title}: read from hidden state {details['layer']} of {details['layers']}, pooled by {details['pooling']}: "
    )
    blocks: list[Block] = [paragraphs(sentence + _why(details))]
    curve: Mapping[str, list[float]] = details.get("curve") or {}
    if curve:
        blocks += _curve(curve, details, title, key, miniature=miniature)
    return (*blocks, *threshold_blocks(details, title, key, miniature=miniature, oracle=oracle))


def _why(details: Mapping[str, Any]) -> str:
    if details["rule"] == "dev":
        languages = plural(details["chosen_on"]["languages"], "language")
        return f"the best mean on unscored samples in {languages}."
    return "the paper's layer, scaled to the depth, because no unscored sample is available."


def curve_series(curve: Mapping[str, list[float]], details: Mapping[str, Any]) -> tuple[Series, ...]:
    """The curves of all poolings, in points; the chosen place is ringed."""
    return tuple(
        Series(
            name=f"{pooling} (chosen: hidden state {details['layer']})" if pooling == details["pooling"] else pooling,
            points=tuple((float(layer), score * 100) for layer, score in enumerate(scores)),
            ringed=details["layer"] if pooling == details["pooling"] else None,
        )
        for pooling, scores in curve.items()
    )


def _curve(
    curve: Mapping[str, list[float]], details: Mapping[str, Any], title: str, key: str, *, miniature: bool
) -> tuple[Block, ...]:
    series = curve_series(curve, details)
    about = "Mean score on the samples by hidden state, 0 being the embeddings; the chosen one is ringed."
    chart = line_chart(
        series, key=f"curve-{key}", title=f"Layer curves of {title}", about=about, across="Hidden state",
        up="Score on samples (points)",
    )  # fmt: skip
    table = Table(
        name=f"curve-{key}",
        caption=f"{title}: mean score on the samples by pooling and hidden state, in points",
        columns=(
            Column(key="pooling", title="Pooling", kind="text"),
            *(Column(key=f"layer.{layer}", title=str(layer)) for layer in range(details["layers"] + 1)),
        ),
        rows=tuple(
            (
                Field(value=pooling),
                *(
                    Field(value=score, mark="*" if (layer, pooling) == (details["layer"], details["pooling"]) else "")
                    for layer, score in enumerate(scores)
                ),
            )
            for pooling, scores in curve.items()
        ),
        notes=("* the chosen one",),
        miniature=miniature,
    )
    look = Look(id=f"table-curve-{key}", label=f"Layer curves of {title}, in numbers", heads=("pooling",), downloads=())
    return (
        Figure(svg=chart, caption=f"{title}. {about}", label=f"Layer curves of {title}",
               series=tuple(one.name for one in series)),
        TableBlock(table=table, look=look),
    )  # fmt: skip


def threshold_blocks(
    details: Mapping[str, Any], title: str, key: str, *, miniature: bool, oracle: bool = False
) -> tuple[Block, ...]:
    """Thresholds of mining by language, and precision and recall of the sample around them where they are kept."""
    where = "the scored pairs" if oracle else "the sample"
    found = {
        name: one
        for name, one in (details.get("languages") or {}).items()
        if isinstance(one, dict) and "threshold" in one
    }
    if not found:
        return ()
    table = Table(
        name=f"thresholds-{key}",
        caption=f"{title}: the threshold by language, and its scores on {where} that it was tuned on, in points",
        columns=(
            Column(key="language", title="Language", kind="text"),
            Column(key="threshold", title="Threshold", kind="number"),
            Column(key="precision", title="Precision", group=f"On {where}"),
            Column(key="recall", title="Recall", group=f"On {where}"),
            Column(key="f1", title="F1", group=f"On {where}"),
        ),
        rows=tuple(
            (
                Field(value=name),
                Field(value=f"{one['threshold']:.4f}"),
                *(Field(value=one.get("dev_oracle", {}).get(name_)) for name_ in ("precision", "recall", "f1")),
            )
            for name, one in found.items()
        ),
        notes=(_ORACLE if oracle else _TUNED,),
        miniature=miniature,
    )
    look = Look(id=f"table-thresholds-{key}", label=f"Thresholds of {title}", heads=("language",), downloads=())
    blocks: list[Block] = [TableBlock(table=table, look=look)]
    for name, one in found.items():
        around = one.get("around")
        if isinstance(around, dict) and len(around["threshold"]) > 1:
            blocks.append(_around(around, one["threshold"], f"{title}, {name}", f"{key}-{name}", where))
    return tuple(blocks)


def _around(around: Mapping[str, list[float]], threshold: float, title: str, key: str, where: str) -> Figure:
    series = tuple(
        Series(
            name=words,
            points=tuple((at, value * 100) for at, value in zip(around["threshold"], around[name], strict=True)),
        )
        for name, words in (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))
    )
    about = (
        f"Precision, recall and F1 on {where} by threshold; the vertical line marks the chosen one, {threshold:.4f}."
    )
    chart = line_chart(
        series, key=f"around-{key}", title=f"Around the threshold of {title}", about=about, across="Threshold",
        up=f"On {where} (points)", at=threshold,
    )  # fmt: skip
    return Figure(
        svg=chart, caption=f"{title}. {about}", label=f"Around the threshold of {title}",
        series=tuple(one.name for one in series),
    )  # fmt: skip
