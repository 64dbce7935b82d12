"""What exports to other people's formats share: a row's means over seeds, by target and language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import BackboneInfo, LanguageResult, RecipeInfo, Result, TargetInfo
from tasks.errors import UserError

#: In words and in the hub's names, by type of a target.
TASK_TYPES = {
    "sentence_pair": ("text-classification", "Sentence-pair classification"),
    "multiple_choice": ("multiple-choice", "Multiple choice"),
    "token_tagging": ("token-classification", "Sequence tagging"),
    "span_qa": ("question-answering", "Extractive question answering"),
    "sentence_retrieval": ("sentence-similarity", "Sentence retrieval"),
    "bitext_mining": ("sentence-similarity", "Bitext mining"),
}


@dataclass(frozen=True, kw_only=True)
class TargetScores:
    """One target of one row; values are fractions of one.

    Attributes:
        results: one a seed, in the suite's order.
        score: mean over languages, then over seeds.
        languages: by language each metric's mean over seeds.
    """

    target: TargetInfo
    results: tuple[Result, ...]
    score: float
    languages: dict[str, dict[str, float]]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows were scored, by language."""
        return {language: one.rows for language, one in self.results[0].languages.items()}


def metrics_of(result: LanguageResult) -> dict[str, float]:
    """All metrics of a language, with the headline one as ``score``."""
    return {"score": result.score, **result.metrics}


def require_public(folder: ResultsFolder, *, allow_miniature: bool) -> None:
    """Refuse generated data: in a shared pool nobody would see that they are.

    Raises:
        UserError: the suite is a miniature, and that is not allowed.
    """
    if folder.suite.miniature and not allow_miniature:
        raise UserError(
            f"suite {folder.suite.name!r} is of generated data and tiny backbones",
            remedy="say --allow-miniature if others are to see its scores all the same",
        )


def rows_of(
    folder: ResultsFolder, backbones: Sequence[str] = (), recipes: Sequence[str] = ()
) -> Iterator[tuple[BackboneInfo, RecipeInfo]]:
    """The rows that were asked for, all of them if none was named, in the suite's order.

    Raises:
        UserError: a name is none of the suite's.
    """
    for kind, given, known in (
        ("backbone", backbones, [one.name for one in folder.suite.backbones]),
        ("recipe", recipes, [one.name for one in folder.suite.recipes]),
    ):
        for name in given:
            if name not in known:
                raise UserError(f"there is no {kind} {name!r}", where="suite.json", remedy=f"it has {', '.join(known)}")
    for backbone in folder.suite.backbones:
        for recipe in folder.suite.recipes:
            if backbone.name in (backbones or (backbone.name,)) and recipe.name in (recipes or (recipe.name,)):
                yield backbone, recipe


def scores_of(folder: ResultsFolder, backbone: str, recipe: str) -> list[TargetScores]:
    """The targets of a row that have a result for every seed; of the others nothing is said."""
    found = []
    for target in folder.suite.targets:
        keys = [CellKey(backbone, recipe, target.name, seed) for seed in folder.suite.seeds]
        if not all(key in folder.results for key in keys):
            continue
        results = tuple(folder.results[key] for key in keys)
        languages = {
            language: {
                metric: _mean([metrics_of(result.languages[language])[metric] for result in results])
                for metric in metrics_of(results[0].languages[language])
                if all(metric in metrics_of(result.languages[language]) for result in results)
            }
            for language in target.languages
        }
        score = _mean([result.score for result in results])
        found.append(TargetScores(target=target, results=results, score=score, languages=languages))
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
