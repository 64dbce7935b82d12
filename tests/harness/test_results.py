"""What a suite's page must say of it, beside its scores."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.layered import layered_json
from harness.results import grid
from harness.specs.catalog import Catalog, resolve
from harness.specs.suite import TranslatedUse

CATALOG = Catalog()


def test_a_suite_with_translated_rows_says_that_it_is_not_zero_shot_there() -> None:
    spec = CATALOG.suite("mini")
    without = spec.model_copy(update={"recipes": ("none", "mini-mnli"), "task_limits": {}})

    (note,) = [note for note in grid(resolve(spec, CATALOG)).notes if note.startswith("Not zero-shot")]
    assert "mini-mnli+translated" in note
    assert "qaa, qab, qac, qad" in note
    assert not [note for note in grid(resolve(without, CATALOG)).notes if note.startswith("Not zero-shot")]


def test_a_suite_says_what_model_has_translated_its_rows() -> None:
    use = TranslatedUse(by="nllb-200-distilled-600m", languages=("sw",))
    spec = CATALOG.suite("mini").model_copy(
        update={"recipes": ("mini-mnli+translated",), "task_limits": {}, "translated": use}
    )

    found = grid(resolve(spec, CATALOG))

    (note,) = [note for note in found.notes if note.startswith("Not zero-shot")]
    assert "translated by NLLB-200, distilled, 600M (facebook/nllb-200-distilled-600M@f8d333a098d1)" in note
    assert "(sw) by nllb-200-distilled-600m" in str(found.recipes[0].title)


def test_published_backbones_are_described_with_their_commit_their_origin_and_their_public_pair() -> None:
    spec = CATALOG.suite("mini").model_copy(
        update={"backbones": ("codebert-base", "roberta-base"), "recipes": ("none",), "task_limits": {}}
    )
    found = {backbone.name: backbone for backbone in grid(resolve(spec, CATALOG)).backbones}

    code, text = found["codebert-base"], found["roberta-base"]
    assert code.source == "hub model microsoft/codebert-base, commit 3b0952feddeffad0063f274080e3c23d75e7eb39"
    assert (code.public_pair, code.initialised_from) == ("roberta-base", "FacebookAI/roberta-base")
    assert (text.public_pair, text.initialised_from) == (None, None)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(JSON_VALUES, st.integers(min_value=0, max_value=4))
def test_layered_json_is_json(value: Any, depth: int) -> None:
    assert value == json.loads(layered_json(value, depth))


def test_layered_json_has_one_entry_a_line_as_deep_as_asked() -> None:
    value = {"b": [{"d": 1, "c": [2]}, {}], "a": "é"}
    assert '{\n "a": "é",\n "b": [\n  {"c":[2],"d":1},\n  {}\n ]\n}' == layered_json(value, 2)
    assert '{"a":"é","b":[{"c":[2],"d":1},{}]}' == layered_json(value, 0)
