"""The kind ``made`` of the phase ``prepare``, with a tiny random encoder-decoder in the layout of the hub."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.context import RESUME, StageContext
from harness.phases import prepare
from harness.phases.translation.model import Translator
from harness.plan.data_params import TranslatorParams
from tasks.errors import DataError, UserError
from tasks.rows import Row, SentencePair, SpanQuestion, rows_to_json, write_json_lines

TASK = {"name": "toy", "type": "sentence_pair", "labels": ["same", "other"], "metric": "accuracy"}
TRANSLATOR = {
    "name": "tiny",
    "architecture": "m2m_100",
    "prefix": ["eng"],
    "suffix": ["</s>"],
    "begin": "{code}",
    "beams": 2,
    "max_length": 16,
    "batch_pieces": 24,
    "codes": {"de": "deu", "sw": "swh"},
    "source": {"kind": "folder"},
}


ROWS: list[Row] = [
    SentencePair(id=str(n), unit=str(n), text_a=first, text_b=second, label="same" if n % 2 else "other")
    for n, (first, second) in enumerate(
        [
            ("the cat sat . It rained .", "a dog ran ."),
            ("the cat sat .", "the dog sat on the mat ."),
            ("the cat sat .", "bob ran on a mat ."),
            ("who ran", "why ran ann on the mat and on the cat and on the dog and on the mat and why"),
            ("ann sat", "rome sat on bob"),
            ("a a a a", "the cat ran ."),
        ]
    )
]


class Machine:
    """Runs the stage in folders of its own."""

    def __init__(self, tmp_path: Path, model: Path) -> None:
        self.tmp_path, self.model = tmp_path, model
        self.notes: list[str] = []

    def run(
        self,
        rows: list[Row] = ROWS,
        *,
        name: str = "out",
        task: dict[str, Any] = TASK,
        left: Path | None = None,
        stop_at: str | None = None,
        limit: int | None = None,
        **changes: Any,
    ) -> Path:
        folder = self.tmp_path / f"rows-{name}"
        folder.mkdir(exist_ok=True)
        write_json_lines(folder / "train.jsonl", rows_to_json(rows))
        out = self.tmp_path / name
        out.mkdir()
        if left is not None:
            shutil.copytree(left, out / RESUME)

        def progress(_: float, note: str) -> None:
            self.notes.append(note)
            if stop_at is not None and note.startswith(stop_at):
                raise InterruptedError

        params = {
            "kind": "made",
            "task": task,
            "languages": ["de", "sw"],
            "limit": limit,
            "translator": {**TRANSLATOR, **changes},
        }
        inputs = {"rows": folder, "translator": self.model}
        prepare.run(StageContext(params=params, inputs=inputs, out=out, progress=progress, seed=0))
        return out


@pytest.fixture
def machine(tmp_path: Path, model: Path) -> Machine:
    return Machine(tmp_path, model)


def read(out: Path, name: str) -> Any:
    text = (out / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]


def test_rows_are_translated_under_their_ids_and_labels(machine: Machine) -> None:
    out = machine.run()

    assert {"report.json", "train-de.jsonl", "train-sw.jsonl", RESUME} == {path.name for path in out.iterdir()}
    report = read(out, "report.json")
    english = {row.id: row for row in ROWS}
    for language in ("de", "sw"):
        rows = read(out, f"train-{language}.jsonl")
        facts = report[language]
        assert len(rows) == facts["kept"] == len(ROWS) - sum(facts["lost"].values()) > 0
        assert len(ROWS) == facts["read"] == facts["chosen"]
        for row in rows:
            origin = english[row["id"]]
            assert isinstance(origin, SentencePair)
            assert (origin.unit, origin.label) == (row["unit"], row["label"])
            assert (origin.text_a, origin.text_b) != (row["text_a"], row["text_b"])
    assert read(out, "train-de.jsonl") != read(out, "train-sw.jsonl"), "the language's piece begins the translation"


def test_each_sentence_is_translated_once_and_none_is_forgotten(machine: Machine) -> None:
    facts = read(machine.run(max_length=64), "report.json")["de"]
    halves = read(machine.run(name="halves"), "report.json")["de"]

    sentences = {"the cat sat .", "It rained .", "a dog ran ."} | {row.text_b for row in ROWS[1:5]} | {
        "who ran", "ann sat", "a a a a", "the cat ran ."
    }  # fmt: skip
    assert len(sentences) == facts["sentences"]
    assert halves["sentences"] > facts["sentences"], "one is longer than the model's 16 pieces, and cut"


def test_equal_stages_leave_equal_bytes_and_beams_count(machine: Machine) -> None:
    first, again, greedy = machine.run(), machine.run(name="again"), machine.run(name="greedy", beams=1)

    for name in ("train-de.jsonl", "train-sw.jsonl", "report.json"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    assert any(
        (first / name).read_bytes() != (greedy / name).read_bytes() for name in ("train-de.jsonl", "train-sw.jsonl")
    )


def test_what_was_broken_off_goes_on_with_equal_bytes(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = machine.run()
    batches = len((whole / RESUME / "de.jsonl").read_text().splitlines())
    assert batches > 3
    calls: list[str] = []
    translate = Translator.translate

    def counting(self: Translator, sentences: Any, code: str) -> Any:
        if code == "swh" and len(calls) == batches + 2:
            raise KeyboardInterrupt
        calls.append(code)
        return translate(self, sentences, code)

    monkeypatch.setattr(Translator, "translate", counting)
    with pytest.raises(KeyboardInterrupt):
        machine.run(name="broken")
    assert ["deu"] * batches + ["swh"] * 2 == calls
    left = machine.tmp_path / "broken" / RESUME
    with (left / "sw.jsonl").open("a") as file:
        file.write('{"texts": ["half a li')
    calls.clear()

    resumed = machine.run(name="resumed", left=left)

    assert ["swh"] * (batches - 2) == calls, "what was done is not done again"
    for name in ("train-de.jsonl", "train-sw.jsonl", "report.json"):
        assert (whole / name).read_bytes() == (resumed / name).read_bytes()


def test_what_a_translation_is_made_to_begin_with_is_no_part_of_it(model: Path) -> None:
    """Be it a special piece of the tokenizer or not."""
    made = {}
    for begin in ("cat", "dog", "mat"):
        params = TranslatorParams.model_validate(TRANSLATOR | {"begin": begin, "beams": 1})
        device = torch.device("cpu")
        found = Translator.load(model / "files", params, device=device, precision="fp32").translate(["the cat"], "deu")
        (made[begin],) = found.texts
    assert any(not text.startswith(begin) for begin, text in made.items())
    assert len(set(made.values())) > 1, "what comes after it hangs on it"


def test_a_limit_takes_units_before_anything_is_translated(machine: Machine) -> None:
    out = machine.run(limit=2)

    assert (6, 2) == (read(out, "report.json")["de"]["read"], read(out, "report.json")["de"]["chosen"])
    assert len(read(out, "train-de.jsonl")) <= 2


def test_questions_without_an_answer_are_kept_and_lost_answers_counted(machine: Machine) -> None:
    rows = [
        SpanQuestion.from_json(
            {
                "id": str(n),
                "unit": "p",
                "context": "the cat sat on the mat .",
                "question": "who sat",
                "answers": answers,
            }
        )
        for n, answers in enumerate([[], [{"text": "cat", "start": 4}], [{"text": "mat", "start": 19}]])
    ]
    task = {"name": "toy", "type": "span_qa", "labels": [], "metric": "squad"}

    out = machine.run(rows, task=task)

    for language in ("de", "sw"):
        facts, kept = read(out, "report.json")[language], read(out, f"train-{language}.jsonl")
        assert [] == kept[0]["answers"]
        assert 3 == facts["kept"] + facts["lost"].get("answer_lost", 0)
        for row in kept:
            for answer in row["answers"]:
                assert answer["text"] == row["context"][answer["start"] : answer["start"] + len(answer["text"])]


def test_a_batch_that_memory_does_not_hold_is_halved_and_counted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate = Translator.translate

    def small(self: Translator, sentences: Any, code: str) -> Any:
        if len(sentences) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return translate(self, sentences, code)

    monkeypatch.setattr(Translator, "translate", small)
    report = read(machine.run(), "report.json")

    assert report["de"]["out_of_memory"] > 0
    assert report["de"]["kept"] > 0


def test_progress_says_how_many_sentences_are_done(machine: Machine) -> None:
    machine.run()

    assert any(note.startswith("sw: ") and note.endswith(" sentences") for note in machine.notes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "t5"}, "translator tiny: the spec says architecture t5, its config.json m2m_100"),
        ({"begin": "<2{code}>"}, r"the piece '<2deu>' is not in its vocabulary"),
        ({"prefix": ["english"]}, "the piece 'english' is not in its vocabulary"),
    ],
)
def test_a_spec_that_does_not_fit_the_model_is_refused(machine: Machine, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        machine.run(**changes)


def test_weights_that_lack_a_tensor_are_refused(machine: Machine, tmp_path: Path, model: Path) -> None:
    shutil.copytree(model, tmp_path / "damaged")
    file = tmp_path / "damaged/files/model.safetensors"
    tensors = load_file(file)
    del tensors["model.decoder.layers.0.fc1.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    machine.model = tmp_path / "damaged"

    with pytest.raises(DataError, match=r"its weights lack model.decoder.layers.0.fc1.weight"):
        machine.run()


def test_weights_in_pickled_files_are_read_as_tensors_alone(machine: Machine, tmp_path: Path, model: Path) -> None:
    """NLLB's are published so."""
    expected = machine.run()
    shutil.copytree(model, tmp_path / "bin")
    file = tmp_path / "bin/files/model.safetensors"
    torch.save(load_file(file), file.with_name("pytorch_model.bin"))
    file.unlink()
    machine.model = tmp_path / "bin"

    assert (expected / "train-de.jsonl").read_bytes() == (machine.run(name="from-bin") / "train-de.jsonl").read_bytes()
