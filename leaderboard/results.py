"""The schema of the results folder.

    RESULTS/
      suite.json                                    the requested grid, with its notes
      BACKBONE/RECIPE/TARGET-sSEED.json             one result
      BACKBONE/RECIPE/TARGET-sSEED.units.json       its counts per language and resampling unit
      gaps.json                                     cells of the grid without a result, each with its cause

Scores are fractions of one everywhere; pages multiply by a hundred.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RESULT_SCHEMA = "codestilts.result/1"
SUITE_SCHEMA = "codestilts.suite-grid/1"
GAPS_SCHEMA = "codestilts.gaps/1"
UNITS_SCHEMA = "codestilts.units/1"

#: The recipe without an intermediate task, against which gains are taken.
BASELINE_RECIPE = "none"

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Family = Literal["code", "text", "mixed"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exposure(_Model):
    """Labelled or code data that a backbone is known to have seen, with where that is said."""

    what: str
    source: str


class Pair(_Model):
    """Membership in a matched pair."""

    name: str
    side: Literal["code", "text"]


class BackboneInfo(_Model):
    """Description of a backbone."""

    name: str
    title: str
    family: Family
    saw: tuple[Exposure, ...] = ()
    pair: Pair | None = None
    public_pair: str | None = None  # the published text backbone it stands beside; never matched in compute
    initialised_from: str | None = None  # a backbone here by its name, or a published model by its id
    architecture: str
    layers: int
    hidden_size: int
    parameters: int | None = None
    source: str  # where the weights come from, with revision or version, for people
    licence: str | None = None


class RecipeInfo(_Model):
    """How phase (ii) was done."""

    name: str  # "none", a task, "multitask", ...
    title: str
    tasks: tuple[str, ...] = ()
    training: str  # name of the training recipe (hyper-parameters)


class TargetInfo(_Model):
    """Description of a target task."""

    name: str
    title: str
    group: Literal["classification", "tagging", "qa", "retrieval"]
    type: str
    metric: str
    resampling_unit: str
    languages: tuple[str, ...]  # as scored here, in the spec's order
    all_languages: tuple[str, ...]  # as XTREME scores it
    parallel: bool  # the same items in every language
    partly_parallel: bool = False  # some of the same items, in units that have one name in all languages
    trained_on: str | None = None  # the training task's name, None for retrieval
    scored_split: str  # "test", or the split that stands in for it
    miniature: bool = False  # generated data


class SuiteGrid(_Model):
    """``suite.json``: rows and columns in the order of the page, and the suite's own words."""

    schema_: Literal["codestilts.suite-grid/1"] = Field(default="codestilts.suite-grid/1", alias="schema")
    name: str
    title: str
    description: str
    miniature: bool = False  # generated data and tiny backbones: said on every page
    backbones: tuple[BackboneInfo, ...]
    recipes: tuple[RecipeInfo, ...]
    targets: tuple[TargetInfo, ...]
    seeds: tuple[int, ...]
    notes: tuple[str, ...] = ()  # stand-ins, caps, overlap removed: shown on every page that shows scores
    origins: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # joined: BACKBONE/RECIPE to suites

    def suites_of(self, backbone: str, recipe: str) -> tuple[str, ...]:
        """The suites that a row's results come from: more than one only where boards were joined."""
        return self.origins.get(f"{backbone}/{recipe}", (self.name,))


class LanguageResult(_Model):
    """One target in one language."""

    score: Fraction
    metrics: dict[str, Fraction]
    rows: int
    units: int
    baseline: Fraction | None = None
    unknown: Fraction | None = None  # share of text pieces the tokenizer does not know
    truncated: Fraction | None = None  # share of rows of which some text did not fit
    fertility: float | None = None  # pieces per word


class Result(_Model):
    """One cell of the grid: (backbone, recipe, target, seed)."""

    schema_: Literal["codestilts.result/1"] = Field(default="codestilts.result/1", alias="schema")
    suite: str
    backbone: str
    recipe: str
    target: str
    seed: int
    score: Fraction  # plain mean over the languages, English included (XTREME)
    languages: dict[str, LanguageResult]
    marks: tuple[str, ...] = ()  # e.g. "own-training-data": the intermediate task is the target's training data
    details: dict[str, Any] = Field(default_factory=dict)  # e.g. retrieval layer, best epoch, rows trained on
    provenance: dict[str, Any] = Field(default_factory=dict)  # stage keys, digests, versions, host


class Units(_Model):
    """Counts per language and resampling unit, for paired statistics."""

    schema_: Literal["codestilts.units/1"] = Field(default="codestilts.units/1", alias="schema")
    columns: tuple[str, ...]
    languages: dict[str, dict[str, tuple[float, ...]]]


class Gap(_Model):
    """A cell without a result, and why."""

    backbone: str
    recipe: str
    target: str
    seed: int
    outcome: Literal["failed", "blocked", "not-run"]
    stage: str  # the stage that is at fault
    failure: str  # class, e.g. "out-of-memory", "stage-error", "not-selected"
    reason: str  # one sentence


class Gaps(_Model):
    """``gaps.json``."""

    schema_: Literal["codestilts.gaps/1"] = Field(default="codestilts.gaps/1", alias="schema")
    gaps: tuple[Gap, ...] = ()
