"""Which source of a split is read, and what a suite says of rows that differ or are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.locate import SourceFiles, find_source, hub_folder
from harness.data.receipts import RECEIPT
from harness.data.suite_rows import SuiteRows, suite_rows
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import RecipeSpec, StandIn, TaskLimits
from harness.specs.task import HubTable, RowsSource, SplitSpec
from tasks.errors import DataError

TABLE = HubTable(id="toy/rows", revision="a" * 40, config="{code}", splits=("train", "more"), codes={"de": "ger"})
SPLIT = SplitSpec(
    format="first",
    files=("first/{lang}.tsv",),
    also=(
        RowsSource(format="other", files=("other/{lang}.tsv",), differs="It is shorter."),
        RowsSource(format="treebanks", files=("ud/*/{code}_*.conllu",)),
        RowsSource(format="table", hub=TABLE),
    ),
)


def put(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")


def find(folder: Path, *languages: str) -> SourceFiles:
    found = find_source(SPLIT, languages or ("en",), {}, folder)
    assert found is not None
    return found


def table(folder: Path, language: str) -> None:
    top = folder / hub_folder(TABLE, language, {})
    for split in TABLE.splits:
        put(top / split, "1.parquet", "0.parquet")
        (top / split / RECEIPT).write_text(json.dumps({"files": {"1.parquet": "", "0.parquet": ""}}))


def test_the_first_source_that_is_there_counts_and_one_that_differs_comes_last(tmp_path: Path) -> None:
    assert find_source(SPLIT, ["en"], {}, tmp_path) is None
    put(tmp_path, "other/en.tsv")
    assert ("other", "It is shorter.") == (find(tmp_path).source.format, find(tmp_path).source.differs)
    table(tmp_path, "en")
    assert ("table", None) == (find(tmp_path).source.format, find(tmp_path).source.differs)
    put(tmp_path, "ud/UD_b/en_a.conllu")
    assert "treebanks" == find(tmp_path).source.format
    put(tmp_path, "first/en.tsv")
    assert ("first", {"en": ("first/en.tsv",)}) == (find(tmp_path).source.format, find(tmp_path).files)


def test_a_source_counts_only_in_every_language(tmp_path: Path) -> None:
    put(tmp_path, "first/en.tsv", "other/en.tsv", "other/de.tsv")

    assert "other" == find(tmp_path, "en", "de").source.format
    assert "first" == find(tmp_path, "en").source.format


def test_files_of_a_pattern_come_in_the_order_of_their_own_names(tmp_path: Path) -> None:
    put(tmp_path, "ud/UD_a/en_z.conllu", "ud/UD_z/en_a.conllu", "ud/UD_a/de_a.conllu")

    assert ("ud/UD_z/en_a.conllu", "ud/UD_a/en_z.conllu") == find(tmp_path).files["en"]


def test_a_table_has_codes_of_its_own_and_counts_only_whole(tmp_path: Path) -> None:
    table(tmp_path, "de")
    top = f"hub/toy--rows/{'a' * 40}/ger"
    assert (
        tuple(f"{top}/{split}/{number}.parquet" for split in TABLE.splits for number in (0, 1))
        == (find(tmp_path, "de").files["de"])
    )
    (tmp_path / top / "more/1.parquet").unlink()
    assert find_source(SPLIT, ["de"], {}, tmp_path) is None
    (tmp_path / top / "more" / RECEIPT).write_text("[")
    with pytest.raises(DataError, match="not what 'data fetch' writes"):
        find(tmp_path, "de")


def rows(folder: Path, *recipes: str | RecipeSpec, targets: tuple[str, ...] = ("xquad",), **more: Any) -> SuiteRows:
    catalog = Catalog()
    fields = {"backbones": ("minilm",), "recipes": recipes, "targets": targets, "stand_ins": {}, "task_limits": {}}
    update = fields | more
    return suite_rows(resolve(catalog.suite("real-small").model_copy(update=update), catalog), folder)


def test_a_suite_says_that_rows_differ_where_it_reads_such(tmp_path: Path) -> None:
    put(tmp_path, "xnli/train-en.tsv")

    notes = rows(tmp_path, "mnli").notes

    (told,) = (note for note in notes if "XTREME's copy" in note)
    assert told.startswith("MultiNLI, train: XTREME's copy comes from XNLI's release")
    assert not any("XTREME's copy" in note for note in rows(tmp_path, "commonsenseqa").notes)
    put(tmp_path, "mnli/train.tsv")
    assert not any("XTREME's copy" in note for note in rows(tmp_path, "mnli").notes)


def test_a_suite_runs_without_ccg_and_says_so(tmp_path: Path) -> None:
    mixed = RecipeSpec(name="both", title="both", tasks=("ccg", "commonsenseqa"))

    read = rows(tmp_path, "none", "ccg", mixed)

    found = read.resolved
    assert {"none": (), "both": ("commonsenseqa",)} == {recipe.name: recipe.tasks for recipe in found.recipes}
    assert "both, without CCG supertagging (CCGbank)" == found.recipes[1].title
    assert "ccg" not in found.tasks
    assert any(note.startswith("Without CCG supertagging (CCGbank): CCGbank has no open copy") for note in read.notes)


def test_a_suite_of_ccg_alone_is_refused_without_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recipe is left without ccg"):
        _ = rows(tmp_path, "ccg").resolved


def test_ccg_that_is_there_is_read_with_its_categories(tmp_path: Path) -> None:
    put(tmp_path, "ccg/train.tsv", "ccg/dev.tsv")
    (tmp_path / "ccg/tags.txt").write_text("N\nN/N\n(S\\NP)/NP\n")

    read = rows(tmp_path, "ccg")

    assert ("N", "N/N", "(S\\NP)/NP") == read.resolved.tasks["ccg"].labels
    assert ["ccg/train.tsv", "ccg/dev.tsv"] == read.files["ccg"]


@pytest.mark.parametrize(("text", "message"), [("N\nN\n", "has come before"), ("N\nN N\n", "not one label a line")])
def test_a_list_of_categories_is_one_a_line(tmp_path: Path, text: str, message: str) -> None:
    put(tmp_path, "ccg/train.tsv", "ccg/dev.tsv")
    (tmp_path / "ccg/tags.txt").write_text(text)

    with pytest.raises(DataError, match=message):
        _ = rows(tmp_path, "ccg").resolved


def test_splits_read_as_each_other_come_from_one_source(tmp_path: Path) -> None:
    put(tmp_path, "udpos/dev-en.tsv", *(f"ud-treebanks-v2.5/UD/{name}_x-ud-dev.conllu" for name in ("en", "de")))
    stand_ins = {"udpos": {"test": StandIn(use="validation", why="a test")}}

    read = rows(
        tmp_path, "none", targets=("udpos",), stand_ins=stand_ins, task_limits={"udpos": TaskLimits(languages=("de",))}
    )

    lines = [read.required("udpos", split) for split in ("validation", "test")]
    assert [("conllu", ("en",)), ("conllu", ("de",))] == [
        (line.source.format, line.languages) for line in lines if line.source is not None
    ]


def test_what_stands_in_for_a_joined_task_is_read_in_the_place_of_its_parts(tmp_path: Path) -> None:
    own = StandIn(split=SplitSpec(format="xtreme_nli_train", files=("own.tsv",)), why="a test")

    read = rows(tmp_path, "anli_plus", stand_ins={"anli_plus": {"train": own, "validation": own}})

    assert ["own.tsv"] == read.files["anli_plus"]
    assert {"anli_plus", "squad_v1", "xquad"} == {line.task.name for line in read.lines}


def test_files_of_other_languages_are_known_whatever_is_there(tmp_path: Path) -> None:
    put(tmp_path, "xnli/dev-en.tsv", "xnli/dev-de.tsv")
    stand_ins = {"xnli": {"test": StandIn(use="validation", why="a test")}}

    read = rows(
        tmp_path, "none", targets=("xnli",), stand_ins=stand_ins, task_limits={"xnli": TaskLimits(languages=("en",))}
    )

    assert read.required("xnli", "test").found
    assert "de" == read.foreign["xnli/dev-de.tsv"]
    assert "xnli/dev-en.tsv" not in read.foreign
