"""The retrieve phase on tiny checkpoints: sentences made of the same pieces in both languages find each other."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoConfig, PreTrainedTokenizerFast

from harness.context import StageContext
from harness.phases import retrieve
from harness.retrieval.embed import SentenceEmbedder
from harness.specs.backbone import Backbone
from harness.training.checkpoint import Checkpoint, save_checkpoint
from harness.training.encoder import build_encoder
from tasks.errors import DataError, UserError
from tasks.rows import BitextSentence, write_json_lines
from tasks.types import task_type
from tasks.types.base import Features

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>", "<mode>"]
WORDS = ["a", "b", "c", "d", "e", "f", "g", "h"]
TASK = {"name": "tatoeba", "type": "sentence_retrieval", "labels": [], "metric": "accuracy", "max_length": 8}


def report(rows: int, words: int, pieces: int, unknown: int, truncated: int) -> dict[str, float]:
    counts = {"rows": rows, "words": words, "pieces": pieces, "unknown": unknown, "truncated": truncated}
    rates = {"unknown_rate": unknown / pieces, "fertility": pieces / words, "truncation_rate": truncated / rows}
    return {**counts, **rates}


def write_checkpoint(path: Path, **facts: Any) -> Path:
    """A BERT of four layers over words, lower case or capital."""
    pieces = SPECIAL + WORDS
    tokenizer = Tokenizer(models.WordLevel({piece: index for index, piece in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    config = AutoConfig.for_model(
        "bert",
        vocab_size=len(pieces),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=facts.get("layers", 4),
        num_attention_heads=2,
        max_position_embeddings=32,
        initializer_range=0.5,
    )
    torch.manual_seed(11)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", cls_token="<s>", sep_token="</s>", unk_token="<unk>"
    )
    fields = {"name": "tiny", "architecture": "bert", "layers": 4, "hidden_size": 16, "max_length": 30, **facts}
    path.mkdir()
    save_checkpoint(
        path,
        Checkpoint(backbone=Backbone(**fields), config=config, encoder=build_encoder(config), tokenizer=fast),
    )
    return path


def bitext(language: str, foreign: Sequence[str], english: Sequence[str]) -> list[BitextSentence]:
    sides = [("foreign", language, foreign), ("english", "en", english)]
    return [
        BitextSentence(id=f"{code}-{index}", unit=f"{index}", side=side, text=text)
        for side, code, texts in sides
        for index, text in enumerate(texts)
    ]


def write_inputs(path: Path, rows: dict[str, list[BitextSentence]]) -> Path:
    path.mkdir()
    for language, sentences in rows.items():
        write_json_lines(path / f"test-{language}.jsonl", (row.inputs() for row in sentences))
    return path


# In capitals, so that the texts differ while the pieces are the same; the last Xish sentence comes twice.
XX = bitext("xx", ["C D E", "A B", "F", "G H A B C", "F"], ["g h a b c", "a b", "f", "c d e"])
YY = bitext("yy", ["D D", "A B", "ZZZ A"], ["a b", "d d", "zzz a", "h h h h h h h h"])


class Stage:
    """One stage over ``XX`` and ``YY``; what it told the display is in ``told``."""

    def __init__(self, folder: Path, checkpoint: Path, rows: dict[str, list[BitextSentence]] | None = None) -> None:
        self.folder = folder
        self.inputs = {
            "checkpoint": checkpoint,
            "inputs": write_inputs(folder / "inputs", rows or {"xx": XX, "yy": YY}),
        }
        self.told: list[tuple[float, str]] = []

    def run(self, out: str = "out", **params: Any) -> Path:
        path = self.folder / out
        path.mkdir()
        retrieve.run(
            StageContext(
                params={"task": TASK, "languages": ["xx", "yy"], "dev": "none", **params},
                inputs=self.inputs,
                out=path,
                progress=lambda fraction, note: self.told.append((fraction, note)),
            )
        )
        return path


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, write_checkpoint(tmp_path / "checkpoint"))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_english_sentences_find_foreign_ones(stage: Stage) -> None:
    """One 0-based index among the foreign sentences for each English one; of two equal ones the first."""
    out = stage.run()

    assert ["3", "1", "2", "0"] == lines(out / "predictions" / "tatoeba" / "test-xx.tsv")
    assert ["1", "0", "2"] == lines(out / "predictions" / "tatoeba" / "test-yy.tsv")[:3]
    assert ["details.json", "encoding-english.json", "encoding.json", "predictions", "variants"] == sorted(
        path.name for path in out.iterdir()
    )


def test_the_task_type_reads_and_scores_the_predictions(stage: Stage) -> None:
    out = stage.run()
    right = {"en-0": "xx-3", "en-1": "xx-1", "en-2": "xx-4", "en-3": "xx-0"}
    references = [BitextSentence(**{**row.inputs(), "partners": (right.get(row.id, "en-9"),)}) for row in XX]
    kind = task_type("sentence_retrieval")
    predictions = kind.read_predictions(out / "predictions" / "tatoeba" / "test-xx.tsv", references)
    score = kind.score(references, predictions, metric="accuracy", language="xx")

    # en-2 is to find the second of two equal sentences: the first is taken, and does not count (XTREME).
    assert 3 / 4 == score.value


def test_reports_and_details(stage: Stage) -> None:
    out = stage.run()
    encoding = json.loads((out / "encoding.json").read_text())
    english = json.loads((out / "encoding-english.json").read_text())

    assert report(5, 12, 12, 0, 0) == encoding["xx"]
    assert report(3, 6, 6, 1, 0) == encoding["yy"]
    # Eight words do not fit beside two special tokens into the task's eight pieces.
    assert report(4, 14, 14, 1, 1) == english["yy"]
    assert {
        "layer": 2,
        "layers": 4,
        "pooling": "mean",
        "rule": "depth-scaled",
        "fixed": {"depth_scaled": {"layer": 2, "pooling": "mean"}},
    } == json.loads((out / "details.json").read_text())


def test_the_variants_files(stage: Stage) -> None:
    """Beside the headline: no answer for ties, the other direction, and the depth-scaled reading."""
    variants = stage.run() / "variants"

    assert ["depth_scaled", "foreign_to_english", "strict"] == sorted(path.name for path in variants.iterdir())
    assert ["3", "1", "-1", "0"] == lines(variants / "strict" / "tatoeba" / "test-xx.tsv")
    # Both of the equal foreign sentences find the one English sentence.
    assert ["3", "1", "2", "0", "2"] == lines(variants / "foreign_to_english" / "tatoeba" / "test-xx.tsv")


def sample(stage: Stage, rows: dict[str, list[BitextSentence]], **partners: dict[str, str]) -> dict[str, Any]:
    """Gives the stage a sample set; ``partners`` are its pairs by language, English id first. Returns its params."""
    stage.inputs["dev"] = write_inputs(stage.folder / "dev", rows)
    stage.inputs["dev_labels"] = stage.folder / "dev_labels"
    stage.inputs["dev_labels"].mkdir()
    for language, sentences in rows.items():
        pairs = partners[language] | {foreign: english for english, foreign in partners[language].items()}
        records = [{"id": row.id, "unit": row.unit, "side": row.side, "partners": [pairs[row.id]]} for row in sentences]
        write_json_lines(stage.inputs["dev_labels"] / f"test-{language}.jsonl", records)
    return {"dev": "sample", "dev_languages": list(rows)}


#: Word order does not change a mean of embeddings, so layer 0 finds all of these and layers above find fewer.
ZZ = bitext("zz", ["B A C D", "H G F", "E E F", "C C C D"], ["d c b a", "f g h", "e f e", "d c c c"])
ZZ_PAIRS = {f"en-{index}": f"zz-{index}" for index in range(4)}


def test_the_reading_is_chosen_on_the_sample(stage: Stage) -> None:
    """Other languages than the scored ones: the reading that finds most of their pairs counts for the scored ones."""
    out = stage.run(**sample(stage, {"zz": ZZ}, zz=ZZ_PAIRS))
    details = json.loads((out / "details.json").read_text())
    curves = json.loads((out / "curves.json").read_text())

    assert "dev" == details["rule"]
    assert {"languages": 1, "score": 1.0} == details["chosen_on"]
    assert {"zz": details["curve"]} == curves
    assert {"mean", "mean-no-special", "first"} == details["curve"].keys()
    assert {5} == {len(scores) for scores in details["curve"].values()}
    assert 1.0 == details["curve"][details["pooling"]][details["layer"]]
    assert 1.0 == max(max(scores) for scores in details["curve"].values())
    assert {"layer": 2, "pooling": "mean"} == details["fixed"]["depth_scaled"]


def test_a_sample_says_nothing_about_what_is_scored(stage: Stage) -> None:
    """With other samples, however odd, the depth-scaled predictions and all inputs of scoring stay as they are."""
    plain = stage.run("plain")
    chosen = stage.run("chosen", **sample(stage, {"zz": ZZ}, zz={f"en-{n}": f"zz-{3 - n}" for n in range(4)}))
    name = Path("variants", "depth_scaled", "tatoeba", "test-xx.tsv")

    assert (plain / name).read_bytes() == (chosen / name).read_bytes()
    assert (plain / "encoding.json").read_bytes() == (chosen / "encoding.json").read_bytes()


def test_what_is_scored_never_chooses_a_reading(stage: Stage) -> None:
    """Where a suite has the same rows stand in for the sample, it is as if there were none."""
    plain = stage.run("plain")
    same = stage.run("same", **{**sample(stage, {"zz": ZZ}, zz=ZZ_PAIRS), "dev": "scored"})

    assert (plain / "details.json").read_bytes() == (same / "details.json").read_bytes()
    assert not (same / "curves.json").exists()


def test_a_sample_whose_references_are_of_other_rows(stage: Stage) -> None:
    params = sample(stage, {"zz": ZZ}, zz=ZZ_PAIRS)
    references = stage.inputs["dev_labels"] / "test-zz.jsonl"
    references.write_text("".join(references.read_text().splitlines(keepends=True)[1:]))

    with pytest.raises(DataError, match=r"dev_labels/test-zz\.jsonl: the references are not those of the sample"):
        stage.run(**params)


def test_the_papers_layer_where_there_is_one(tmp_path: Path) -> None:
    out = Stage(tmp_path, write_checkpoint(tmp_path / "checkpoint", layers=14)).run()

    assert (out / "variants" / "paper" / "tatoeba" / "test-yy.tsv").is_file()
    assert {"depth_scaled": {"layer": 8, "pooling": "mean"}, "paper": {"layer": 14, "pooling": "mean"}} == json.loads(
        (out / "details.json").read_text()
    )["fixed"]


def embedded_inputs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Collects what goes into the embedder from now on."""
    given: list[tuple[int, ...]] = []
    original = SentenceEmbedder.embed

    def embed(self: SentenceEmbedder, features: Sequence[Features], *rest: Any) -> Any:
        given.extend(one.input_ids[0] for one in features)
        return original(self, features, *rest)

    monkeypatch.setattr(SentenceEmbedder, "embed", embed)
    return given


def test_english_sentences_of_several_languages_are_embedded_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``a b`` is English in both languages and foreign in both: three times in all."""
    given = embedded_inputs(monkeypatch)
    stage.run()

    assert 3 == given.count((1, 5, 6, 2))


def test_the_prefix_and_the_shorter_maximal_length_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = embedded_inputs(monkeypatch)
    Stage(tmp_path, write_checkpoint(tmp_path / "checkpoint", prefix=["<mode>", "</s>"], max_length=6)).run()

    assert {(1, 4, 2)} == {ids[:3] for ids in given}
    assert {True} == {ids[-1] == 2 and len(ids) <= 6 for ids in given}
    assert (1, 4, 2, 12, 12, 2) in given


def test_a_second_run_writes_the_same_bytes(stage: Stage) -> None:
    first, second = stage.run("first"), stage.run("second")
    contents = [
        {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        for out in (first, second)
    ]

    assert contents[0] == contents[1]
    assert 3 + 2 * 4 == len(contents[0])


def test_progress_never_falls_and_ends_at_one(stage: Stage) -> None:
    stage.run()
    fractions = [fraction for fraction, _ in stage.told]

    assert (0.0, "loading the checkpoint") == stage.told[0]
    assert 1.0 == fractions[-1]
    assert all(before <= after for before, after in pairwise(fractions))
    assert any(note.startswith("yy: English") for _, note in stage.told)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"task": {**TASK, "type": "sentence_pair"}}, "tatoeba is of type sentence_pair, not sentence_retrieval"),
        ({"languages": []}, "params.languages: "),
        ({"languages": ["xx", "zz"]}, r"test-zz\.jsonl: the inputs have no such file"),
    ],
)
def test_params_that_cannot_be_met(stage: Stage, params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        stage.run(**params)


@pytest.mark.parametrize(("rows", "side"), [(bitext("xx", [], ["a"]), "foreign"), (bitext("xx", ["a"], []), "English")])
def test_a_language_with_one_side_only(tmp_path: Path, rows: list[BitextSentence], side: str) -> None:
    stage = Stage(tmp_path, write_checkpoint(tmp_path / "checkpoint"), {"xx": rows})

    with pytest.raises(DataError, match=rf"test-xx\.jsonl: there are no {side} sentences"):
        stage.run(languages=["xx"])


def test_rows_with_their_answers_are_refused(stage: Stage) -> None:
    file = stage.inputs["inputs"] / "test-yy.jsonl"
    rows = [{**row.inputs(), "partners": ["en-1"]} for row in YY]
    write_json_lines(file, rows)

    with pytest.raises(DataError, match=r"test-yy\.jsonl, line 1: a test row holds its answer"):
        stage.run()


@pytest.mark.data
def test_real_sentences(tmp_path: Path, shared_data: Path) -> None:
    """Tatoeba's German file, through a tokenizer that knows next to nothing of it: a line for each English sentence."""
    german, english = (
        (shared_data / "tatoeba" / f"tatoeba.deu-eng.{side}").read_text(encoding="utf-8").splitlines()[:200]
        for side in ("deu", "eng")
    )
    checkpoint = write_checkpoint(tmp_path / "checkpoint")
    out = Stage(tmp_path, checkpoint, {"de": bitext("de", german, english)}).run(languages=["de"])
    predictions = lines(out / "predictions" / "tatoeba" / "test-de.tsv")

    assert 200 == len(predictions)
    assert all(0 <= int(prediction) < 200 for prediction in predictions)
    assert 200 == json.loads((out / "encoding.json").read_text())["de"]["rows"]
