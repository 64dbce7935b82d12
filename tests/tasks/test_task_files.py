"""The task files say nothing that types and readers do not know. Their schema is tested with the specs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.readers import READERS
from tasks.types import task_type

TASKS = Path(__file__).resolve().parents[2] / "tasks"
FILES = sorted([*TASKS.glob("intermediate/*.yaml"), *TASKS.glob("target/*.yaml")])
#: How many languages XTREME's evaluate.py scores.
LANGUAGES = {
    "xnli": 15,
    "pawsx": 7,
    "udpos": 33,
    "panx": 40,
    "xquad": 11,
    "mlqa": 7,
    "tydiqa": 9,
    "bucc2018": 4,
    "tatoeba": 36,
}


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(params=FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def spec(request: pytest.FixtureRequest) -> dict[str, Any]:
    found = load(request.param)
    assert request.param.stem == found["name"]
    assert request.param.parent.name == found["role"]
    return found


def test_type_and_metric_exist(spec: dict[str, Any]) -> None:
    labels = spec.get("labels", [])
    assert not (labels and "labels_file" in spec)
    assert [] == task_type(spec["type"]).baseline([], [], labels or ["a"], metric=spec["metric"])


def test_formats_exist(spec: dict[str, Any]) -> None:
    splits = list(spec.get("splits", {}).values())
    splits += [spec["translated"]["split"]] if "translated" in spec else []
    sources = [source for split in splits for source in (split, *split.get("also", ()))]
    assert {source["format"] for source in sources if "format" in source} <= set(READERS)


def test_every_task_but_ccg_and_the_joined_one_has_two_sources(spec: dict[str, Any]) -> None:
    """Release files and, of every split that is read from files, a table of the hub.

    BUCC's sample set is on no hub; UDPOS is there with other rows, which its spec says.
    """
    if spec.get("miniature") or "joins" in spec or "labels_file" in spec:
        return
    for name, split in spec["splits"].items():
        if "from_train" in split or (spec["name"], name) == ("bucc2018", "validation"):
            continue
        tables = [source for source in split["also"] if "hub" in source]
        assert tables, name
        assert ("differs" in tables[0]) == (spec["name"] == "udpos")


def test_file_patterns_can_be_filled_in(spec: dict[str, Any]) -> None:
    """With the language and its code in file names; splits that have rows in several languages tell them apart."""
    codes = spec.get("codes", {})
    for split in spec.get("splits", {}).values():
        names = [
            tuple(
                pattern.format(lang=language, code=codes.get(language, language)) for pattern in split.get("files", ())
            )
            for language in split.get("languages", spec["languages"])
        ]
        one_file = split.get("format") == "xnli_release_tsv"  # with a column that says the language
        assert "files" not in split or one_file or len(set(names)) == len(names)
        assert set(split.get("published_rows", {})) <= set(split.get("languages", spec["languages"]))


def test_languages_are_no_yaml_booleans(spec: dict[str, Any]) -> None:
    """Unquoted ``no`` is false in YAML."""
    assert {str} == {type(language) for language in spec["languages"]}


@pytest.mark.parametrize(("name", "count"), sorted(LANGUAGES.items()))
def test_targets_have_all_of_xtremes_languages(name: str, count: int) -> None:
    assert count == len(load(TASKS / "target" / f"{name}.yaml")["languages"])


def test_tatoeba_has_a_code_for_every_language() -> None:
    tatoeba = load(TASKS / "target" / "tatoeba.yaml")
    assert set(tatoeba["languages"]) == set(tatoeba["codes"])
    assert ("deu", "cmn", "pes", "ell") == tuple(tatoeba["codes"][language] for language in ("de", "zh", "fa", "el"))


def test_tatoebas_layer_is_chosen_on_languages_that_are_not_scored() -> None:
    """All the others of the release's 112, under whatever name."""
    tatoeba = load(TASKS / "target" / "tatoeba.yaml")
    sample = tatoeba["splits"]["validation"]["languages"]
    assert (36, 76) == (len(tatoeba["languages"]), len(set(sample)))
    assert set(sample).isdisjoint(tatoeba["languages"])
    assert set(sample).isdisjoint(tatoeba["codes"].values())


@pytest.mark.data
def test_the_sample_languages_share_next_to_nothing_with_scored_ones(shared_data: Path) -> None:
    """What the task's notes say of it; languages are near each other, and so are some of their sentences."""
    tatoeba = load(TASKS / "target" / "tatoeba.yaml")

    def lines(code: str, side: str) -> list[str]:
        path = shared_data / "tatoeba" / f"tatoeba.{code}-eng.{side}"
        return path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []

    scored = {line for code in tatoeba["codes"].values() for line in lines(code, code)}
    sample = tatoeba["splits"]["validation"]
    assert sample["languages"]
    for code in sample["languages"]:
        found = lines(code, code)
        assert sample["published_rows"][code] == len(found) == len(lines(code, "eng"))
        assert sum(line in scored for line in found) <= 0.03 * len(found), code


@pytest.mark.data
def test_tatoebas_published_counts_are_the_files(shared_data: Path) -> None:
    """Where the file is at hand; a few of the 36 are not among the real rows."""
    tatoeba = load(TASKS / "target" / "tatoeba.yaml")
    published = tatoeba["splits"]["test"]["published_rows"]
    found = {}
    for language, code in tatoeba["codes"].items():
        path = shared_data / "tatoeba" / f"tatoeba.{code}-eng.eng"
        if path.is_file():
            found[language] = path.read_text(encoding="utf-8").count("\n")
    assert 26 <= len(found)
    assert {language: published[language] for language in found} == found
