"""A corpus of articles: found below ``--data``, fetched from a hub on loopback, prepared, and planned for ``+mlm``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.context import StageContext
from harness.data.articles import LocatedArticles, located_articles
from harness.data.tables import needs
from harness.errors import SpecError
from harness.files import file_digest
from harness.phases import prepare
from harness.plan.suite import plan_suite
from harness.specs.catalog import Catalog
from harness.specs.corpus import ArticlesText, CorpusSpec
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec
from tasks.errors import DataError
from tasks.rows import read_json_lines, write_json_lines
from tests.hub_server import HubServer
from tests.samples import write_table

WIKIPEDIA = Catalog().corpus("wikipedia")
SOURCE = WIKIPEDIA.sources[0]
assert isinstance(SOURCE, ArticlesText)
assert SOURCE.hub is not None
FEW = SOURCE.model_copy(update={"languages": ("de", "sw"), "max_characters": 1000})


CODE = Catalog().corpus("code-search-net").sources[0]
assert isinstance(CODE, ArticlesText)


def text_file(path: Path, *articles: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(articles) + "\n", encoding="utf-8")
    return path


def located(source: ArticlesText, folder: Path) -> LocatedArticles:
    return located_articles(source, folder)


def run_prepare(
    tmp_path: Path, source: LocatedArticles, scored: dict[str, list[str]] | None = None, **entries: Any
) -> Path:
    data, out = tmp_path / "data", tmp_path / "out"
    out.mkdir()
    files = {
        language: [{"path": path, "sha256": file_digest(data / path)} for path in paths]
        for language, paths in source.paths.items()
    }
    entry = {
        "kind": "articles",
        "format": source.format,
        "files": files,
        "sizes": source.sizes,
        "max_characters": source.source.max_characters,
        **entries,
    }
    folder = tmp_path / "scored"
    folder.mkdir()
    for language, texts in (scored or {}).items():
        rows = [{"id": str(n), "unit": "0", "context": text, "question": "?"} for n, text in enumerate(texts)]
        write_json_lines(folder / f"test-{language}.jsonl", rows)
    params = {"kind": "corpus", "sources": [entry], "max_characters": None}
    inputs = {"exclude:xquad": folder}
    prepare.run(StageContext(params=params, inputs=inputs, out=out, progress=lambda *_: None, data=data))
    return out


def test_text_lies_in_one_file_a_language_or_in_a_folder_of_files(tmp_path: Path) -> None:
    one = text_file(tmp_path / "wiki/de.txt", "Eins.", "Zwei.")
    folder = [text_file(tmp_path / f"wiki/sw/{name}.txt", name) for name in ("b", "a")]
    found = located(FEW, tmp_path)

    assert "text_articles" == found.format
    assert {"de": ("wiki/de.txt",), "sw": ("wiki/sw/a.txt", "wiki/sw/b.txt")} == found.paths
    assert {"de": one.stat().st_size, "sw": sum(path.stat().st_size for path in folder)} == found.sizes


def serve(hub: HubServer, tmp_path: Path, shards: int = 3) -> None:
    assert SOURCE.hub is not None
    files = {"README.md": b"# Wikipedia"}
    for language in SOURCE.languages:
        for shard in range(shards if language == "en" else 1):
            rows = [{"id": f"{shard}{n}", "text": f"{language} article {n} of file {shard}"} for n in range(4)]
            name = f"20231101.{language}/train-{shard:05}-of-{shards:05}.parquet"
            files[name] = write_table(tmp_path / "served" / name, rows).read_bytes()
    hub.dataset_at(SOURCE.hub.id, SOURCE.hub.revision, files)


def test_the_first_file_of_each_language_is_fetched_and_the_size_of_all_is_kept(
    hub: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(hub, tmp_path)
    data = tmp_path / "data"

    assert main(["data", "fetch", "wikipedia", "--data", str(data)]) == 0

    assert "40 tables of 1 data sets to fetch" in capsys.readouterr().err
    found = located(SOURCE, data)
    assert "hub_articles" == found.format
    assert {1} == {len(paths) for paths in found.paths.values()}
    one = (data / found.paths["en"][0]).stat().st_size
    assert pytest.approx(3 * one, rel=0.05) == found.sizes["en"]
    assert (data / found.paths["de"][0]).stat().st_size == found.sizes["de"]
    assert not hub.downloads("20231101.en/train-00001-of-00003.parquet")
    assert () == needs("wikipedia", data).tables
    hub.asked.clear()
    more = FEW.model_copy(update={"languages": ("en",), "hub_files": 2})
    assert "text_articles" == located(more, data).format, "one file of two is not what it asks for"


def test_hub_articles_are_prepared(hub: HubServer, tmp_path: Path) -> None:
    serve(hub, tmp_path)
    assert main(["data", "fetch", "wikipedia", "--data", str(tmp_path / "data")]) == 0
    out = run_prepare(tmp_path, located(FEW, tmp_path / "data"))

    texts = [record["text"] for record in read_json_lines(out / "texts/de.jsonl")]
    assert {f"de article {n} of file 0" for n in range(4)} == set(texts)
    assert {"de", "sw"} == json.loads((out / "languages.json").read_text()).keys()


def test_a_missing_language_is_one_sentence_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for language in SOURCE.languages:
        if language != "sw":
            text_file(tmp_path / f"data/wiki/{language}.txt", "x")
    suite = tmp_path / "mine.yaml"
    mini = Catalog().suite_files()["mini"].read_text()
    suite.write_text(mini.replace("corpus: mini-multilingual-text", "corpus: wikipedia"))

    assert main(["plan", str(suite), "--data", str(tmp_path / "data")]) == 2

    error = capsys.readouterr().err
    assert "missing: wiki/sw.txt (corpus wikipedia)" in error
    assert "codestilts data fetch" in error


def test_paragraphs_that_are_scored_go_in_any_language_and_are_counted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    text_file(data / "wiki/de.txt", "Frei.\nGEWERTET   hier.\nAuch frei.", "Frei.\nAuch frei.", "Ganz gewertet.")
    text_file(data / "wiki/sw.txt", "Moja.", "Mbili.")
    out = run_prepare(tmp_path, located(FEW, data), {"de": ["gewertet hier.", "ganz gewertet."], "sw": ["tatu"]})

    assert ["Frei.\nAuch frei."] == [record["text"] for record in read_json_lines(out / "texts/de.jsonl")]
    report = json.loads((out / "report.json").read_text())
    assert (2, 1) == (report["de"]["paragraphs_removed"], report["de"]["articles_repeated"])
    assert (3, 1, 2, 2) == (
        report["de"]["articles_read"],
        report["de"]["articles"],
        report["sw"]["articles_read"],
        report["sw"]["articles"],
    )
    sizes = {name: (data / f"wiki/{name}.txt").stat().st_size for name in ("de", "sw")}
    assert sizes == json.loads((out / "languages.json").read_text())


def test_a_language_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    text_file(tmp_path / "data/wiki/de.txt", "Gewertet.")
    text_file(tmp_path / "data/wiki/sw.txt", "Moja.")
    with pytest.raises(DataError, match=r"wiki/de.txt: no text is left in 'de'"):
        run_prepare(tmp_path, located(FEW, tmp_path / "data"), {"de": ["gewertet."]})


def test_a_file_that_changed_after_planning_is_refused(tmp_path: Path) -> None:
    path = text_file(tmp_path / "data/wiki/de.txt", "Eins.")
    text_file(tmp_path / "data/wiki/sw.txt", "Moja.")
    found = located(FEW, tmp_path / "data")
    entry = {"path": "wiki/de.txt", "sha256": file_digest(path)}
    path.write_text("Zwei.")
    source = {"kind": "articles", "format": found.format, "files": {"de": [entry]}, "sizes": {}, "max_characters": 9}
    (tmp_path / "out").mkdir()
    params = {"kind": "corpus", "sources": [source], "max_characters": None}
    with pytest.raises(DataError, match="has changed since the run was planned"):
        prepare.run(
            StageContext(
                params=params, inputs={}, out=tmp_path / "out", progress=lambda *_: None, data=tmp_path / "data"
            )
        )


def test_documents_are_no_heaps_of_paragraphs(tmp_path: Path) -> None:
    """A line of a program that happens to be a scored sentence stays; a document that is one goes."""
    source = CODE.model_copy(update={"languages": ("python", "ruby")})
    data = tmp_path / "data"
    text_file(data / "code/python/deep/a.py", "def f():\n    return 1\nEnd")
    text_file(data / "code/python/b.py", "  end")
    text_file(data / "code/ruby/c.rb", "def f\n\n  1\nend")
    found = located(source, data)

    assert "file_articles" == found.format
    out = run_prepare(tmp_path, found, {"en": ["End"]}, whole=True)

    python, ruby = (list(read_json_lines(out / f"texts/{name}.jsonl")) for name in ("python", "ruby"))
    assert ["def f():\n    return 1\nEnd"] == [record["text"] for record in python]
    assert ["def f\n\n  1\nend"] == [record["text"] for record in ruby]


def test_functions_are_fetched_and_prepared(hub: HubServer, tmp_path: Path) -> None:
    assert CODE.hub is not None
    files = {"README.md": b"# CodeSearchNet"}
    for language in CODE.languages:
        for shard in range(3 if language == "go" else 1):
            rows = [
                {"func_code_url": f"u{shard}{n}", "whole_func_string": f"{language} {shard} {n}()", "other": "x"}
                for n in range(3)
            ]
            name = f"{language}/train-{shard:05}-of-00003.parquet"
            files[name] = write_table(tmp_path / "served" / name, rows).read_bytes()
    hub.dataset_at(CODE.hub.id, CODE.hub.revision, files)

    assert main(["data", "fetch", "code-search-net", "--data", str(tmp_path / "data")]) == 0

    assert not hub.downloads("go/train-00002-of-00003.parquet")
    out = run_prepare(
        tmp_path, located(CODE, tmp_path / "data"), whole=True, columns=[CODE.id_column, CODE.text_column]
    )
    assert set(CODE.languages) == {path.stem for path in (out / "texts").iterdir()}
    assert 6 == len(list(read_json_lines(out / "texts/go.jsonl")))


@pytest.mark.parametrize("name", ["roberta-base", "xlm-roberta-base"])
def test_both_sides_of_a_pair_of_core_are_trained_on_as_many_pieces(name: str) -> None:
    catalog = Catalog()
    code, text = (catalog.backbone(f"{name}+{side}").pretrain for side in ("code", "text"))

    assert code is not None
    assert text is not None
    assert {"code-search-net", "wikipedia-en"} == {code.corpus, text.corpus}
    assert code.model_dump(exclude={"corpus"}) == text.model_dump(exclude={"corpus"})
    assert 98_304_000 == code.steps * code.batch_size * code.block_length
    assert {f"{name}+code", f"{name}+text"} < set(catalog.suite("core").backbones)


def test_articles_stand_in_a_corpus_alone() -> None:
    rows = {"kind": "rows", "task": "mnli"}
    with pytest.raises(ValueError, match="articles are a corpus by themselves"):
        CorpusSpec.model_validate({"name": "x", "title": "x", "sources": [SOURCE.model_dump(), rows]})


def suite(**changes: Any) -> SuiteSpec:
    base = Catalog().suite("mini").model_dump(by_alias=True)
    few = {"recipes": ["mini-mnli+mlm"], "task_limits": {}, "translated": None}
    return SuiteSpec.model_validate({**base, **few, **changes})


def test_what_a_suite_does_not_say_of_mlm_is_its_training_recipe_s() -> None:
    asked = {"corpus": "mini-multilingual-text", "ratio": 2.0}
    found = resolve(suite(training="phang2020", mlm=asked), Catalog()).spec.mlm

    assert found is not None
    assert (2.0, 32, 256, 0.15, 0.3) == (
        found.ratio,
        found.batch_size,
        found.block_length,
        found.mask_probability,
        found.smoothing,
    )
    with pytest.raises(SpecError, match=r"suite mini, field 'mlm': 'batch_size' is missing"):
        resolve(suite(training="mini", mlm=asked), Catalog())


def test_paper_mixes_wikipedia_into_its_mixture() -> None:
    resolved = resolve(Catalog().suite("paper"), Catalog())

    assert {"multitask+mlm"} == {recipe.name for recipe in resolved.recipes if recipe.mlm}
    assert resolved.spec.mlm is not None
    assert ("wikipedia", 0.25, 0.3) == (
        resolved.spec.mlm.corpus,
        resolved.spec.mlm.ratio,
        resolved.spec.mlm.smoothing,
    )
    languages = {language for name in resolved.spec.targets for language in resolved.tasks[name].languages}
    assert set(SOURCE.languages) == {language for language in languages if len(language) == 2 and language != "xx"}


def test_the_plan_takes_the_articles_that_are_there_and_keeps_what_is_scored_out(tmp_path: Path) -> None:
    for language in SOURCE.languages:
        text_file(tmp_path / f"data/wiki/{language}.txt", f"Text in {language}.")
    mine = tmp_path / "mine.yaml"
    mini = Catalog().suite_files()["mini"].read_text()
    mine.write_text(mini.replace("corpus: mini-multilingual-text", "corpus: wikipedia"))
    planned = plan_suite(str(mine), data_dir=tmp_path / "data")

    (corpus,) = (stage for stage in planned.plan.stages if stage.name == "prepare/corpus/wikipedia")
    assert 40 == len(planned.files) == len(corpus.params["sources"][0]["files"])
    assert {f"exclude:{name}" for name in planned.resolved.spec.targets} == corpus.inputs.keys()
    stages = {stage.key: stage for stage in planned.plan.stages}
    xnli = stages[corpus.inputs["exclude:mini-xnli"]]
    assert (list(planned.resolved.tasks["mini-xnli"].languages), None) == (
        xnli.params["languages"],
        xnli.params["limit"],
    )
    trained = [stage for stage in planned.plan.stages if stage.inputs.get("corpus") == corpus.key]
    assert {"intermediate/mini-xlmr/multitask+mlm/s1"} < {stage.name for stage in trained}
