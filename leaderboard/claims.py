"""The nine claims of Phang et al. 2020, each with a rule that tests it on the results of every backbone.

The published gains are quoted as the project's list of claims gives them; the paper's own tables were not at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from leaderboard.findings import interval_words
from leaderboard.lookup import AVERAGE, Lookup, Place
from leaderboard.provenance import results_of, stages_of
from leaderboard.read import ResultsFolder
from leaderboard.results import BASELINE_RECIPE, BackboneInfo, RecipeInfo
from leaderboard.scores import Board, Row
from leaderboard.statistics import Effect, RankedRow
from leaderboard.words import points, signed

Verdict = Literal["supported", "contradicted", "undecided", "not measured here"]
#: A gain is large from here on, as a fraction of one. The paper says "large" of gains of seven points and more, and
#: names no least size; two points is more than what other seeds or code are known to change.
LARGE = 0.02
NINE = frozenset({"anli", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa"})
_SAME = {"squad": "squad_v1"}
_XLMR_LARGE = (24, 1024)


@dataclass(frozen=True, kw_only=True)
class Tested:
    """The verdict of a rule on one backbone, or on the whole suite."""

    subject: str
    verdict: Verdict
    numbers: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim with its rule, the verdicts, and their summary in one word."""

    number: int
    text: str
    published: str
    rule: str
    verdict: Verdict
    tested: tuple[Tested, ...]


@dataclass(frozen=True, kw_only=True)
class _Case:
    board: Board
    folder: ResultsFolder
    lookup: Lookup
    large: float

    def single(self) -> list[RecipeInfo]:
        """Recipes of one task in English and nothing else."""
        return [one for one in self.board.suite.recipes if len(one.tasks) == 1 and "+" not in one.name]

    def recipe(self, task: str) -> RecipeInfo | None:
        return next((one for one in self.single() if canonical(one.tasks[0]) == task), None)

    def multitask(self) -> RecipeInfo | None:
        return next((one for one in self.board.suite.recipes if len(one.tasks) > 1 and "+" not in one.name), None)

    def target(self, name: str) -> str | None:
        return next((one.name for one in self.board.suite.targets if canonical(one.name) == name), None)

    def rank(self, backbone: str, recipe: str) -> RankedRow | None:
        return self.lookup.ranks.get(AVERAGE, {}).get((backbone, recipe))


def canonical(name: str) -> str:
    """A task's name without the miniature's prefix, in one spelling."""
    plain = name.removeprefix("mini-")
    return _SAME.get(plain, plain)


def judge_claims(board: Board, folder: ResultsFolder, lookup: Lookup, *, large: float = LARGE) -> tuple[Claim, ...]:
    """Test all nine; a gain is large from ``large`` on, a fraction of one."""
    case = _Case(board=board, folder=folder, lookup=lookup, large=large)
    backbones = board.suite.backbones

    def each(rule: Callable[[_Case, BackboneInfo], Tested]) -> tuple[Tested, ...]:
        return tuple(rule(case, backbone) for backbone in backbones)

    least = points(large)
    entries: tuple[tuple[str, str, str, tuple[Tested, ...]], ...] = (
        (
            "Intermediate training on SQuAD, MNLI and HellaSwag gives large target improvements.",
            "+8.2, +7.5 and +7.0 points on average",
            (f"Supported if the interval of the average gain lies above {least} points for all three; contradicted "
            f"if it lies below {least} points for one. If a task is missing, the claim can be contradicted, but not "
            "supported."),
            each(_three_tasks),
        ),
        (
            "Multi-task training on all nine intermediate tasks is best.",
            "+8.7 points on average",
            ("Supported if the worst possible rank of the multi-task row is better than the best possible one of every "
            "single-task row of the backbone; contradicted if a single-task row is better than it in that sense."),
            each(_multitask),
        ),
        (
            "Large improvements on BUCC and Tatoeba, which have no training data.",
            "named in the abstract, without a number",
            (f"Supported if for more than half of the intermediate recipes the interval of the gain on the retrieval "
            f"group "
            f"lies above {least} points; contradicted if for more than half it lies below."),
            each(_retrieval),
        ),
        (
            "TyDiQA improves consistently with many intermediate tasks; XNLI does not benefit.",
            "as said",
            ("Supported if at least half of the single-task recipes improve TyDiQA detectably and none improves XNLI "
            "detectably (recipes that hold the target's own training data are left out); contradicted if half or more "
            "improve XNLI detectably, or if for more than half the interval of TyDiQA's gain lies below "
            f"{least} points: an undetected gain contradicts nothing."),
            each(_tydiqa_xnli),
        ),
        (
            "The best model per target improves on the baseline over the whole of XTREME.",
            "+5.4 points",
            ("The best recipe per target is chosen on validation. Supported if the interval of its mean gain lies "
            "above "
            "zero, contradicted if below; the published size is given for comparison."),
            each(_best),
        ),
        (
            ("English intermediate training beats continuing multilingual masked language modelling during it, and "
            "machine-translated intermediate data."),
            "neither helps consistently",
            ("Supported if every recipe ranks, beyond doubt, before its variants +mlm and +translated; contradicted "
            "if a "
            "variant ranks, beyond doubt, before its recipe."),
            each(_variants),
        ),
        (
            "XLM-R Large is the starting point.",
            "set-up",
            "Supported if the suite has a backbone from XLM-R Large with 24 layers of width 1,024.",
            (_xlmr_large(case),),
        ),
        (
            ("The protocol has three phases: a pretrained backbone, English intermediate training, English "
            "fine-tuning with "
            "zero-shot tests; retrieval comes straight from the second."),
            "set-up",
            ("Supported if every result with an intermediate task depends on an intermediate stage, and on a "
            "fine-tuning stage exactly if its target has training data."),
            (_phases(case),),
        ),
        (
            "Nine intermediate tasks are studied.",
            "set-up",
            f"Supported if the recipes hold all of {', '.join(sorted(NINE))}.",
            (_nine(case),),
        ),
    )  # fmt: skip
    return tuple(
        Claim(number=number, text=text, published=published, rule=rule, verdict=overall(tested), tested=tested)
        for number, (text, published, rule, tested) in enumerate(entries, start=1)
    )


def overall(tested: Iterable[Tested]) -> Verdict:
    """One word for all backbones on which a claim could be tested: theirs if they agree, else undecided."""
    found = Counter(one.verdict for one in tested if one.verdict != "not measured here")
    if not found:
        return "not measured here"
    return next(iter(found)) if len(found) == 1 else "undecided"


def judge(effects: Sequence[Effect | None], bound: float, *, all_of: bool = True) -> Verdict:
    """Do intervals lie above a bound (all of them), below it (one of them), or neither?

    None, and an effect without an interval, lie on neither side: they cannot support, and do not hinder that the others
    contradict.
    """
    there = [one for one in effects if one is not None]
    above = sum(one.low is not None and one.low > bound for one in there)
    below = sum(one.high is not None and one.high < bound for one in there)
    if all_of:
        return "supported" if above == len(effects) else "contradicted" if below else "undecided"
    half = len(effects) / 2
    return "supported" if above > half else "contradicted" if below > half else "undecided"


def _said(case: _Case, effect: Effect) -> str:
    return f"{signed(effect.value)}{interval_words(effect, case.lookup.interval)}"


def _lost(backbone: BackboneInfo, why: str) -> Tested:
    return Tested(subject=backbone.name, verdict="not measured here", numbers=why)


def _three_tasks(case: _Case, backbone: BackboneInfo) -> Tested:
    found: list[tuple[str, Effect]] = []
    lost: list[str] = []
    for task in ("squad_v1", "mnli", "hellaswag"):
        recipe = case.recipe(task)
        effect = case.lookup.gain(backbone.name, recipe.name, AVERAGE) if recipe else None
        if recipe is None or effect is None:
            lost.append(f"{task} has no average gain")
        else:
            found.append((recipe.name, effect))
    if not found:
        return _lost(backbone, f"{'; '.join(lost)}.")
    numbers = "; ".join((*(f"{name} {_said(case, effect)}" for name, effect in found), *lost))
    effects = [*(effect for _, effect in found), *(None for _ in lost)]
    return Tested(subject=backbone.name, verdict=judge(effects, case.large), numbers=numbers)


def _before(first: RankedRow, second: RankedRow) -> bool:
    """Does the one rank before the other beyond doubt?"""
    return first.high < second.low


def _range(row: RankedRow) -> str:
    return f"rank {row.low} to {row.high}" if row.low != row.high else f"rank {row.low}"


def _multitask(case: _Case, backbone: BackboneInfo) -> Tested:
    recipe = case.multitask()
    mixed = case.rank(backbone.name, recipe.name) if recipe else None
    singles = [(one.name, case.rank(backbone.name, one.name)) for one in case.single()]
    if mixed is None or not singles or any(rank is None for _, rank in singles):
        return _lost(backbone, "Not every single-task row and the multi-task row have a rank.")
    ranks = [(name, rank) for name, rank in singles if rank is not None]
    best = min(ranks, key=lambda entry: entry[1].rank)
    verdict: Verdict = "undecided"
    if all(_before(mixed, rank) for _, rank in ranks):
        verdict = "supported"
    elif any(_before(rank, mixed) for _, rank in ranks):
        verdict = "contradicted"
    numbers = (
        f"multi-task {points(mixed.value)} ({_range(mixed)}); best single task, {best[0]}, {points(best[1].value)} "
        f"({_range(best[1])})"
    )
    return Tested(subject=backbone.name, verdict=verdict, numbers=numbers)


def _retrieval(case: _Case, backbone: BackboneInfo) -> Tested:
    recipes = [one for one in case.board.suite.recipes if one.name != BASELINE_RECIPE]
    place = Place("group", "retrieval")
    found = [(one.name, case.lookup.gain(backbone.name, one.name, place)) for one in recipes]
    effects = [(name, effect) for name, effect in found if effect is not None]
    if not effects:
        return _lost(backbone, "There is no gain on the retrieval group.")
    best, worst = (pick(effects, key=lambda entry: entry[1].value) for pick in (max, min))
    numbers = f"{len(effects)} recipes; most {best[0]} {_said(case, best[1])}, least {worst[0]} {_said(case, worst[1])}"
    verdict = judge([effect for _, effect in effects], case.large, all_of=False)
    return Tested(subject=backbone.name, verdict=verdict, numbers=numbers)


def _gains(case: _Case, backbone: BackboneInfo, target: str) -> list[Effect]:
    """Return the tested gains of single-task recipes on a target, except those trained on its own data."""
    found = (
        case.lookup.gain(backbone.name, recipe.name, Place("target", target))
        for recipe in case.single()
        if target not in case.lookup.own.get((backbone.name, recipe.name), ())
    )
    return [effect for effect in found if effect is not None and effect.decision != "untested"]


def _improved(effects: Sequence[Effect]) -> int:
    return sum(effect.decision == "significant" and effect.value > 0 for effect in effects)


def _tydiqa_xnli(case: _Case, backbone: BackboneInfo) -> Tested:
    tydiqa, xnli = case.target("tydiqa"), case.target("xnli")
    if tydiqa is None or xnli is None:
        return _lost(backbone, "The suite lacks TyDiQA or XNLI.")
    gains, xnli_gains = (_gains(case, backbone, target) for target in (tydiqa, xnli))
    (up, of), (xnli_up, xnli_of) = ((_improved(found), len(found)) for found in (gains, xnli_gains))
    small = sum(effect.high is not None and effect.high < case.large for effect in gains)
    if not of or not xnli_of:
        return _lost(backbone, "No gain on TyDiQA or on XNLI was tested.")
    verdict: Verdict = "undecided"
    if 2 * up >= of and not xnli_up:
        verdict = "supported"
    elif 2 * xnli_up >= xnli_of or 2 * small > of:
        verdict = "contradicted"
    numbers = (
        f"TyDiQA improves detectably with {up} of {of} tasks, by less than {points(case.large)} points with {small}; "
        f"XNLI improves detectably with {xnli_up} of {xnli_of}"
    )
    return Tested(subject=backbone.name, verdict=verdict, numbers=numbers)


def _best(case: _Case, backbone: BackboneInfo) -> Tested:
    best = next((one for one in case.lookup.best if one.backbone == backbone.name), None)
    if best is None or best.gain is None:
        return _lost(backbone, "There is no best recipe per target that was chosen on validation for all targets.")
    effect = best.gain
    verdict: Verdict = judge([effect], 0.0)
    inside = effect.low is not None and effect.high is not None and effect.low <= 0.054 <= effect.high  # noqa: PLR2004
    numbers = f"{_said(case, effect)}; the published +5.4 lies {'inside' if inside else 'outside'} the interval"
    return Tested(subject=backbone.name, verdict=verdict, numbers=numbers)


def _variants(case: _Case, backbone: BackboneInfo) -> Tested:
    names = {one.name for one in case.board.suite.recipes}
    found: list[tuple[str, RankedRow, str, RankedRow]] = []
    for name in sorted(names):
        base, plus, _ = name.partition("+")
        if not plus or base not in names:
            continue
        ours, theirs = case.rank(backbone.name, base), case.rank(backbone.name, name)
        if ours is not None and theirs is not None:
            found.append((base, ours, name, theirs))
    if not found:
        return _lost(backbone, "No recipe has a rank together with its variant +mlm or +translated.")
    verdict: Verdict = "undecided"
    if all(_before(ours, theirs) for _, ours, _, theirs in found):
        verdict = "supported"
    elif any(_before(theirs, ours) for _, ours, _, theirs in found):
        verdict = "contradicted"
    numbers = "; ".join(
        f"{base} {points(ours.value)} ({_range(ours)}), {name} {points(theirs.value)} ({_range(theirs)})"
        for base, ours, name, theirs in found
    )
    return Tested(subject=backbone.name, verdict=verdict, numbers=numbers)


def _xlmr_large(case: _Case) -> Tested:
    for backbone in case.board.suite.backbones:
        named = "xlm-roberta-large" in f"{backbone.name} {backbone.source}".lower()
        if named and (backbone.layers, backbone.hidden_size) == _XLMR_LARGE:
            return Tested(subject="suite", verdict="supported", numbers=f"{backbone.name}: {backbone.source}")
    names = ", ".join(backbone.name for backbone in case.board.suite.backbones)
    return Tested(subject="suite", verdict="not measured here", numbers=f"The suite has other backbones: {names}.")


def _phases(case: _Case) -> Tested:
    tuned = {target.name: target.trained_on is not None for target in case.board.suite.targets}
    checked = 0
    wrong: list[str] = []
    for row in _with_intermediate(case.board):
        for result in results_of(case.folder, row):
            phases = {stage.phase for stage in stages_of([result])}
            if not phases:
                continue
            checked += 1
            if "intermediate" not in phases or ("finetune" in phases) != tuned[result.target]:
                wrong.append(f"{result.backbone} / {result.recipe} / {result.target}")
    if not checked:
        return Tested(subject="suite", verdict="not measured here", numbers="No result records its stages.")
    if wrong:
        numbers = f"{len(wrong)} of {checked} results come from other phases, {wrong[0]} among them."
        return Tested(subject="suite", verdict="contradicted", numbers=numbers)
    return Tested(subject="suite", verdict="supported", numbers=f"All {checked} results come from these phases.")


def _with_intermediate(board: Board) -> list[Row]:
    return [row for row in board.rows if row.recipe.tasks]


def _nine(case: _Case) -> Tested:
    there = {canonical(task) for recipe in case.board.suite.recipes for task in recipe.tasks}
    lacking = sorted(NINE - there)
    if lacking:
        numbers = f"{len(NINE & there)} of nine are present; missing: {', '.join(lacking)}."
        return Tested(subject="suite", verdict="not measured here", numbers=numbers)
    more = sorted(there - NINE)
    numbers = "All nine are present." + (f" Beyond them: {', '.join(more)}." if more else "")
    return Tested(subject="suite", verdict="supported", numbers=numbers)
