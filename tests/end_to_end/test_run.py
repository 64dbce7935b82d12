"""The whole chain from the command line: backbone, intermediate training, fine-tuning, prediction, scores, page."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from harness.specs.catalog import Catalog
from harness.store.artifacts import State, Store
from harness.store.ledger import latest_run, read_events
from leaderboard.read import read_results
from leaderboard.statistics import read_language_statistics, read_statistics
from leaderboard.stats import compute
from leaderboard.stats.settings import Settings
from tests.end_to_end.conftest import command, run

NAME = "tiny-smoke"
CATALOG = Catalog()


def tree(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def predictions(store: Path) -> dict[str, str]:
    held = Store(store)
    return {
        f"{key}/{name}": value
        for key in held
        for name, value in tree(held.folder(key)).items()
        if name.startswith("predictions/")
    }


def outcomes(store: Path) -> dict[str, str]:
    run_id = latest_run(store)
    assert run_id is not None
    return {event["stage"]: event["outcome"] for event in read_events(store, run_id) if event["event"] == "ended"}


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished store, to be changed."""
    copy = tmp_path / "store"
    shutil.copytree(finished, copy)
    return copy


def test_every_cell_has_a_result_with_what_it_stands_on(finished: Path) -> None:
    folder = read_results(finished / "results" / NAME)

    assert len(folder.results) == 2 * 5
    assert not folder.gaps
    cell = json.loads((finished / "results" / NAME / "mini-xlmr/multitask/mini-xquad-s1.json").read_text())
    stages = [entry["stage"].split("/")[0] for entry in cell["provenance"]["stages"]]
    assert {"prepare", "convert", "pretrain", "intermediate", "finetune", "predict", "score"} == set(stages)
    assert cell["marks"] == ["own-training-data"]
    assert {"en", "qac"} == set(cell["languages"])
    assert cell["details"]["finetune"]
    recipe = {"finetune": {"learning_rate": [4e-3, 1e-3]}}
    assert {"name": "mini", "title": CATALOG.training("mini").title, "differs": recipe} == cell["details"][
        "training_recipe"
    ]
    assert 0 <= cell["languages"]["en"]["baseline"] <= 1


def test_a_run_ends_with_statistics_of_what_it_scored(finished: Path) -> None:
    """Both files are those of the results beside them, and the site was built when they were there."""
    results = finished / "results" / NAME
    statistics, languages = read_statistics(results), read_language_statistics(results)

    assert statistics is not None
    assert languages is not None
    assert {("mini-xlmr", "none"), ("mini-xlmr", "multitask")} == {(r.backbone, r.recipe) for r in statistics.rows}
    again = compute.of_folder(results, Settings(), lambda _done, _note: None)
    assert (statistics, languages) == again
    assert outcomes(finished)[f"stats/{NAME}"] == "done"


def test_statistics_are_kept_until_a_score_changes(suite: Path, store: Path) -> None:
    before = tree(store / "results" / NAME)

    again = run(suite, store)
    assert re.search(r"^Stages: \d+ cached$", again.stdout, re.MULTILINE), again.stdout
    assert tree(store / "results" / NAME) == before

    forced = run(suite, store, "--force", "stats/*")
    assert "Stages: 1 done, " in forced.stdout
    assert tree(store / "results" / NAME) == before


def test_statistics_stay_when_the_store_is_cleaned_for_their_suite(suite: Path, finished: Path, tmp_path: Path) -> None:
    """Their key is in no plan, so their suite's name keeps them; another suite's does not."""
    same = tmp_path / "same.yaml"
    same.write_text(suite.read_text().replace("name: tiny", f"name: {NAME}"))
    clean = [sys.executable, "-m", "harness.cli", "store", "gc", "--dry-run", "--store", str(finished)]

    kept, gone = (
        subprocess.run([*clean, str(named)], capture_output=True, text=True, check=True).stdout
        for named in (same, suite)
    )

    assert "would remove" in kept
    assert f"stats/{NAME}" not in kept
    assert f"stats/{NAME}" in gone


def test_training_rows_are_encoded_once_for_all_recipes_and_are_no_part_of_an_artifact(finished: Path) -> None:
    kept = [path for path in (finished / "encoded").iterdir() if (path / "encoded.json").exists()]
    finetuned = [name for name in outcomes(finished) if name.startswith("finetune/")]

    assert len(kept) == len(finetuned) // 2 + 1  # MNLI, UDPOS and SQuAD of two recipes; CommonsenseQA of the mixture
    assert not list((finished / "artifacts").glob("*/*/.encoded"))


def test_a_mixture_says_what_it_really_drew(finished: Path) -> None:
    cell = json.loads((finished / "results" / NAME / "mini-xlmr/multitask/mini-xnli-s1.json").read_text())

    drawn = json.dumps(cell["details"]["intermediate"])
    assert "mini-squad" in drawn
    assert "mini-commonsenseqa" in drawn


def test_a_result_of_retrieval_says_how_it_was_read(finished: Path) -> None:
    """Tatoeba's layer is chosen; where what is tuned on is what is scored none is, and every page says so."""
    folder = finished / "results" / NAME / "mini-xlmr/none"
    tatoeba, bucc = (json.loads((folder / f"{name}-s1.json").read_text()) for name in ("mini-tatoeba", "mini-bucc"))

    assert ("dev", []) == (tatoeba["details"]["rule"], tatoeba["marks"])
    assert {3} == {len(scores) for scores in tatoeba["details"]["curve"].values()}
    beside = {"accuracy_depth_scaled", "accuracy_foreign_to_english", "accuracy_strict"}
    assert beside < tatoeba["languages"]["qad"]["metrics"].keys()
    assert ("depth-scaled", ["oracle-threshold"]) == (bucc["details"]["rule"], bucc["marks"])
    assert bucc["details"]["oracle_threshold"] is True
    site = finished / "site" / NAME
    for page in ("index.html", "task-mini-bucc.html", "row-mini-xlmr--none.html"):
        assert "Oracle threshold" in (site / page).read_text(encoding="utf-8"), page
    assert "Oracle threshold" not in (site / "task-mini-tatoeba.html").read_text(encoding="utf-8")


def test_the_ledger_holds_what_each_stage_ran_on(finished: Path) -> None:
    run_id = latest_run(finished)
    assert run_id is not None
    (end,) = [
        event
        for event in read_events(finished, run_id)
        if event["event"] == "ended" and event["stage"] == "convert/mini-xlmr"
    ]

    assert end["seconds"] > 0
    assert end["peak_memory"] > 10_000_000
    assert {"torch", "python"} <= set(end["versions"])
    assert end["host"]
    assert end["cpu_capability"]
    assert "git" in end


def test_predictions_lie_in_xtremes_layout(finished: Path) -> None:
    names = {name.split("/", 2)[2] for name in predictions(finished)}

    assert "mini-xnli/test-qaa.tsv" in names
    assert "mini-xquad/test-en.json" in names
    assert len(predictions(finished)) == 2 * (2 + 2 + 2 + 1 + 2)


def test_labels_were_handed_to_score_alone(finished: Path) -> None:
    held = Store(finished)
    readers = set()
    for key in held:
        manifest = held.look(key).manifest
        assert manifest is not None
        if "labels" in manifest.inputs:
            readers.add(manifest.phase)

    assert {"score"} == readers


def test_fine_tuned_weights_are_gone_and_intermediate_ones_kept(finished: Path) -> None:
    held = Store(finished)
    states = {}
    for key in held:
        manifest = held.look(key).manifest
        assert manifest is not None
        states.setdefault(manifest.phase, set()).add(held.look(key).state)

    assert {State.DROPPED} == states["finetune"]
    assert {State.PRESENT} == states["intermediate"]


def test_a_second_run_keeps_everything_and_gives_the_same_page(suite: Path, store: Path) -> None:
    before = tree(store / "site"), tree(store / "results")

    done = run(suite, store)

    assert {"cached"} == set(outcomes(store).values())
    assert before == (tree(store / "site"), tree(store / "results"))
    assert f"Leaderboard: {(store / 'site' / NAME / 'index.html').resolve()}" in done.stdout


def test_the_first_line_says_suite_and_runner(suite: Path, store: Path) -> None:
    assert f"Suite {suite} on the local runner" in run(suite, store).stderr.splitlines()[0]


def test_one_worker_predicts_the_same_bytes_as_two(suite: Path, finished: Path, tmp_path: Path) -> None:
    run(suite, tmp_path / "other", "--workers", "1")

    assert predictions(finished) == predictions(tmp_path / "other")


def test_killed_at_random_moments_the_result_is_that_of_an_undisturbed_run(
    suite: Path, finished: Path, tmp_path: Path
) -> None:
    """The whole process group is killed with SIGKILL, five times, and the run then goes to its end."""
    store = tmp_path / "store"
    draw = random.Random(7)
    for _ in range(5):
        process = subprocess.Popen(
            command(suite, store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(draw.uniform(1.0, 8.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    run(suite, store)

    done = [
        event["stage"]
        for path in sorted((store / "runs").glob("*.jsonl"))
        for event in read_events(store, path.stem)
        if event["event"] == "ended" and event["outcome"] == "done"
    ]
    assert len(done) == len(set(done)), "a finished stage was run again"
    assert predictions(finished) == predictions(store)
    assert [] == list((store / "tmp").iterdir()) or all(not list(path.iterdir()) for path in (store / "tmp").iterdir())


def test_ctrl_c_ends_with_130_and_keeps_what_is_finished(suite: Path, finished: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = subprocess.Popen(
        command(suite, store), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "done   convert/mini-xlmr" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    rest = process.stderr.read()
    process.stderr.close()

    assert process.wait(timeout=30) == 130
    assert "interrupted; finished stages are kept" in rest
    assert "Traceback" not in rest
    run(suite, store)
    assert outcomes(store)["convert/mini-xlmr"] == "cached"
    assert predictions(finished) == predictions(store)


def test_a_corrupted_artifact_is_found_said_and_made_again(suite: Path, store: Path) -> None:
    held = Store(store)
    (key,) = [k for k in held if (m := held.look(k).manifest) and m.name == "prepare/inputs/mini-xnli"]
    path = held.folder(key) / "test-en.jsonl"
    before = path.read_bytes()
    path.write_bytes(before[:-40])

    done = run(suite, store)

    found = outcomes(store)
    assert "its artifact is damaged" in done.stderr
    assert found["prepare/inputs/mini-xnli"] == "done"
    assert found["predict/mini-xlmr/none/mini-xnli/s1"] == "cached", "equal bytes again: nothing below runs"
    assert before == path.read_bytes()


def test_a_failed_cell_is_a_gap_and_no_mean_is_taken_over_it(suite: Path, store: Path) -> None:
    """A prediction file loses a line but no byte; the score made again must fail, and say so on page and terminal."""
    held = Store(store)
    (key,) = [k for k in held if (m := held.look(k).manifest) and m.name == "predict/mini-xlmr/none/mini-xnli/s1"]
    path = held.folder(key) / "predictions/mini-xnli/test-en.tsv"
    path.write_text(path.read_text().replace("\n", "x", 1))

    done = run(suite, store, "--force", "score/mini-xlmr/none/mini-xnli/s1", expect=1)

    folder = read_results(store / "results" / NAME)
    (gap,) = folder.gaps.values() if isinstance(folder.gaps, dict) else folder.gaps
    assert "bad-input" in done.stdout
    assert gap.failure == "bad-input"
    assert gap.outcome == "failed"
    assert outcomes(store)[f"stats/{NAME}"] == "done"
    statistics = read_statistics(store / "results" / NAME)
    assert statistics is not None
    scores = {row.recipe: row.scores for row in statistics.rows}
    assert "mini-xnli" not in scores["none"].targets, "nothing stands for what is missing"
    assert scores["none"].average is None
    assert scores["multitask"].average is not None
    page = (store / "site" / NAME / "index.html").read_text(encoding="utf-8")
    assert "score/mini-xlmr/none/mini-xnli/s1" in page


def test_force_runs_what_was_named_and_nothing_else(suite: Path, store: Path) -> None:
    run(suite, store, "--force", "score/baseline/*")

    ran = {stage for stage, outcome in outcomes(store).items() if outcome == "done"}
    assert {f"score/baseline/mini-{name}" for name in ("xnli", "udpos", "xquad", "bucc", "tatoeba")} == ran


def test_diff_names_what_separates_two_rows(finished: Path) -> None:
    results = finished / "results" / NAME
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness.cli",
            "diff",
            "mini-xlmr/none",
            "mini-xlmr/multitask",
            "--results",
            str(results),
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "intermediate: only in the second row (intermediate/mini-xlmr/multitask/s1)" in done.stdout


def test_plan_after_a_changed_hyper_parameter_says_what_changed(suite: Path, store: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    asked = yaml.safe_load(suite.read_text())
    asked["hyper"]["mini-udpos"] = {"learning_rate": 0.0005}
    changed.write_text(yaml.safe_dump(asked))

    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "plan", str(changed), "--smoke", "--all", "--store", str(store)],
        capture_output=True,
        text=True,
        check=True,
    )

    (line,) = [line for line in done.stdout.splitlines() if " finetune/mini-xlmr/none/mini-udpos/s1 " in line]
    assert "changed: params.hyper.learning_rate: 0.004 -> 0.0005" in line
    (line,) = [line for line in done.stdout.splitlines() if " finetune/mini-xlmr/none/mini-mnli/s1 " in line]
    assert line.endswith("cached")
