"""Prepare: what is removed, what is kept apart, and what is refused."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from harness.context import StageContext
from harness.files import file_digest
from harness.phases import prepare
from tasks.errors import DataError
from tasks.rows import read_json_lines, write_json_lines
from tests.samples import write_table

SQUAD = {"name": "squad_v1", "type": "span_qa", "labels": [], "metric": "squad"}
XNLI = {
    "name": "xnli",
    "type": "sentence_pair",
    "labels": ["entailment", "neutral", "contradiction"],
    "metric": "accuracy",
}


def context(tmp_path: Path, params: dict[str, Any], **fields: Any) -> StageContext:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    return StageContext(params=params, inputs=fields.pop("inputs", {}), out=out, progress=lambda *_: None, **fields)


def squad_file(path: Path, contexts: list[str]) -> dict[str, str]:
    """One article; each context asks for its first word."""
    paragraphs = [
        {
            "context": text,
            "qas": [
                {
                    "id": f"{path.stem}-{number}",
                    "question": "Which word comes first?",
                    "answers": [{"text": text.split()[0], "answer_start": 0}],
                }
            ],
        }
        for number, text in enumerate(contexts)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": "1.1", "data": [{"title": "T", "paragraphs": paragraphs}]}))
    return {"path": path.name, "sha256": file_digest(path)}


def split(*files: dict[str, str], limit: int | None = None) -> dict[str, Any]:
    return {"format": "squad_json", "files": {"en": list(files)}, "limit": limit}


def test_scored_passages_are_removed_from_training_and_validation(tmp_path: Path) -> None:
    """Compared by their normal form: case, white space and compatibility characters do not hide an overlap."""
    train = squad_file(tmp_path / "data/train.json", ["Alpha  scored one.", "Beta is free.", "Gamma is validated."])
    validation = squad_file(tmp_path / "data/dev.json", ["Delta scored two.", "Gamma is validated."])
    scored = tmp_path / "scored"
    scored.mkdir()
    write_json_lines(
        scored / "test-en.jsonl",
        [
            {"id": str(n), "unit": str(n), "context": text, "question": "?"}
            for n, text in enumerate(["alpha SCORED one.", "Delta\u00a0scored two."])
        ],
    )

    prepare.run(
        context(
            tmp_path,
            {"kind": "rows", "task": SQUAD, "splits": {"train": split(train), "validation": split(validation)}},
            inputs={"exclude:xquad": scored},
            data=tmp_path / "data",
        )
    )

    texts = {
        name: [row["context"] for row in read_json_lines(tmp_path / f"out/{name}.jsonl")]
        for name in ("train", "validation")
    }
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert {"train": ["Beta is free."], "validation": ["Gamma is validated."]} == texts
    assert (1, 1, 3) == tuple(report["train"][name] for name in ("removed_scored", "removed_validation", "read"))
    assert report["validation"]["removed_scored"] == 1


def test_nothing_left_after_removal_is_refused(tmp_path: Path) -> None:
    train = squad_file(tmp_path / "data/train.json", ["Alpha scored."])
    scored = tmp_path / "scored"
    scored.mkdir()
    write_json_lines(scored / "test-en.jsonl", [{"id": "1", "unit": "1", "context": "Alpha scored.", "question": "?"}])

    with pytest.raises(DataError, match="no train rows are left of 1"):
        prepare.run(
            context(
                tmp_path,
                {"kind": "rows", "task": SQUAD, "splits": {"train": split(train)}},
                inputs={"exclude:xquad": scored},
                data=tmp_path / "data",
            )
        )


def test_a_file_changed_after_planning_is_refused(tmp_path: Path) -> None:
    entry = squad_file(tmp_path / "data/train.json", ["Alpha."])
    squad_file(tmp_path / "data/train.json", ["Beta."])

    with pytest.raises(DataError, match="has changed since the run was planned"):
        prepare.run(
            context(
                tmp_path, {"kind": "rows", "task": SQUAD, "splits": {"train": split(entry)}}, data=tmp_path / "data"
            )
        )


def xnli_params(kind: str, data: Path, limit: int | None) -> dict[str, Any]:
    files = {}
    for language, mark in (("en", "e"), ("de", "d")):
        path = data / f"dev-{language}.tsv"
        labels = XNLI["labels"]
        lines = [f"{mark} premise {n // 3}\t{mark} hypothesis {n}\t{labels[n % 3]}\r\n" for n in range(30)]
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(lines), newline="")
        files[language] = [{"path": path.name, "sha256": file_digest(path)}]
    return {
        "kind": kind,
        "task": XNLI,
        "split": {"format": "xtreme_pairs", "files": files},
        "languages": ["en", "de"],
        "limit": limit,
    }


def test_inputs_hold_no_answer_and_labels_hold_no_text(tmp_path: Path) -> None:
    prepare.run(context(tmp_path, xnli_params("inputs", tmp_path / "data", None), data=tmp_path / "data"))
    inputs = list(read_json_lines(tmp_path / "out/test-en.jsonl"))
    prepare.run(context(tmp_path, xnli_params("labels", tmp_path / "data", None), data=tmp_path / "data"))
    labels = list(read_json_lines(tmp_path / "out/test-en.jsonl"))

    assert {"id", "unit", "text_a", "text_b"} == set(inputs[0])
    assert {"id", "unit", "label"} == set(labels[0])
    assert [row["id"] for row in inputs] == [row["id"] for row in labels]


def test_a_limit_keeps_whole_units_and_the_same_items_in_every_language(tmp_path: Path) -> None:
    prepare.run(context(tmp_path, xnli_params("inputs", tmp_path / "data", 10), data=tmp_path / "data"))

    chosen = {
        language: [(row["id"], row["unit"]) for row in read_json_lines(tmp_path / f"out/test-{language}.jsonl")]
        for language in ("en", "de")
    }
    assert chosen["en"] == chosen["de"]
    assert len(chosen["en"]) == 9, "three whole premises of three rows"


def test_a_corpus_leaves_out_what_is_scored_and_repeats_nothing(tmp_path: Path) -> None:
    train = squad_file(tmp_path / "data/train.json", ["Alpha scored.", "Beta is free.", "beta IS free."])
    scored = tmp_path / "scored"
    scored.mkdir()
    write_json_lines(scored / "test-de.jsonl", [{"id": "1", "unit": "1", "context": "alpha scored.", "question": "Q"}])
    source = {"kind": "rows", "task": SQUAD, "split": {"format": "squad_json", "files": {"en": [train]}}}

    prepare.run(
        context(
            tmp_path,
            {"kind": "corpus", "sources": [source], "max_characters": None},
            inputs={"exclude:xquad": scored},
            data=tmp_path / "data",
        )
    )

    texts = [row["text"] for row in read_json_lines(tmp_path / "out/text.jsonl")]
    assert ["Which word comes first?", "Beta is free."] == texts


def test_package_text_is_bounded_and_mixes_the_packages(tmp_path: Path) -> None:
    """The first documents by a hash of their names, so that a bound does not cut off the last package."""
    inputs = {}
    for name in ("one", "two"):
        for number in range(20):
            path = tmp_path / name / "files" / name / f"{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"x = {name!r}, {number}\n")
        inputs[f"fetch:{name}"] = tmp_path / name
    sources = [{"kind": "package", "package": name, "include": "**/*.py"} for name in ("one", "two")]

    prepare.run(context(tmp_path, {"kind": "corpus", "sources": sources, "max_characters": 200}, inputs=inputs))

    names = [row["id"] for row in read_json_lines(tmp_path / "out/text.jsonl")]
    assert {"one", "two"} == {name.split("/")[0] for name in names}
    assert len(names) < 20


@pytest.mark.data
def test_squad_paragraphs_that_stand_in_xquad_are_found_in_the_real_files(tmp_path: Path, shared_data: Path) -> None:
    """182 of the 240 XQuAD paragraphs stand in the SQuAD development file at hand."""
    xquad = shared_data / "xquad/xquad.en.json"
    dev = shared_data / "squad/dev-v1.1.json"
    scored = tmp_path / "scored"
    scored.mkdir()
    task = {**SQUAD, "name": "xquad"}
    files = {"en": [{"path": "xquad/xquad.en.json", "sha256": file_digest(xquad)}]}
    inputs = {
        "kind": "inputs",
        "task": task,
        "split": {"format": "squad_json", "files": files},
        "languages": ["en"],
        "limit": None,
    }
    prepare.run(StageContext(params=inputs, inputs={}, out=scored, progress=lambda *_: None, data=shared_data))

    entry = {"path": "squad/dev-v1.1.json", "sha256": file_digest(dev)}
    prepare.run(
        context(
            tmp_path,
            {"kind": "rows", "task": SQUAD, "splits": {"train": split(entry)}},
            inputs={"exclude:xquad": scored},
            data=shared_data,
        )
    )

    kept = {row["context"] for row in read_json_lines(tmp_path / "out/train.jsonl")}
    scored_contexts = {row["context"] for row in read_json_lines(scored / "test-en.jsonl")}
    everything = {p["context"].strip() for a in json.loads(dev.read_text())["data"] for p in a["paragraphs"]}
    assert len(scored_contexts) == 240
    assert len(everything & scored_contexts) == 182
    assert not kept & scored_contexts


def test_a_validation_split_from_training_rows(tmp_path: Path) -> None:
    """A fixed part of the units selects and never trains, whatever the limits are."""
    train = squad_file(tmp_path / "data/train.json", [f"Paragraph{number} stands here." for number in range(200)])

    def prepared(**limits: int) -> dict[str, set[str]]:
        splits = {
            "train": split(train, limit=limits.get("train")),
            "validation": {"from_train": 0.1, "limit": limits.get("validation")},
        }
        params = {"kind": "rows", "task": SQUAD, "splits": splits}
        prepare.run(context(tmp_path, params, data=tmp_path / "data"))
        files = {name: tmp_path / f"out/{name}.jsonl" for name in splits}
        return {name: {row["id"] for row in read_json_lines(path)} for name, path in files.items()}

    whole = prepared()
    assert 200 == len(whole["train"]) + len(whole["validation"])
    assert whole["train"].isdisjoint(whole["validation"])
    assert 8 <= len(whole["validation"]) <= 32
    few = prepared(train=50, validation=5)
    assert (50, 5) == (len(few["train"]), len(few["validation"]))
    assert few["train"] < whole["train"]
    assert few["validation"] < whole["validation"]
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert 0 == report["train"]["removed_validation"]


NLI = {
    "name": "mnli",
    "type": "sentence_pair",
    "labels": ["entailment", "neutral", "contradiction"],
    "metric": "accuracy",
}
ENGLISH = "What the man said to her was that this is the house they had, and that it was not for him."
FOREIGN = {
    "de": "Was der Mann ihr sagte, war, dass dies das Haus ist, und dass es nichts als ein Haus sei, sagte er dann.",
    "af": "Wat die man vir haar gesê het, was dat dit die huis is wat hulle gehad het, en dat dit nie vir hom was nie.",
    "zh": "那个人对她说的是,这是他们的房子。 " * 9,
}


def pair_file(path: Path, texts: list[str], labels: list[str] | None = None) -> dict[str, str]:
    """Pairs in XTREME's form, with the three labels in turn unless given."""
    turns = labels or [NLI["labels"][number % 3] for number in range(len(texts))]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{text} {number}\t{text}\t{label}\n" for number, (text, label) in enumerate(zip(texts, turns, strict=True))
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return {"path": path.name, "sha256": file_digest(path)}


def pairs(*files: dict[str, str], **extra: Any) -> dict[str, Any]:
    return {"format": "xtreme_nli_train", "files": {"en": list(files)}, "limit": None, **extra}


@pytest.mark.parametrize("language", sorted(FOREIGN))
@pytest.mark.parametrize("split_name", ["train", "validation"])
def test_rows_of_another_language_neither_train_nor_select(tmp_path: Path, language: str, split_name: str) -> None:
    """Even 100 of them in the middle of a file that is called English."""
    good = pair_file(tmp_path / "data/good.tsv", [ENGLISH] * 150)
    mixed = pair_file(tmp_path / "data/bad.tsv", [ENGLISH] * 100 + [FOREIGN[language]] * 100 + [ENGLISH] * 100)
    splits = {"train": pairs(good), "validation": pairs(good)} | {split_name: pairs(mixed)}

    with pytest.raises(DataError, match=f"task mnli: {split_name} rows 101 to 200 are not English; only English rows"):
        prepare.run(context(tmp_path, {"kind": "rows", "task": NLI, "splits": splits}, data=tmp_path / "data"))


def smuggled(form: str, folder: Path, german: int) -> dict[str, Any]:
    """A file or table that is called English, with so many German rows in the middle, as a source of a stage."""
    texts = [ENGLISH] * 100 + [FOREIGN["de"]] * german + [ENGLISH] * 100
    path = folder / form
    folder.mkdir(parents=True, exist_ok=True)
    labels, turn = NLI["labels"], itertools.cycle(range(3))
    match form:
        case "glue_mnli_tsv":
            lines = [f"{text}\t{text}\t{labels[next(turn)]}\n" for text in texts]
            path.write_text("sentence1\tsentence2\tgold_label\n" + "".join(lines))
        case "nli_jsonl":
            rows = [{"sentence1": text, "sentence2": text, "gold_label": labels[next(turn)]} for text in texts]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case "hub_nli":
            write_table(path, [{"premise": text, "hypothesis": text, "label": next(turn)} for text in texts])
        case "udpos_tsv":
            tags = itertools.cycle(("NOUN", "VERB"))  # one for all words of a sentence
            blocks = [
                "".join(f"{word}\t{tag}\n" for word in text.split()) for text, tag in zip(texts, tags, strict=False)
            ]
            path.write_text("\n".join(blocks))
        case "hub_tags":
            words = [text.split() for text in texts]
            rows = [{"tokens": one, "pos_tags": [number % 2] * len(one)} for number, one in enumerate(words)]
            write_table(path, rows, {"pos_tags": ["NOUN", "VERB"]})
    return {"format": form, "files": {"en": [{"path": path.name, "sha256": file_digest(path)}]}, "limit": None}


@pytest.mark.parametrize("form", ["glue_mnli_tsv", "nli_jsonl", "hub_nli", "udpos_tsv", "hub_tags"])
@pytest.mark.parametrize("split_name", ["train", "validation"])
def test_rows_of_another_language_are_smuggled_through_no_source(tmp_path: Path, form: str, split_name: str) -> None:
    """Neither through release files nor through a table of the hub, into training or into what selects the model."""
    tags = {"name": "udpos", "type": "token_tagging", "labels": ["NOUN", "VERB"], "metric": "seqeval_f1"}
    task = tags if form in {"udpos_tsv", "hub_tags"} else NLI
    good = smuggled(form, tmp_path / "data", 0) | {"limit": 150}
    prepare.run(context(tmp_path, {"kind": "rows", "task": task, "splits": {"train": good}}, data=tmp_path / "data"))
    assert 150 == len(list(read_json_lines(tmp_path / "out/train.jsonl")))

    bad = {split_name: smuggled(form, tmp_path / "other", 100)}
    if split_name == "validation":
        (tmp_path / "other" / "train").write_bytes((tmp_path / "data" / form).read_bytes())
        bad["train"] = good | {"files": {"en": [good["files"]["en"][0] | {"path": "train"}]}}
    with pytest.raises(DataError, match=f"{split_name} rows 101 to 200 are not English; only English rows train"):
        prepare.run(context(tmp_path, {"kind": "rows", "task": task, "splits": bad}, data=tmp_path / "other"))


@pytest.mark.parametrize("form", ["tydiqa_train_json", "hub_tydiqa_train"])
def test_one_row_of_another_language_is_passed_over_where_the_source_says_what_it_is(tmp_path: Path, form: str) -> None:
    """TyDiQA has all languages in one file, and in one table; a tenth of the English units selects."""
    question = {"question": "?", "answers": {"text": ["a"], "answer_start": [0]}}
    rows = [
        {"id": f"{language}-{number}-1", "title": "T", "context": f"a {language} {number}", **question}
        for number in range(40)
        for language in (("english", "korean") if number == 20 else ("english",))
    ]
    path = tmp_path / "data" / form
    path.parent.mkdir()
    if form.startswith("hub"):
        write_table(path, rows)
    else:
        asked = [
            {"context": row["context"], "qas": [row | {"answers": [{"text": "a", "answer_start": 0}]}]} for row in rows
        ]
        path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": asked}]}))
    source = {"format": form, "files": {"en": [{"path": path.name, "sha256": file_digest(path)}]}, "limit": None}
    splits = {"train": source, "validation": {"from_train": 0.1, "limit": None}}
    task = SQUAD | {"name": "tydiqa"}

    prepare.run(context(tmp_path, {"kind": "rows", "task": task, "splits": splits}, data=tmp_path / "data"))

    kept = [row["context"] for name in splits for row in read_json_lines(tmp_path / f"out/{name}.jsonl")]
    assert sorted(f"a english {number}" for number in range(40)) == sorted(kept)


def test_files_of_other_languages_beside_the_english_ones_are_not_read(tmp_path: Path) -> None:
    """Whatever else the parameters may name."""
    good = pair_file(tmp_path / "data/good.tsv", [ENGLISH] * 9)
    german = pair_file(tmp_path / "data/german.tsv", [FOREIGN["de"]] * 9)
    source = pairs(good) | {"files": {"de": [german], "en": [good]}}

    prepare.run(context(tmp_path, {"kind": "rows", "task": NLI, "splits": {"train": source}}, data=tmp_path / "data"))

    rows = list(read_json_lines(tmp_path / "out/train.jsonl"))
    assert (9, {ENGLISH}) == (len(rows), {row["text_b"] for row in rows})


@pytest.mark.parametrize("kind", ["rows", "labels", "inputs"])
def test_one_and_the_same_label_over_fifty_rows_is_a_placeholder(tmp_path: Path, kind: str) -> None:
    for count in (49, 50):
        file = pair_file(tmp_path / f"data/{count}.tsv", [ENGLISH] * count, ["neutral"] * count)
        params: dict[str, Any] = {"kind": kind, "task": NLI, "split": pairs(file), "languages": ["en"], "limit": None}
        if kind == "rows":
            params = {"kind": kind, "task": NLI, "splits": {"train": pairs(file)}}
        stage = context(tmp_path, params, data=tmp_path / "data")
        if count < 50:
            prepare.run(stage)
        else:
            with pytest.raises(DataError, match="all 50 rows have the one label 'neutral', which is a placeholder"):
                prepare.run(stage)


@pytest.mark.parametrize(("metric", "refused"), [("squad", True), ("mlqa", True), ("squad_v2", False)])
def test_gold_without_text_is_none(tmp_path: Path, metric: str, refused: bool) -> None:
    """Of a table of the hub, the task alone says whether a question may go unanswered."""
    (tmp_path / "data").mkdir()
    answers = ([], ["a"])
    rows = [
        {
            "id": f"q{n}",
            "context": f"a {n}",
            "question": "?",
            "answers": {"text": text, "answer_start": [0] * len(text)},
        }
        for n, text in enumerate(answers)
    ]
    table = write_table(tmp_path / "data/t.parquet", rows[::-1])
    source = {"format": "hub_squad", "files": {"en": [{"path": table.name, "sha256": file_digest(table)}]}}
    params = {"kind": "rows", "task": SQUAD | {"metric": metric}, "splits": {"train": source | {"limit": None}}}
    stage = context(tmp_path, params, data=tmp_path / "data")
    if refused:
        with pytest.raises(DataError, match=r"t.parquet: question 'q0' has no answer, and its task has no questions"):
            prepare.run(stage)
    else:
        prepare.run(stage)


def test_rows_with_hidden_answers_do_not_train_and_are_counted(tmp_path: Path) -> None:
    task = {"name": "commonsenseqa", "type": "multiple_choice", "labels": [], "metric": "accuracy"}
    path = tmp_path / "data/q.jsonl"
    path.parent.mkdir()
    choices = [{"label": letter, "text": letter} for letter in "AB"]
    records = [
        {"id": str(n), "question": {"stem": f"what is {n}", "choices": choices}, "answerKey": answer}
        for n, answer in enumerate(["A", "", "B"])
    ]

    def prepared() -> Any:
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        source = {
            "format": "commonsenseqa_jsonl",
            "files": {"en": [{"path": path.name, "sha256": file_digest(path)}]},
            "limit": None,
        }
        params = {"kind": "rows", "task": task, "splits": {"train": source}}
        prepare.run(context(tmp_path, params, data=tmp_path / "data"))
        return json.loads((tmp_path / "out/report.json").read_text())["train"]

    assert ({"rows_with_hidden_answer": 1}, 2) == (prepared()["mended"], prepared()["kept"])
    for record in records:
        record["answerKey"] = ""
    with pytest.raises(DataError, match="no train row has an answer; test files are published without"):
        prepared()


def test_rows_of_joined_tasks_keep_apart_what_is_whose(tmp_path: Path) -> None:
    one = pair_file(tmp_path / "data/one.tsv", [ENGLISH] * 6)
    two = pair_file(tmp_path / "data/two.tsv", ["What is that to her?"] * 3)
    parts = [{"task": name, **pairs(file)} for name, file in (("snli", one), ("mnli", two))]
    splits = {"train": {"join": parts, "limit": None}}

    prepare.run(context(tmp_path, {"kind": "rows", "task": NLI, "splits": splits}, data=tmp_path / "data"))

    rows = list(read_json_lines(tmp_path / "out/train.jsonl"))
    assert [f"snli/{n}" for n in range(6)] + [f"mnli/{n}" for n in range(3)] == [row["id"] for row in rows]
    assert {"snli", "mnli"} == {row["unit"].split("/")[0] for row in rows}


def test_translated_rows_in_another_order_are_refused(tmp_path: Path) -> None:
    labels = [NLI["labels"][(number * 7) % 3] for number in range(60)]
    english = pair_file(tmp_path / "data/en.tsv", [ENGLISH] * 60, labels)
    prepare.run(
        context(tmp_path, {"kind": "rows", "task": NLI, "splits": {"train": pairs(english)}}, data=tmp_path / "data")
    )
    rows = tmp_path / "rows"
    (tmp_path / "out").rename(rows)

    def translated(order: list[str]) -> Any:
        german = pair_file(tmp_path / "data/de.tsv", [FOREIGN["de"]] * 60, order)
        source = {"format": "xtreme_nli_train", "files": {"de": [german]}}
        params = {"kind": "translated", "task": NLI, "split": source, "languages": ["de"], "limit": None}
        prepare.run(context(tmp_path, params, inputs={"rows": rows}, data=tmp_path / "data"))
        return json.loads((tmp_path / "out/report.json").read_text())["de"]

    one_off = ["entailment" if labels[0] != "entailment" else "neutral", *labels[1:]]
    assert (1, 59) == (translated(one_off)["label_differs"], translated(one_off)["kept"])
    with pytest.raises(DataError, match="of 60 de rows have not the label of the English row with their number"):
        translated(labels[1:] + labels[:1])
