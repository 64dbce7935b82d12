"""A suite of one's own, small enough to be run again and again: one backbone, two recipes, five targets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SUITE = """\
name: tiny
title: Tiny
description: For tests.
miniature: true
backbones: [mini-xlmr]
recipes: [none, {name: multitask, tasks: [mini-squad, mini-commonsenseqa]}]
targets: [mini-xnli, mini-udpos, mini-xquad, mini-bucc, mini-tatoeba]
training: mini
hyper: {mini-squad: {learning_rate: 1.0e-3}}
task_limits:
  mini-xnli: {languages: [en, qaa]}
  mini-udpos: {languages: [en, qab]}
  mini-xquad: {languages: [en, qac]}
  mini-bucc: {languages: [qab]}
  mini-tatoeba: {languages: [qaa, qad]}
stand_ins:
  mini-bucc: {test: {use: validation, why: For tests.}}
notes: [For tests.]
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "tiny.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def command(suite: Path, store: Path, *extra: str) -> list[str]:
    """The command line of a smoke run of the suite."""
    return [sys.executable, "-m", "harness.cli", "run", str(suite), "--smoke", "--store", str(store), *extra]


def run(suite: Path, store: Path, *extra: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run it to its end in a process of its own."""
    done = subprocess.run(
        command(suite, store, *extra), capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "120"}
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def finished(suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the suite has been run undisturbed, with two workers. Tests copy it before they change it."""
    store = tmp_path_factory.mktemp("finished") / "store"
    run(suite, store, "--workers", "2")
    return store
