"""Specs: every fault is one sentence with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SpecError
from harness.specs.loading import load_spec
from harness.specs.suite import SuiteSpec

GOOD = """\
name: mine
title: Mine
description: A suite.
backbones: [mini-xlmr]
recipes: [none]
targets: [mini-xnli]
training: mini
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_suite_is_read(tmp_path: Path) -> None:
    assert ("mini-xlmr",) == load_spec(write(tmp_path, GOOD), SuiteSpec).backbones


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "recipies: [none]\n", r"unknown key 'recipies' \(did you mean 'recipes'\)"),
        (GOOD + "zzz: 1\n", r"unknown key 'zzz' \(allowed: backbones, "),
        (
            GOOD.replace("targets: [mini-xnli]", "targets: mini-xnli"),
            r"line 6: field 'targets': input should be a valid",
        ),
        (GOOD.replace("title: Mine\n", ""), r"field 'title': field required"),
        (GOOD + "limits: {train: 0}\n", r"line 8: field 'limits\.train': input should be greater than or equal to 1"),
        (GOOD + "seeds: [1, 1]\n", r"'seeds' names something twice"),
        (GOOD + "translated: {languages: [de, de]}\n", r"'languages' names a language twice"),
        (GOOD + "title: Again\n", r"line 8: not valid YAML: key 'title' is given twice"),
        (GOOD + "notes: [unclosed\n", r"line 9: not valid YAML"),
        ("", r"does not hold a mapping"),
        ("- a\n- b\n", r"does not hold a mapping"),
        (
            GOOD + "stand_ins: {xnli: {test: {why: because}}}\n",
            r"field 'stand_ins\.xnli\.test': a stand-in needs either",
        ),
        (GOOD.replace("name: mine", "name: Mine Own"), r"line 1: field 'name': string should match pattern"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(write(tmp_path, text), SuiteSpec)

    assert pytest.approx(1) == len(str(caught.value).splitlines())
    assert str(tmp_path / "mine.yaml") in str(caught.value)
    caught.match(message)


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such file"):
        load_spec(tmp_path / "none.yaml", SuiteSpec)
    (tmp_path / "bad.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(SpecError, match="UTF-8"):
        load_spec(tmp_path / "bad.yaml", SuiteSpec)
