"""Rows as records of Every Eval Ever, a shared schema of evaluation results (evaleval/every_eval_ever, 0.3.0).

One record a row, at ``data/COLLECTION/DEVELOPER/MODEL/UUID.json``. Scores are proportions. What the schema has no field
for stands under ``additional_details``, whose values are strings there.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from harness import __version__
from harness.files import digest
from harness.results.export.interop import TargetScores, rows_of, scores_of
from harness.results.submission.submission import labels_digest
from leaderboard.names import slug
from leaderboard.read import ResultsFolder
from leaderboard.results import BackboneInfo, RecipeInfo
from leaderboard.statistics import Estimate, Statistics

SCHEMA_VERSION = "0.3.0"
DEVELOPER = "codestilts"
RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")
Relationship = Literal["first_party", "third_party", "collaborative", "other"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who says so.

    Attributes:
        organization: that ran the evaluation.
        relationship: its relationship to the backbones' makers.
        timestamp: seconds since 1970 at which the records are made.
        url: of the board, if there is one.
    """

    organization: str
    relationship: Relationship
    timestamp: int
    url: str | None = None


def records(
    folder: ResultsFolder,
    statistics: Statistics | None,
    source: Source,
    *,
    backbones: tuple[str, ...] = (),
    recipes: tuple[str, ...] = (),
) -> Iterator[tuple[PurePosixPath, dict[str, Any]]]:
    """A record for every row that has a complete target, with its path. Equal content has an equal path.

    Raises:
        UserError: a backbone or recipe is not in the suite.
    """
    for backbone, recipe in rows_of(folder, backbones, recipes):
        found = scores_of(folder, backbone.name, recipe.name)
        if found:
            record = _record(folder, statistics, source, backbone, recipe, found)
            model = slug(record["model_info"]["id"].partition("/")[2])
            content = {
                name: value for name, value in record.items() if name not in ("retrieved_timestamp", "evaluation_id")
            }
            name = uuid.UUID(bytes=hashlib.sha256(digest(content).encode()).digest()[:16], version=4)
            yield (
                PurePosixPath("data", slug(f"codestilts-{folder.suite.name}"), DEVELOPER, model, f"{name}.json"),
                record,
            )


def _record(
    folder: ResultsFolder,
    statistics: Statistics | None,
    source: Source,
    backbone: BackboneInfo,
    recipe: RecipeInfo,
    found: list[TargetScores],
) -> dict[str, Any]:
    suite = folder.suite
    model = f"{DEVELOPER}/{backbone.name}--{recipe.name}"
    intervals = _intervals(statistics, backbone.name, recipe.name)
    where = {"source_organization_url": source.url} if source.url else {}
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"codestilts-{suite.name}/{model}/{source.timestamp}",
        "retrieved_timestamp": str(source.timestamp),
        "source_metadata": {
            "source_name": suite.title,
            "source_type": "evaluation_run",
            "source_organization_name": source.organization,
            "evaluator_relationship": source.relationship,
            **where,
            "additional_details": _strings({"suite": suite.name, "miniature": suite.miniature, "notes": suite.notes}),
        },
        "eval_library": {"name": "codestilts", "version": __version__},
        "model_info": {
            "name": f"{backbone.title}, {recipe.title}",
            "id": model,
            "developer": DEVELOPER,
            "additional_details": {
                "deployment_type": "self_deployed",
                "model_availability": "open_weights" if backbone.licence else "unknown",
                **_strings(_model_details(backbone, recipe)),
            },
        },
        "evaluation_results": [entry for one in found for entry in _target(one, suite.seeds, intervals)],
    }


def _target(one: TargetScores, seeds: tuple[int, ...], intervals: Mapping[str, Estimate]) -> Iterator[dict[str, Any]]:
    """The mean over a target's languages, then every metric of every language."""
    per_seed = {f"seed_{seed}": result.score for seed, result in zip(seeds, one.results, strict=True)}
    details: dict[str, Any] = {"score": one.score, "details": _strings(per_seed)}
    estimate = intervals.get(one.target.name)
    if estimate is not None and estimate.low is not None and estimate.high is not None:
        interval = {"lower": estimate.low, "upper": estimate.high, "method": f"bootstrap over {estimate.kind}"}
        details["uncertainty"] = {"confidence_interval": interval}
    yield _result(one, "", "score", details, sum(one.rows.values()))
    for language, metrics in one.languages.items():
        for metric, value in metrics.items():
            yield _result(one, language, metric, {"score": value}, one.rows[language])


def _result(one: TargetScores, language: str, metric: str, details: dict[str, Any], rows: int) -> dict[str, Any]:
    target = one.target
    data = {
        "split": target.scored_split,
        "languages": language or ", ".join(target.languages),
        "rows": rows,
        "labels_digest": labels_digest(one.results[0], target.name),
        "generated": target.miniature,
    }
    which = f", {language}" if language else ", mean over languages"
    headline = f"the headline metric of {target.metric}" if metric == "score" else metric
    return {
        "evaluation_result_id": "/".join(part for part in (target.name, language, metric) if part),
        "evaluation_name": f"{target.title}{which}",
        "source_data": {"dataset_name": target.title, "source_type": "other", "additional_details": _strings(data)},
        "metric_config": {
            "evaluation_description": f"{headline}, zero-shot from English{which}",
            "metric_id": f"codestilts.{target.metric}" if metric == "score" else metric,
            "metric_name": target.metric if metric == "score" else metric,
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": details,
    }


def _intervals(statistics: Statistics | None, backbone: str, recipe: str) -> Mapping[str, Estimate]:
    if statistics is None:
        return {}
    rows = (row for row in statistics.rows if (row.backbone, row.recipe) == (backbone, recipe))
    return next((row.scores.targets for row in rows), {})


def _model_details(backbone: BackboneInfo, recipe: RecipeInfo) -> dict[str, Any]:
    return {
        "backbone": backbone.name,
        "family": backbone.family,
        "source": backbone.source,
        "licence": backbone.licence,
        "parameters": backbone.parameters,
        "initialised_from": backbone.initialised_from,
        "public_pair": backbone.public_pair,
        "recipe": recipe.name,
        "intermediate_tasks": recipe.tasks,
        "training_recipe": recipe.training,
    }


def _strings(values: Mapping[str, Any]) -> dict[str, str]:
    """What is known, as the strings that the schema wants."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
        if value is not None
    }
