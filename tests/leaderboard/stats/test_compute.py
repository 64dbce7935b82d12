"""The statistics of whole results folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.statistics import (
    LANGUAGES_FILE,
    STATISTICS_FILE,
    LanguageStatistics,
    Statistics,
    read_language_statistics,
    read_statistics,
)
from leaderboard.stats.compute import of_folder, write
from leaderboard.stats.settings import Settings
from tasks.errors import UserError
from tests.leaderboard.stats.boards import DRAWN, LANGUAGES, RECIPES, write_board

SETTINGS = Settings(resamples=300, flips=2000)


def computed(folder: Path, settings: Settings = SETTINGS) -> tuple[Statistics, LanguageStatistics]:
    return of_folder(folder, settings, lambda _fraction, _note: None)


@pytest.fixture(scope="module")
def one_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_board(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def three_seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_board(tmp_path_factory.mktemp("three"), seeds=(1, 2, 3))


def test_what_is_written_is_read_and_the_same_bytes_come_again(one_seed: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        write(*computed(one_seed), folder)

    assert read_statistics(first) == computed(one_seed)[0]
    assert read_language_statistics(first) == computed(one_seed)[1]
    for name in (STATISTICS_FILE, LANGUAGES_FILE):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_whole_board_has_every_value(one_seed: Path) -> None:
    found, languages = computed(one_seed)

    assert found.missing == tuple(one for one in found.missing if one.what == "a mean over pairs"), "nothing else lacks"
    for row in found.rows:
        assert row.scores.average is not None
        assert set(row.scores.targets) == set(DRAWN)
        assert row.scores.average.value == pytest.approx(
            sum(one.value for one in row.scores.targets.values()) / len(DRAWN), abs=1e-5
        )
    for one in languages.rows:
        assert {target: tuple(scores) for target, scores in one.scores.items()} == dict.fromkeys(DRAWN, LANGUAGES)
    assert len(found.gains) == 2 * (len(RECIPES) - 1)
    assert [pair.name for pair in found.pairs] == ["base"]
    assert [one.recipe for one in found.pairs[0].contrasts] == list(RECIPES)


def test_a_recipe_that_helps_is_found_and_one_that_does_not_is_not(one_seed: Path) -> None:
    found, _ = computed(one_seed)

    for gain in found.gains:
        assert gain.effects.average is not None
        assert gain.effects.average.decision == ("significant" if gain.recipe == "mnli" else "not-detected")
    own = {gain.recipe: gain.own_training_data for gain in found.gains}
    assert own == {"mnli": ("xnli",), "squad": ("xquad",)}


def test_interactions_are_differences_of_gains(one_seed: Path) -> None:
    found, _ = computed(one_seed)
    gains = {(one.backbone, one.recipe): one.effects for one in found.gains}

    for one in found.pairs[0].interactions:
        assert set(DRAWN) == set(one.effects.targets)
        for target, effect in one.effects.targets.items():
            code, text = (gains[f"base+{side}", one.recipe].targets[target].value for side in ("code", "text"))
            assert effect.value == pytest.approx(code - text, abs=2e-6)
    assert ["mnli", "squad"] == [one.recipe for one in found.pairs[0].interactions]


def test_tests_are_corrected_within_their_family(one_seed: Path) -> None:
    found, languages = computed(one_seed)

    family = found.families["gains of base+code: targets"]
    assert (family.method, family.tests) == ("holm", 2 * len(DRAWN))
    assert {name for name in found.families if "interactions" in name} == {
        f"interactions of base: {level}" for level in ("average", "groups", "targets")
    }
    assert {family.method for family in languages.families.values()} == {"benjamini-hochberg"}
    for gain in found.gains:
        for effect in (*gain.effects.targets.values(), *gain.effects.groups.values()):
            assert effect.p is not None
            assert effect.adjusted is not None
            assert effect.adjusted >= effect.p


def test_with_one_seed_nothing_is_said_of_training(one_seed: Path) -> None:
    found, _ = computed(one_seed)

    assert found.method.kind == "items"
    assert {row.scores.average.kind for row in found.rows if row.scores.average} == {"items"}
    assert found.method.seed_variance.average is None
    assert any("nothing is said of training again" in sentence for sentence in found.method.words)


def test_seeds_enter_intervals_where_something_is_trained(three_seeds: Path) -> None:
    found, _ = computed(three_seeds)
    variance = found.method.seed_variance

    assert found.method.kind == "items+seeds"
    assert variance.targets["xnli"].df == 2 * len(found.rows)
    assert variance.targets["tatoeba"].df == 2 * (len(found.rows) - 2), "under none all seeds are one"
    none = next(row for row in found.rows if row.recipe == "none").scores.targets
    assert none["tatoeba"].df == pytest.approx(158, rel=0.1), "items of two languages alone"
    assert none["xnli"].df != 79


def test_missing_cells_stay_missing(tmp_path: Path) -> None:
    folder = write_board(tmp_path / "board", seeds=(1, 2))
    for path in (folder / "base+code" / "mnli").glob("xnli-s2*"):
        path.unlink()

    found, languages = computed(folder)

    row = next(one for one in found.rows if (one.backbone, one.recipe) == ("base+code", "mnli"))
    assert row.scores.average is None
    assert "classification" not in row.scores.groups
    assert set(row.scores.targets) == set(DRAWN) - {"xnli"}
    gain = next(one for one in found.gains if (one.backbone, one.recipe) == ("base+code", "mnli"))
    assert "xnli" not in gain.effects.targets
    assert found.families["gains of base+code: targets"].tests == 2 * len(DRAWN) - 1
    assert "xnli" not in next(one for one in languages.gains if one.backbone == "base+code").effects
    assert found.ranks.average is not None
    assert len(found.ranks.average.rows) == len(found.rows) - 1
    lacking = [one for one in found.missing if one.where == "base+code / mnli"]
    assert "It has no result at every seed for xnli." in [one.why for one in lacking]


def test_the_other_targets_do_not_change_what_one_says(one_seed: Path, tmp_path: Path) -> None:
    alone = write_board(tmp_path / "alone", targets=("xquad",))

    assert computed(alone)[0].rows[0].scores.targets["xquad"] == computed(one_seed)[0].rows[0].scores.targets["xquad"]


def test_the_best_recipe_is_chosen_on_validation(one_seed: Path) -> None:
    found, _ = computed(one_seed)

    assert {"base+code", "base+text"} == {best.backbone for best in found.best}
    for best in found.best:
        assert {choice.recipe for choice in best.targets.values()} == {"mnli"}, "its validation scores are the highest"
        assert {choice.validation for choice in best.targets.values()} == {0.5}
        gains = [choice.gain.value for choice in best.targets.values() if choice.gain]
        assert best.gain is not None
        assert best.gain.value == pytest.approx(sum(gains) / len(DRAWN), abs=1e-5)


def test_without_validation_scores_nothing_is_chosen(tmp_path: Path) -> None:
    folder = write_board(tmp_path / "board")
    for path in folder.glob("*/*/tatoeba-s1.json"):
        edit(path, lambda record: record.update(details={}))

    found, _ = computed(folder)

    assert found.best
    assert all("tatoeba" not in best.targets and best.gain is None for best in found.best)
    assert {one.where for one in found.missing if "best" in one.what} == {"base+code", "base+text"}


def test_public_pairs_are_marked(tmp_path: Path) -> None:
    folder = write_board(tmp_path / "board", backbones=("base", "base+code"))
    edit(folder / "suite.json", lambda record: record["backbones"][1].update(pair=None))

    found, _ = computed(folder)

    assert [(pair.name, pair.kind) for pair in found.pairs] == [("base+code / base", "public")]


@pytest.mark.parametrize(("family", "known"), [("code", True), ("mixed", True), ("text", False)])
def test_a_public_pair_is_what_the_spec_says_not_what_a_published_model_is_called(
    tmp_path: Path, family: str, *, known: bool
) -> None:
    folder = write_board(tmp_path / "board", backbones=("base", "base+code"))
    said = {"pair": None, "initialised_from": "Someone/base", "public_pair": "base", "family": family}
    edit(folder / "suite.json", lambda record: record["backbones"][1].update(said))

    found, _ = computed(folder)

    assert [(pair.name, pair.kind) for pair in found.pairs] == [("base+code / base", "public")] * known


def test_pairs_are_pooled_from_three_on(tmp_path: Path) -> None:
    names = [f"{base}+{side}" for base in ("a", "b", "c") for side in ("code", "text")]

    three, _ = computed(write_board(tmp_path / "three", backbones=names))
    two, _ = computed(write_board(tmp_path / "two", backbones=names[:4]))

    assert two.pooled == ()
    assert any("There are 2 pairs" in one.why for one in two.missing)
    assert {one.measure for one in three.pooled} == {"contrast", "interaction"}
    pooled = next(one for one in three.pooled if (one.measure, one.recipe) == ("contrast", "none"))
    assert pooled.effects.average is not None
    values = [pair.contrasts[0].effects.average.value for pair in three.pairs if pair.contrasts[0].effects.average]
    assert min(values) <= pooled.effects.average.value <= max(values)
    assert pooled.effects.average.df == 2


def test_a_suite_without_none_has_no_gains(tmp_path: Path) -> None:
    found, _ = computed(write_board(tmp_path / "board", recipes=("mnli", "squad")))

    assert found.gains == ()
    assert found.pairs[0].interactions == ()
    assert any("no recipe 'none'" in one.why for one in found.missing)


def test_few_units_are_cautioned_against(one_seed: Path, tmp_path: Path) -> None:
    few, _ = computed(write_board(tmp_path / "board", units=12))

    assert "Fewer than" in few.method.targets["panx"].caution
    assert computed(one_seed)[0].method.targets["panx"].caution == ""


def test_a_target_that_is_parallel_in_part_is_drawn_jointly(tmp_path: Path) -> None:
    results = write_board(tmp_path / "results", targets=("panx",), units=60)
    edit(results / "suite.json", lambda suite: suite["targets"][0].update(partly_parallel=True))

    method = computed(results)[0].method.targets["panx"]

    assert method.joint
    assert "One draw serves all languages: paragraphs that share an item" in method.words[0]


def test_a_score_that_its_counts_do_not_give_is_named(tmp_path: Path) -> None:
    folder = write_board(tmp_path / "board")
    path = folder / "base+text" / "none" / "xnli-s1.units.json"
    edit(path, lambda record: record["languages"]["en"].update(u0=[0.0, 4.0], u1=[0.0, 4.0]))

    with pytest.raises(UserError, match=r"base\+text/none/xnli-s1\.units\.json: its counts give"):
        computed(folder)


def test_counts_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = write_board(tmp_path / "board")
    path = folder / "base+text" / "none" / "xnli-s1.units.json"
    path.write_text(path.read_text(encoding="utf-8")[:-5], encoding="utf-8")

    with pytest.raises(UserError, match=r"base\+text/none/xnli-s1\.units\.json: no readable counts"):
        computed(folder)


def test_a_board_without_results_has_no_statistics(tmp_path: Path) -> None:
    folder = write_board(tmp_path / "board", backbones=("base",), recipes=("none",), targets=("xnli",))
    for path in (folder / "base" / "none").iterdir():
        path.unlink()

    with pytest.raises(UserError, match="there are no results, so no statistics"):
        computed(folder)


def edit(path: Path, how: Callable[[dict[str, Any]], Any]) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    how(record)
    path.write_text(json.dumps(record), encoding="utf-8")
