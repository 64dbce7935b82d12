"""Files of another form of the same release do not count against a row; files that no spec names do."""

from __future__ import annotations

from typing import Any

import pytest

from harness.results.verify.forms import Forms
from harness.specs.resolve import resolved_suite

MNLI = {"format": "taxinli_tsv", "files": {"en": [{"path": "mnli/other.tsv", "sha256": "1"}]}}
RELEASE = {
    "format": "xnli_release_tsv",
    "files": {lang: [{"path": "XNLI-1.0/xnli.test.tsv", "sha256": "1"}] for lang in ("en", "de")},
}
XTREME = {
    "format": "xtreme_pairs",
    "files": {lang: [{"path": f"xnli/test-{lang}.tsv", "sha256": "2"}] for lang in ("de", "en")},
}


@pytest.fixture(scope="module")
def forms() -> Forms:
    return Forms(resolved_suite("real-small"))


def test_two_forms_of_a_split_are_the_same(forms: Forms) -> None:
    expected = {"split": {"rows_of": ["xnli/test"], "languages": ["de", "en"]}, "limit": 3}
    assert [expected, expected] == [forms.without_files({"split": split, "limit": 3}) for split in (RELEASE, XTREME)]


@pytest.mark.parametrize(
    "split",
    [
        MNLI,
        {**RELEASE, "format": "xtreme_pairs"},
        {"format": "xtreme_pairs", "files": {"de": [{"path": "xnli/train-de.tsv", "sha256": "2"}]}},
        {"format": "xtreme_pairs", "files": {"de": [{"path": 7, "sha256": "2"}]}},
        {"format": "xtreme_pairs", "files": {"de": []}},
    ],
)
def test_other_files_stay_by_their_paths(forms: Forms, split: dict[str, Any]) -> None:
    kept = forms.without_files(split)
    assert split["format"] == kept["format"]
    assert [[{"path": entry["path"]} for entry in entries] for entries in split["files"].values()] == [
        *kept["files"].values()
    ]


def test_a_part_of_a_split_stays_a_part(forms: Forms) -> None:
    part = {"share": 0.5, "take": "first"}
    assert part == forms.without_files({**XTREME, "part": part})["part"]
