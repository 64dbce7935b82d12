"""The schema of a results folder's statistics.

    RESULTS/
      statistics.json             everything but single languages
      statistics.languages.json   intervals, gains and pairs by target and language; exploratory

Values, differences and their bounds are fractions of one, like scores. Values that could not be computed are absent
(never a placeholder) and listed under ``missing``. The ``stats`` phase writes both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from leaderboard.read import load
from leaderboard.results import Fraction

STATISTICS_FILE = "statistics.json"
LANGUAGES_FILE = "statistics.languages.json"
STATISTICS_SCHEMA = "codestilts.statistics/1"
LANGUAGES_SCHEMA = "codestilts.language-statistics/1"

#: What an interval and a p-value allow for. ``items``: other test items; nothing is said about training again.
#: ``items+seeds``: other test items and other seeds of training.
Kind = Literal["items", "items+seeds"]
#: ``matched``: further steps that differ in the text alone. ``public``: published models, "not compute-matched".
PairKind = Literal["matched", "public"]
#: ``significant`` and ``not-detected`` after correction within the family; ``untested`` where there is no p-value.
Decision = Literal["significant", "not-detected", "untested"]
ValueT = TypeVar("ValueT")
ModelT = TypeVar("ModelT", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Estimate(_Model):
    """A score with its interval. The bounds are None where no interval can be drawn; ``why`` says why."""

    value: Fraction
    se: float | None = None
    low: float | None = None
    high: float | None = None
    df: float | None = None
    kind: Kind = "items"
    why: str = ""


class Effect(_Model):
    """A difference with its interval and test.

    Attributes:
        value: the difference of fractions.
        se: its standard error.
        low: lower bound of the interval (not corrected for how many there are).
        high: upper bound.
        df: degrees of freedom of the t quantile.
        p: two-sided p-value of "no difference".
        adjusted: the same, corrected within ``family``.
        family: name of the family of tests, as in :attr:`Statistics.families`.
        decision: after correction.
        kind: sources of variation in interval and test.
        why: why there is no interval or test, where there is none.
    """

    value: float
    se: float | None = None
    low: float | None = None
    high: float | None = None
    df: float | None = None
    p: float | None = Field(default=None, ge=0.0, le=1.0)
    adjusted: float | None = Field(default=None, ge=0.0, le=1.0)
    family: str = ""
    decision: Decision = "untested"
    kind: Kind = "items"
    why: str = ""


class Columns(_Model, Generic[ValueT]):
    """One value a column, where it could be computed: the average over all targets, the groups, the targets."""

    average: ValueT | None = None
    groups: dict[str, ValueT] = Field(default_factory=dict)
    targets: dict[str, ValueT] = Field(default_factory=dict)


class RowStatistics(_Model):
    """A row of the board: a backbone with a recipe."""

    backbone: str
    recipe: str
    scores: Columns[Estimate]


class Gains(_Model):
    """A recipe minus recipe ``none``, same backbone. ``own_training_data``: targets whose training data it has seen."""

    backbone: str
    recipe: str
    effects: Columns[Effect]
    own_training_data: tuple[str, ...] = ()


class RecipeEffects(_Model):
    """One recipe of a pair."""

    recipe: str
    effects: Columns[Effect]


class PairStatistics(_Model):
    """A code backbone against its text twin.

    Attributes:
        name: the matched pair's, or ``CODE / TEXT`` of a public pair.
        kind: ``matched``, or ``public``: "not compute-matched", which every mention must say.
        contrasts: code minus text under each recipe, ``none`` first where it is there.
        interactions: (gain of code over its ``none``) minus (gain of text over its ``none``): the mission's question.
    """

    name: str
    kind: PairKind
    code: str
    text: str
    contrasts: tuple[RecipeEffects, ...]
    interactions: tuple[RecipeEffects, ...]


class Pooled(_Model):
    """A mean over pairs: Hartung-Knapp random effects. ``tau`` is the standard deviation between pairs."""

    value: float
    se: float
    low: float
    high: float
    df: float
    p: float = Field(ge=0.0, le=1.0)
    tau: float = Field(ge=0.0)
    pairs: int = Field(ge=3)


class PooledRecipe(_Model):
    """One recipe, pooled over all pairs of a kind that have it: only where there are three or more."""

    kind: PairKind
    measure: Literal["contrast", "interaction"]
    recipe: str
    pairs: tuple[str, ...]
    effects: Columns[Pooled]


class RankedRow(_Model):
    """A row among the complete rows of a column.

    Attributes:
        rank: by value, the best is 1; equal values share the smaller rank.
        low: best rank that can be defended.
        high: worst rank that can be defended.
        group: number of its tie group, from 1. A group begins at the first row that differs from the best of the
            group before it.
        separable: whether it differs from the row listed before it; None for the first.
    """

    backbone: str
    recipe: str
    value: Fraction
    rank: int = Field(ge=1)
    low: int = Field(ge=1)
    high: int = Field(ge=1)
    group: int = Field(ge=1)
    separable: bool | None = None


class Ranking(_Model):
    """The complete rows of a column, best first. ``separable`` of ``neighbours`` adjacent rows differ."""

    rows: tuple[RankedRow, ...]
    neighbours: int = Field(ge=0)
    separable: int = Field(ge=0)
    kind: Kind


class BestChoice(_Model):
    """The recipe with the best validation score (mean over seeds) for one target, ``none`` among the candidates.

    ``gain`` is its test score minus that of ``none``; None where ``none`` itself is best.
    """

    recipe: str
    validation: float
    candidates: int = Field(ge=1)
    score: Estimate
    gain: Effect | None


class Best(_Model):
    """Best recipe per target of one backbone, chosen on validation. ``gain``: the mean over all targets, if all are."""

    backbone: str
    targets: dict[str, BestChoice]
    gain: Effect | None = None


class Family(_Model):
    """Tests that are corrected together."""

    name: str
    method: Literal["holm", "benjamini-hochberg"]
    tests: int = Field(ge=0)
    words: str


class TargetMethod(_Model):
    """How one target's items were drawn.

    Attributes:
        unit: the resampling unit.
        units: how many units, by language.
        joint: whether one draw serves all languages, because they hold the same items.
        words: sentences on the assumptions.
        caution: where intervals or tests miss their bar at this size, that and by how much; else empty.
    """

    unit: str
    units: dict[str, int]
    joint: bool
    words: tuple[str, ...] = ()
    caution: str = ""


class SeedVariance(_Model):
    """Seed variation of a column, pooled over rows: the standard deviation, as a fraction, of the rows' average."""

    sd: float = Field(ge=0.0)
    df: float = Field(gt=0.0)


class Method(_Model):
    """How all of this was computed."""

    confidence: float = Field(gt=0.0, lt=1.0)
    level: float = Field(gt=0.0, lt=1.0)  # of the tests, after correction
    resamples: int = Field(ge=1)
    flips: int = Field(ge=1)
    seed: int
    seeds: tuple[int, ...]  # of training
    kind: Kind
    words: tuple[str, ...]
    targets: dict[str, TargetMethod]
    seed_variance: Columns[SeedVariance] = Columns()


class Missing(_Model):
    """A missing statistic and its cause; ``what`` is its name, ``where`` its row, pair or target."""

    what: str
    where: str
    why: str


class Statistics(_Model):
    """``statistics.json``."""

    schema_: Literal["codestilts.statistics/1"] = Field(default="codestilts.statistics/1", alias="schema")
    suite: str
    method: Method
    rows: tuple[RowStatistics, ...]
    gains: tuple[Gains, ...]
    pairs: tuple[PairStatistics, ...]
    pooled: tuple[PooledRecipe, ...] = ()
    ranks: Columns[Ranking]
    best: tuple[Best, ...] = ()
    families: dict[str, Family]
    missing: tuple[Missing, ...] = ()


#: By target, then by language.
ByLanguage = dict[str, dict[str, ValueT]]


class LanguageScores(_Model):
    """A row's scores by target and language."""

    backbone: str
    recipe: str
    scores: ByLanguage[Estimate]


class LanguageGains(_Model):
    """A recipe minus ``none`` by target and language."""

    backbone: str
    recipe: str
    effects: ByLanguage[Effect]


class LanguageRecipe(_Model):
    """One recipe of a pair by target and language."""

    recipe: str
    effects: ByLanguage[Effect]


class LanguagePair(_Model):
    """A pair by target and language."""

    name: str
    kind: PairKind
    contrasts: tuple[LanguageRecipe, ...]
    interactions: tuple[LanguageRecipe, ...]


class LanguageStatistics(_Model):
    """``statistics.languages.json``."""

    schema_: Literal["codestilts.language-statistics/1"] = Field(
        default="codestilts.language-statistics/1", alias="schema"
    )
    suite: str
    rows: tuple[LanguageScores, ...]
    gains: tuple[LanguageGains, ...]
    pairs: tuple[LanguagePair, ...]
    families: dict[str, Family]


def read_statistics(results: Path) -> Statistics | None:
    """The statistics of a results folder, or None where there are none.

    Raises:
        UserError: the file is there and is not as it should be; it and the field are named.
    """
    return _read(results, STATISTICS_FILE, Statistics, STATISTICS_SCHEMA)


def read_language_statistics(results: Path) -> LanguageStatistics | None:
    """The statistics by language of a results folder, or None where there are none.

    Raises:
        UserError: the file is there and is not as it should be; it and the field are named.
    """
    return _read(results, LANGUAGES_FILE, LanguageStatistics, LANGUAGES_SCHEMA)


def _read(results: Path, name: str, model: type[ModelT], schema: str) -> ModelT | None:
    return load(results, Path(name), model, schema) if (results / name).is_file() else None
