"""A few rows of every kind of task, written in any format that a reader knows: as released, and as tables of the hub.

A format that has no writer here fails the test that compares a task's sources.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data.locate import filled, hub_folder
from harness.data.receipts import RECEIPT
from harness.specs.task import RowsSource

NLI = ("entailment", "neutral", "contradiction")
PAIRS: list[dict[str, Any]] = [
    {"a": "The cat sat on the mat.", "b": "A cat sat.", "label": 0},
    {"a": "The cat sat on the mat.", "b": "The cat was grey.", "label": 1},
    {"a": "The cat sat on the mat.", "b": "No cat sat.", "label": 2},
    {"a": 'He said "no", and left.', "b": " He stayed. ", "label": 2},
    {"a": "Nobody agreed on this.", "b": "They did.", "label": None},
    {"a": "The cat sat on the mat.", "b": "It was on a mat.", "label": 0},
]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "a", "context": " The dog ran to the cat. ", "question": "Who ran? ", "answers": [("dog", 5)]},
    {
        "id": "b",
        "context": " The dog ran to the cat. ",
        "question": "To whom?",
        "answers": [("cat", 20), ("the cat", 16)],
    },
    {"id": "c", "context": "A cat sat.", "question": "What sat?", "answers": [("A cat", 0)]},
]
CHOICES: list[dict[str, Any]] = [
    {"id": "1", "first": "A man runs.", "second": "He", "question": "What then?", "label": 2},
    {"id": "2", "first": 'A "dog" barks.', "second": "", "question": "Why?", "label": 0},
]
SENTENCES = [(("Ann", "went", "to", "New", "York"), (1, 0, 0, 5, 6)), (("It", "rained", "."), (0, 0, 0))]
NER = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
#: Sentences of syntactic words with tag and head; and, by the number of its first word, what is written as one word.
TREES: list[tuple[list[tuple[str, str, int]], dict[int, str]]] = [
    ([("It", "PRON", 2), ("rained", "VERB", 0), (".", "PUNCT", 2)], {}),
    ([("We", "PRON", 4), ("can", "AUX", 4), ("not", "PART", 4), ("go", "VERB", 0)], {2: "cannot"}),
    ([("Ann", "PROPN", 2), ("went", "VERB", 0), ("home", "ADV", 2)], {}),
]
#: The same in XTREME's form: of two words as high as each other, "can" comes before "not" in its list of tags.
FUSED = [
    (("It", "rained", "."), ("PRON", "VERB", "PUNCT")),
    (("We", "cannot", "go"), ("PRON", "AUX", "VERB")),
    (("Ann", "went", "home"), ("PROPN", "VERB", "ADV")),
]
CATEGORIES = ("NP", "S[dcl]\\NP", ".")
FOREIGN = ["die Katze", "der Hund", "wer", "was"]
ENGLISH = ["the dog", "the cat", "somebody"]
GOLD = [(1, 2), (2, 1)]
_LANGUAGES = {
    "en": "english",
    "ko": "korean",
    "ar": "arabic",
    "bn": "bengali",
    "fi": "finnish",
    "id": "indonesian",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}

Writer = Callable[[Path, str], list[Path]]


def write(form: str, folder: Path, language: str = "en") -> list[Path]:
    """The sample in one format, as the files of one split."""
    folder.mkdir(parents=True, exist_ok=True)
    return WRITERS[form](folder, language)


def place(source: RowsSource, folder: Path, language: str = "en", codes: Mapping[str, str] | None = None) -> list[str]:
    """The sample where a task's spec looks for it below ``folder``; of a table of the hub with its receipt."""
    codes = codes or {}
    form = "hub_udpos" if source.hub is not None and source.hub.config.startswith("udpos.") else source.format
    written = write(form, folder / ".sample" / form, language)
    if source.hub is not None:
        top = hub_folder(source.hub, language, codes)
        names = [f"{top}/{split}/{path.name}" for split, path in zip(source.hub.splits, written, strict=True)]
        for split, path in zip(source.hub.splits, written, strict=True):
            (folder / top / split).mkdir(parents=True, exist_ok=True)
            receipt = {
                "id": source.hub.id,
                "revision": source.hub.revision,
                "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
            }
            (folder / top / split / RECEIPT).write_text(json.dumps(receipt))
    else:
        names = [filled(pattern, language, codes).replace("*", "x") for pattern in source.files]
    for name, path in zip(names, written, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(path.read_bytes())
    shutil.rmtree(folder / ".sample")
    return names


def write_table(
    path: Path, rows: Sequence[Mapping[str, Any]], classes: Mapping[str, Sequence[str]] | None = None
) -> Path:
    """A Parquet file as the hub's own writer leaves it; ``classes`` are the names of the numbers in a column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([dict(row) for row in rows])
    features: dict[str, Any] = {name: {"_type": "Value"} for name in table.column_names}
    for name, names in (classes or {}).items():
        if name not in features:
            continue
        label = {"names": list(names), "_type": "ClassLabel"}
        nested = isinstance(rows[0][name], list)
        features[name] = {"feature": label, "_type": "List"} if nested else label
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def read_table(path: Path) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """The rows of such a file, and the names of classes by column."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    inner = {name: feature.get("feature", feature) for name, feature in features.items()}
    return table.to_pylist(), {name: one["names"] for name, one in inner.items() if "names" in one}


def _text(path: Path, text: str) -> list[Path]:
    path.write_text(text, encoding="utf-8", newline="")
    return [path]


def _csv(rows: Sequence[Sequence[Any]], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _labelled() -> list[dict[str, Any]]:
    return [row for row in PAIRS if row["label"] is not None]


def _glue_mnli(folder: Path, _: str) -> list[Path]:
    rows = [("index", "promptID", "pairID", "sentence1", "sentence2", "gold_label")]
    rows += [
        (str(n), "p", "q", row["a"], row["b"], "-" if row["label"] is None else NLI[row["label"]])
        for n, row in enumerate(PAIRS)
    ]
    return _text(folder / "glue.tsv", "".join("\t".join(row) + "\n" for row in rows))


def _nli_jsonl(folder: Path, _: str) -> list[Path]:
    rows = [
        {"sentence1": r["a"], "sentence2": r["b"], "gold_label": "-" if r["label"] is None else NLI[r["label"]]}
        for r in PAIRS
    ]
    return _text(folder / "nli.jsonl", _lines(rows))


def _anli(name: str) -> list[dict[str, Any]]:
    return [
        {"uid": f"u{n}", "context": r["a"], name: r["b"], "label": "enc"[r["label"]]} for n, r in enumerate(_labelled())
    ]


def _anli_jsonl(folder: Path, _: str) -> list[Path]:
    rows = _anli("hypothesis")
    rounds = rows[:2], rows[2:4], rows[4:]
    return [path for n, part in enumerate(rounds) for path in _text(folder / f"r{n}.jsonl", _lines(part))]


def _anli_csv(folder: Path, _: str) -> list[Path]:
    rows = [("uid", "context", "statement", "gold_label"), *(tuple(row.values()) for row in _anli("statement"))]
    return _text(folder / "anli.csv", _csv(rows, ","))


def _hub_nli(folder: Path, _: str) -> list[Path]:
    rows = [
        {"premise": r["a"], "hypothesis": r["b"], "label": -1 if r["label"] is None else r["label"], "idx": n}
        for n, r in enumerate(PAIRS)
    ]
    return [write_table(folder / "0.parquet", rows, {"label": NLI})]


def _hub_anli(folder: Path, _: str) -> list[Path]:
    rows = [
        {"uid": f"u{n}", "premise": r["a"], "hypothesis": r["b"], "label": r["label"]}
        for n, r in enumerate(_labelled())
    ]
    rounds = rows[:2], rows[2:4], rows[4:]
    return [write_table(folder / f"{n}.parquet", part, {"label": NLI}) for n, part in enumerate(rounds)]


QQP = ("not_duplicate", "duplicate")


def _glue_qqp(folder: Path, _: str) -> list[Path]:
    rows = [("id", "qid1", "qid2", "question1", "question2", "is_duplicate")]
    rows += [("1", "2", "3", r["a"], r["b"], str(int(r["label"] == 0))) for r in _labelled()]
    rows.insert(2, ("1", "2", "3", "a row cut short"))
    return _text(folder / "qqp.tsv", "".join("\t".join(row) + "\n" for row in rows))


def _hub_qqp(folder: Path, _: str) -> list[Path]:
    numbers = [0, *range(2, len(_labelled()) + 1)]
    rows = [
        {"question1": r["a"], "question2": r["b"], "label": int(r["label"] == 0), "idx": n}
        for n, r in zip(numbers, _labelled(), strict=True)
    ]
    return [write_table(folder / "0.parquet", rows, {"label": QQP})]


def _squad(questions: Sequence[Mapping[str, Any]], ids: Callable[[str], str] = str) -> str:
    paragraphs: list[dict[str, Any]] = [{"context": "no question here", "qas": []}]
    for row in questions:
        if row["context"] != paragraphs[-1]["context"]:
            paragraphs.append({"context": row["context"], "qas": []})
        answers = [{"text": text, "answer_start": start} for text, start in row["answers"]]
        paragraphs[-1]["qas"].append({"id": ids(row["id"]), "question": row["question"], "answers": answers})
    return json.dumps({"version": "1.1", "data": [{"title": "T", "paragraphs": paragraphs}]}, ensure_ascii=False)


def _squad_json(folder: Path, _: str) -> list[Path]:
    return _text(folder / "squad.json", _squad(QUESTIONS))


def _hub_questions(folder: Path, ids: Callable[[str], str], more: Sequence[Mapping[str, Any]] = ()) -> list[Path]:
    """As the hub's copies are: the context stripped, the offsets as they were."""
    rows = [
        {
            "id": ids(row["id"]),
            "title": "T",
            "context": row["context"].strip(),
            "question": row["question"],
            "answers": {"text": [a for a, _ in row["answers"]], "answer_start": [s for _, s in row["answers"]]},
        }
        for row in [*QUESTIONS, *more]
    ]
    return [write_table(folder / "0.parquet", rows)]


def _hub_squad(folder: Path, _: str) -> list[Path]:
    return _hub_questions(folder, str)


def _tydiqa(folder: Path, language: str) -> list[Path]:
    return _text(folder / "tydiqa.json", _squad(QUESTIONS, lambda name: f"{_LANGUAGES[language]}-12-{name}"))


def _hub_tydiqa(folder: Path, language: str) -> list[Path]:
    other = "korean" if language == "en" else "english"
    more = [{"id": "z", "context": "x y", "question": "x?", "answers": [("x", 0)]}]
    names = {"z": f"{other}-12-z"}
    return _hub_questions(folder, lambda name: names.get(name, f"{_LANGUAGES[language]}-12-{name}"), more)


def _hellaswag(label: Callable[[int], Any]) -> list[dict[str, Any]]:
    return [
        {
            "ind": int(row["id"]),
            "ctx_a": row["first"],
            "ctx_b": row["second"],
            "endings": [f"ending {n}." for n in range(4)],
            "label": label(row["label"]),
        }
        for row in CHOICES
    ]


def _hellaswag_jsonl(folder: Path, _: str) -> list[Path]:
    return _text(folder / "hellaswag.jsonl", _lines(_hellaswag(int)))


def _hub_hellaswag(folder: Path, _: str) -> list[Path]:
    return [write_table(folder / "0.parquet", _hellaswag(str))]


def _cosmosqa() -> list[dict[str, Any]]:
    return [
        {
            "id": f"{row['id']}##q1_a1##x",
            "context": row["first"] + "\nMore.",
            "question": row["question"],
            **{f"answer{n}": f"answer, {n}" for n in range(4)},
            "label": row["label"],
        }
        for row in CHOICES
    ]


def _cosmosqa_csv(folder: Path, _: str) -> list[Path]:
    rows = _cosmosqa()
    return _text(folder / "cosmosqa.csv", _csv([tuple(rows[0]), *(tuple(row.values()) for row in rows)], ","))


def _hub_cosmosqa(folder: Path, _: str) -> list[Path]:
    return [write_table(folder / "0.parquet", _cosmosqa())]


def _commonsenseqa_jsonl(folder: Path, _: str) -> list[Path]:
    rows = [
        {
            "id": row["id"],
            "question": {"stem": row["question"], "choices": [{"label": x, "text": f"the {x}"} for x in "ABCDE"]},
            "answerKey": "ABCDE"[row["label"]],
        }
        for row in CHOICES
    ]
    return _text(folder / "commonsenseqa.jsonl", _lines(rows))


def _hub_commonsenseqa(folder: Path, _: str) -> list[Path]:
    choices = {"label": list("ABCDE"), "text": [f"the {x}" for x in "ABCDE"]}
    rows = [
        {"id": row["id"], "question": row["question"], "choices": choices, "answerKey": "ABCDE"[row["label"]]}
        for row in CHOICES
    ]
    return [write_table(folder / "0.parquet", rows)]


def _xtreme(rows: Sequence[tuple[str, str, str]]) -> Writer:
    return lambda folder, _: _text(folder / "xtreme.tsv", _csv([(a, b.strip(), c) for a, b, c in rows], "\t"))


def _parallel(names: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(row["a"], row["b"], names[row["label"] % len(names)]) for row in _labelled()]


def _xnli_release(folder: Path, language: str) -> list[Path]:
    rows = [("language", "gold_label", "sentence1", "sentence2", "promptID", "pairID")]
    rows += [("xx", "neutral", "another", "language", "1", "1")]
    rows += [(language, label, a, b, "1", "1") for a, b, label in _parallel(NLI)]
    return _text(folder / "xnli.tsv", "".join("\t".join(row) + "\n" for row in rows))


def _hub_xnli(folder: Path, _: str) -> list[Path]:
    rows = [{"premise": r["a"], "hypothesis": r["b"], "label": r["label"]} for r in _labelled()]
    return [write_table(folder / "0.parquet", rows, {"label": NLI})]


def _pawsx_release(folder: Path, _: str) -> list[Path]:
    rows = [("id", "sentence1", "sentence2", "label")]
    rows += [(str(n), a, b, label) for n, (a, b, label) in enumerate(_parallel("01"), start=1)]
    return _text(folder / "pawsx.tsv", "".join("\t".join(row) + "\n" for row in rows))


def _hub_pawsx(folder: Path, _: str) -> list[Path]:
    rows = [
        {"id": n, "sentence1": a, "sentence2": b, "label": int(label)}
        for n, (a, b, label) in enumerate(_parallel("01"), start=1)
    ]
    return [write_table(folder / "0.parquet", rows, {"label": "01"})]


def _tagged(prefix: str) -> Writer:
    text = "\n".join(
        "".join(f"{prefix}{word}\t{NER[tag]}\n" for word, tag in zip(words, tags, strict=True))
        for words, tags in SENTENCES
    )
    return lambda folder, _: _text(folder / "tags.tsv", text)


def _hub_tags(folder: Path, _: str) -> list[Path]:
    rows = [{"tokens": list(words), "ner_tags": list(tags)} for words, tags in SENTENCES]
    return [write_table(folder / "0.parquet", rows, {"ner_tags": NER})]


def _tatoeba(folder: Path, _: str) -> list[Path]:
    foreign = _text(folder / "foreign", "".join(f"{text}\n" for text in FOREIGN[:3]))
    return [*foreign, *_text(folder / "english", "".join(f"{text}\n" for text in ENGLISH))]


def _hub_tatoeba(foreign: str, english: str, end: str) -> Writer:
    rows = [{foreign: f"{a}{end}", english: f"{b}{end}"} for a, b in zip(FOREIGN[:3], ENGLISH, strict=True)]
    return lambda folder, _: [write_table(folder / "0.parquet", rows)]


def _bucc(folder: Path, language: str) -> list[Path]:
    sides = [
        "".join(f"{code}-{n:09d}\t{text}\n" for n, text in enumerate(texts, start=1))
        for code, texts in ((language, FOREIGN), ("en", ENGLISH))
    ]
    gold = "".join(f"{language}-{a:09d}\ten-{b:09d}\n" for a, b in GOLD)
    return [path for n, text in enumerate([*sides, gold]) for path in _text(folder / f"bucc-{n}", text)]


def _hub_bucc(folder: Path, _: str) -> list[Path]:
    rows = [{"sentence1": FOREIGN, "sentence2": ENGLISH, "gold": [list(pair) for pair in GOLD]}]
    return [write_table(folder / "0.parquet", rows)]


def _translated_pairs(folder: Path, _: str) -> list[Path]:
    rows = [(f"en {a}", f"en {b}", a, b.strip(), label) for a, b, label in _parallel(NLI)]
    return _text(folder / "pairs.tsv", "".join("\t".join(row) + "\n" for row in rows))


def _xnli_mt(folder: Path, _: str) -> list[Path]:
    rows = [("premise", "hypo", "label"), *_parallel(NLI)]
    return _text(folder / "mt.tsv", "".join("\t".join(row) + "\n" for row in rows))


def _taxinli(folder: Path, _: str) -> list[Path]:
    rows = [("prem", "hyp", "label", "pairID"), *((*row, f"{n}n") for n, row in enumerate(_parallel(NLI)))]
    return _text(folder / "taxinli.tsv", _csv(rows, "\t"))


def _udpos(folder: Path, _: str) -> list[Path]:
    sentences = ("".join(f"{word}\t{tag}\n" for word, tag in zip(*one, strict=True)) for one in FUSED)
    return _text(folder / "udpos.tsv", "\n".join(sentences))


def _conllu(folder: Path, language: str) -> list[Path]:
    text = ""
    for words, written in TREES:
        text += "# a comment\n"
        for number, (word, tag, head) in enumerate(words, start=1):
            if number in written:
                text += f"{number}-{number + 1}\t{written[number]}" + "\t_" * 8 + "\n"
            text += f"{number}\t{word}\t{word}\t{tag}\t_\t_\t{head}\tdep\t_\t_\n"
        text += "\n"
    return _text(folder / f"{language}_x-ud-train.conllu", text)


def _hub_udpos(folder: Path, _: str) -> list[Path]:
    """The hub has the syntactic words, whatever is written as one."""
    rows = [
        {"tokens": [word for word, _, _ in words], "pos_tags": [UPOS.index(tag) for _, tag, _ in words]}
        for words, _ in TREES
    ]
    return [write_table(folder / "0.parquet", rows, {"pos_tags": UPOS})]


def _ccg(folder: Path, _: str) -> list[Path]:
    return _text(folder / "ccg.tsv", "It rained .\tNP S[dcl]\\NP .\nShe slept\tNP S[dcl]\\NP\n")


WRITERS: dict[str, Writer] = {
    "glue_mnli_tsv": _glue_mnli,
    "nli_jsonl": _nli_jsonl,
    "hub_nli": _hub_nli,
    "anli_jsonl": _anli_jsonl,
    "anli_analysis_csv": _anli_csv,
    "hub_anli": _hub_anli,
    "glue_qqp_tsv": _glue_qqp,
    "hub_qqp": _hub_qqp,
    "squad_json": _squad_json,
    "hub_squad": _hub_squad,
    "tydiqa_json": _tydiqa,
    "tydiqa_train_json": _tydiqa,
    "hub_tydiqa": _hub_tydiqa,
    "hub_tydiqa_train": _hub_tydiqa,
    "hellaswag_jsonl": _hellaswag_jsonl,
    "hub_hellaswag": _hub_hellaswag,
    "cosmosqa_csv": _cosmosqa_csv,
    "hub_cosmosqa": _hub_cosmosqa,
    "commonsenseqa_jsonl": _commonsenseqa_jsonl,
    "hub_commonsenseqa": _hub_commonsenseqa,
    "xtreme_pairs": _xtreme(_parallel(NLI)),
    "xtreme_nli_train": _xtreme(_parallel(NLI)),
    "xtreme_translated_pairs": _translated_pairs,
    "xnli_mt_tsv": _xnli_mt,
    "hub_xnli_train": _hub_xnli,
    "taxinli_tsv": _taxinli,
    "squad_translated_json": _squad_json,
    "xnli_release_tsv": _xnli_release,
    "hub_xnli": _hub_xnli,
    "xtreme_paraphrases": _xtreme(_parallel("01")),
    "pawsx_release_tsv": _pawsx_release,
    "hub_pawsx": _hub_pawsx,
    "panx_tsv": _tagged(""),
    "wikiann_files": _tagged("en:"),
    "hub_tags": _hub_tags,
    "udpos_tsv": _udpos,
    "conllu": _conllu,
    "hub_udpos": _hub_udpos,
    "ccg_tsv": _ccg,
    "tatoeba_pair": _tatoeba,
    "hub_tatoeba": _hub_tatoeba("source_sentence", "target_sentence", "\n"),
    "hub_tatoeba_mteb": _hub_tatoeba("sentence1", "sentence2", ""),
    "bucc_files": _bucc,
    "hub_bucc": _hub_bucc,
}
