"""Bitext mining by the retrieve phase, on a tiny encoder with random weights: equal sentences find each other."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.phases import retrieve
from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.readings import Reading
from tasks.errors import DataError, UserError
from tasks.readers import read_split
from tasks.rows import BitextSentence, write_json_lines
from tasks.types import task_type
from tasks.types.base import Limits
from tasks.types.bitext_mining import Pair

TASK = {"name": "bucc", "type": "bitext_mining", "labels": [], "metric": "f1", "max_length": 24}
MINING = task_type("bitext_mining")

# Twelve sentences of the tiny encoder's words that have nothing to do with each other.
TEXTS = (
    "apple river stone",
    "cloud",
    "green seven north table where",
    "table table table apple",
    "river north",
    "where is it",
    "seven seven stone cloud green",
    "it is apple",
    "north cloud cloud",
    "stone where table river is green",
    "is",
    "green apple green apple green",
)

Rows = list[BitextSentence]
Mine = Callable[..., Path]


def corpora(foreign: Sequence[str], english: Sequence[str], code: str = "xx") -> Rows:
    """Sentences of which equal ones are translations of each other."""
    names = {
        "foreign": [f"{code}-{n}" for n in range(len(foreign))],
        "english": [f"en-{n}" for n in range(len(english))],
    }
    texts = {"foreign": foreign, "english": english}
    return [
        BitextSentence(
            id=name,
            unit=name,
            side=side,
            text=text,
            partners=tuple(one for one, same in zip(names[other], texts[other], strict=True) if same == text),
        )
        for side, other in (("foreign", "english"), ("english", "foreign"))
        for name, text in zip(names[side], texts[side], strict=True)
    ]


SAMPLE = corpora(TEXTS[:8], (*TEXTS[5:8], *TEXTS[8:], TEXTS[0]))
# The sentence of TEXTS[9] stands twice among the foreign ones, that of TEXTS[4] twice among the English ones.
TEST = corpora((*TEXTS[2:10], TEXTS[9]), (TEXTS[9], TEXTS[0], TEXTS[4], TEXTS[11], TEXTS[4], TEXTS[10]))


def write(folder: Path, rows: Rows, record: Callable[[BitextSentence], dict[str, Any]], code: str = "xx") -> Path:
    folder.mkdir(exist_ok=True)
    write_json_lines(folder / f"test-{code}.jsonl", map(record, rows))
    return folder


@pytest.fixture
def mine(tmp_path: Path, run_stage: Callable[..., Path], tiny: Path) -> Mine:
    """Runs the phase over test and sample rows."""

    def run(test: Rows = TEST, sample: Rows = SAMPLE, *, labels: Rows | None = None, **fields: Any) -> Path:
        inputs = {
            "checkpoint": tiny,
            "inputs": write(tmp_path / "inputs", test, BitextSentence.inputs),
            "dev": write(tmp_path / "dev", sample, BitextSentence.inputs),
            "dev_labels": write(tmp_path / "dev_labels", labels or sample, BitextSentence.reference),
        }
        languages = fields.pop("languages", ["xx"])
        dev = fields.pop("dev", "sample")
        params = {"task": TASK, "languages": languages, "dev": dev, "dev_languages": languages}
        return run_stage(retrieve, params, inputs, **fields)

    return run


def details(out: Path) -> dict[str, Any]:
    return json.loads((out / "details.json").read_text(encoding="utf-8"))


def mined(out: Path, references: Rows = TEST) -> list[Pair]:
    return MINING.read_predictions(out / "predictions" / "bucc" / "test-xx.tsv", references)


def test_translations_are_mined(mine: Mine) -> None:
    """With equal texts a translation is a nearest neighbour at distance zero: above every pair of distractors."""
    out = mine()
    bare = [BitextSentence.from_reference(row.reference()) for row in TEST]
    score = MINING.score(bare, mined(out), metric="f1", language="xx")

    files = ["curves.json", "details.json", "encoding-english.json", "encoding.json", "predictions", "variants"]
    assert files == sorted(path.name for path in out.iterdir())
    assert ["depth_scaled"] == [path.name for path in (out / "variants").iterdir()]
    assert {"f1": 1.0, "precision": 1.0, "recall": 1.0} == details(out)["languages"]["xx"]["dev_oracle"]
    assert 1.0 == score.metrics["recall"]
    # Every id of a sentence that stands twice is there, foreign and English.
    assert {("xx-2", "en-2"), ("xx-2", "en-4"), ("xx-7", "en-0"), ("xx-8", "en-0")} <= set(mined(out))


def test_details(mine: Mine) -> None:
    out = mine()
    found = details(out)
    language = found["languages"]["xx"]

    assert {"layer": 1, "layers": 2, "pooling": "mean", "rule": "dev"}.items() <= found.items()
    assert {"k": 4, "margin": "ratio", "retrieval": "max"}.items() <= found.items()
    assert {"around", "dev", "dev_oracle", "test", "threshold", "variants"} == set(language)
    assert {"languages": 1, "score": 1.0} == found["chosen_on"]
    assert [3, 3, 3] == [len(scores) for scores in found["curve"].values()]
    assert "oracle_threshold" not in found
    assert {"foreign": 8, "foreign_unique": 8, "english": 8, "english_unique": 8, "gold": 4}.items() <= language[
        "dev"
    ].items()
    assert {"foreign": 9, "foreign_unique": 8, "english": 6, "english_unique": 5}.items() <= language["test"].items()
    assert language["test"]["candidates"] < language["test"]["candidate_pairs"]
    assert len(mined(out)) == language["test"]["predicted"] <= language["test"]["candidate_pairs"]


def test_reports_count_every_sentence(mine: Mine) -> None:
    out = mine()
    rows = [json.loads((out / name).read_text())["xx"]["rows"] for name in ("encoding.json", "encoding-english.json")]

    assert [9, 6] == rows


def test_the_samples_threshold_cuts_the_tests_candidates(mine: Mine, tiny: Path) -> None:
    """Scores computed once more, from the embedder's output, with loops: the pairs written are those that reach it."""
    out = mine()
    threshold = details(out)["languages"]["xx"]["threshold"]
    embedder = SentenceEmbedder(tiny, readings=[Reading(layer=1)])

    def vectors(texts: Sequence[str]) -> Any:
        rows = [BitextSentence(id=text, unit=text, side="foreign", text=text) for text in texts]
        features = MINING.encode(rows, embedder.tokenizer, Limits(max_length=24), ()).features
        found = embedder.embed(features)[Reading(layer=1)].astype(np.float64)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    foreign = list(dict.fromkeys(row.text for row in TEST if row.side == "foreign"))
    english = list(dict.fromkeys(row.text for row in TEST if row.side == "english"))
    similar = vectors(foreign) @ vectors(english).T
    means = np.sort(similar, axis=1)[:, -4:].mean(axis=1), np.sort(similar, axis=0)[-4:].mean(axis=0)
    margins = similar / ((means[0][:, None] + means[1][None, :]) / 2)
    listed = [(margins[row].max(), row, margins[row].argmax()) for row in range(len(foreign))]
    listed += [(margins[:, column].max(), margins[:, column].argmax(), column) for column in range(len(english))]
    expected: set[Pair] = set()
    used: set[str] = set()
    for score, row, column in sorted(listed, reverse=True):
        texts = {"foreign": foreign[row], "english": english[column]}
        if score >= threshold and not used & {f"{side} {text}" for side, text in texts.items()}:
            used |= {f"{side} {text}" for side, text in texts.items()}
            ids = {
                side: [one.id for one in TEST if (one.side, one.text) == (side, text)] for side, text in texts.items()
            }
            expected |= {(one, other) for one in ids["foreign"] for other in ids["english"]}

    assert expected == set(mined(out))


def test_a_threshold_that_nothing_reaches_leaves_an_empty_file(mine: Mine) -> None:
    """The margin of the only pair of sentences there is is 1; that of the sample's translations is more."""
    test = corpora(TEXTS[:1], TEXTS[6:7])
    out = mine(test, corpora(TEXTS, TEXTS))
    facts = details(out)["languages"]["xx"]

    assert facts["threshold"] > 1.001
    assert (1, 0) == (facts["test"]["candidates"], facts["test"]["predicted"])
    assert [] == mined(out, test)


def test_fewer_neighbours_than_four_are_noted(mine: Mine) -> None:
    out = mine(corpora(TEXTS[:2], [TEXTS[0], TEXTS[0], *TEXTS[4:8]]))
    note = "xx: 4 English and 2 foreign neighbours, as there are no more different sentences"

    assert [note] == details(out)["languages"]["xx"]["notes"]
    assert ("xx-0", "en-1") in mined(out, corpora(TEXTS[:2], [TEXTS[0], TEXTS[0], *TEXTS[4:8]]))


def test_a_second_run_writes_the_same_bytes(mine: Mine, toy: Any) -> None:
    first, second = toy.files(mine()), toy.files(mine())

    assert first == second
    assert 6 == len(first)


def test_progress_never_falls_and_ends_at_one(mine: Mine) -> None:
    told: list[tuple[float, str]] = []
    mine(progress=lambda fraction, note: told.append((fraction, note)))

    assert (0.0, "loading the checkpoint") == told[0]
    assert (1.0, "retrieved in 1 languages") == told[-1]
    assert all(before <= after for (before, _), (after, _) in pairwise(told))
    assert any(note.startswith("xx, sample: foreign") for _, note in told)


def test_mining_needs_a_sample_set(mine: Mine) -> None:
    with pytest.raises(UserError, match=r"task bucc: there is no sample set to tune .*; give BUCC's sample set"):
        mine(dev="none")


def test_tuned_on_what_is_scored_it_says_so_and_chooses_no_layer(mine: Mine) -> None:
    out = mine(SAMPLE, SAMPLE, dev="scored")
    found = details(out)

    assert found["oracle_threshold"] is True
    assert {"layer": 1, "pooling": "mean", "rule": "depth-scaled"}.items() <= found.items()
    assert {"curve", "chosen_on"}.isdisjoint(found)
    assert not (out / "curves.json").exists()
    assert found["languages"]["xx"]["dev_oracle"]["f1"] == 1.0


def test_each_variant_has_its_own_threshold(mine: Mine) -> None:
    """The headline is the depth-scaled reading here, so both are the same."""
    out = mine()
    language = details(out)["languages"]["xx"]
    headline = out / "predictions" / "bucc" / "test-xx.tsv"

    assert {name: language[name] for name in ("threshold", "dev_oracle")} == language["variants"]["depth_scaled"]
    assert headline.read_bytes() == (out / "variants" / "depth_scaled" / "bucc" / "test-xx.tsv").read_bytes()


@pytest.mark.parametrize(
    ("message", "given"),
    [
        (r"test-xx\.jsonl: there are no English sentences", {"test": corpora(TEXTS[:2], [])}),
        (r"dev/test-xx\.jsonl: there are no foreign sentences", {"sample": corpora([], TEXTS[:2])}),
        (r"dev/test-yy\.jsonl: the inputs have no such file", {"languages": ["yy"]}),
        (r"dev_labels/test-xx\.jsonl: the references are not those of", {"labels": SAMPLE[1:]}),
        (
            r"dev_labels/test-xx\.jsonl: none of the 4 sentences has a translation",
            {"sample": corpora(TEXTS[:2], TEXTS[2:4])},
        ),
    ],
)
def test_rows_that_cannot_be_mined(mine: Mine, message: str, given: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=message):
        mine(**given)


@pytest.mark.parametrize(("role", "where"), [("inputs", "test-xx"), ("dev", "dev/test-xx")])
def test_sentences_with_their_answers_are_refused(
    mine: Mine, tmp_path: Path, role: str, where: str, tiny: Path
) -> None:
    rows = {"inputs": TEST, "dev": SAMPLE}
    mine()  # writes the inputs
    write(tmp_path / role, rows[role], BitextSentence.to_json)
    roles = {name: tmp_path / name for name in ("inputs", "dev", "dev_labels")}
    context = retrieve.StageContext(
        params={"task": TASK, "languages": ["xx"], "dev": "sample", "dev_languages": ["xx"]},
        inputs={"checkpoint": tiny, **roles},
        out=tmp_path / "out",
        progress=lambda _fraction, _note: None,
    )
    context.out.mkdir()
    with pytest.raises(DataError, match=rf"{where}\.jsonl, line 1: a test row holds its answer"):
        retrieve.run(context)


@pytest.mark.data
def test_real_sentences(mine: Mine, shared_data: Path) -> None:
    """The sentences of BUCC's sample that have a translation, mined with a threshold tuned on themselves.

    The score on them is the one that tuning reported: what is written is what was counted.
    """
    paths = [shared_data / "bucc2018" / f"zh-en.dev.{end}" for end in ("zh", "en", "gold")]
    rows = [row for row in read_split("bucc_files", paths, language="zh", labels=()).rows if row.partners]
    out = mine(rows, rows, dev="scored")
    score = MINING.score(rows, mined(out, rows), metric="f1", language="zh")
    facts = details(out)["languages"]["xx"]

    assert (257, 257) == (facts["test"]["foreign"], facts["dev"]["gold"])
    assert pytest.approx(facts["dev_oracle"]) == score.metrics
