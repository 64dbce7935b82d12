"""What readers of release files give, the least file of each format, and what none of them reads."""

import json
from pathlib import Path

import pytest

from tasks.errors import DataError, UserError
from tasks.readers import READERS, read_split
from tasks.readers.base import with_unique_ids
from tasks.rows import SentencePair

LABELS = ("entailment", "neutral", "contradiction")
GLUE_HEADER = "promptID\tpairID\tsentence1\tsentence2\tgold_label"
SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "T",
            "paragraphs": [
                {
                    "context": "the cat sat",
                    "qas": [{"id": "q", "question": "who", "answers": [{"text": "cat", "answer_start": 4}]}],
                }
            ],
        }
    ],
}
QUESTION = {
    "id": "q",
    "answerKey": "B",
    "question": {"stem": "who", "choices": [{"label": "A", "text": "dog"}, {"label": "B", "text": "cat"}]},
}
NER = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
CONLLU = "# sent_id = 1\n1\tcat\tcat\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\tsat\tsit\tVERB\t_\t_\t0\troot\t_\t_\n\n"
HELLASWAG = {"ind": 1, "ctx_a": "a", "ctx_b": "b", "endings": ["c", "d", "e", "f"], "label": 1}
ANLI = {"uid": "u", "context": "a", "hypothesis": "b", "label": "n"}
PAIR = {"sentence1": "a", "sentence2": "b", "gold_label": "neutral"}
#: One good file a format: its text, and the labels its reader is given.
GOOD: dict[str, tuple[str, tuple[str, ...]]] = {
    "xtreme_pairs": ("a\tb\tneutral\n", LABELS),
    "xtreme_paraphrases": ("a\tb\t1\n", ("0", "1")),
    "xtreme_nli_train": ("a\tb\tneutral\n", LABELS),
    "xtreme_translated_pairs": ("a\tb\tA\tB\tneutral\n", LABELS),
    "xnli_mt_tsv": ("premise\thypo\tlabel\na\tb\tneutral\n", LABELS),
    "xnli_release_tsv": (f"language\t{GLUE_HEADER}\nen\t1\t1n\ta\tb\tneutral\n", LABELS),
    "pawsx_release_tsv": ("id\tsentence1\tsentence2\tlabel\n1\ta\tb\t1\n", ("0", "1")),
    "taxinli_tsv": ("prem\thyp\tlabel\tpairID\na\tb\tneutral\t1n\n", LABELS),
    "glue_mnli_tsv": (f"{GLUE_HEADER}\n1\t1n\ta\tb\tneutral\n", LABELS),
    "glue_qqp_tsv": ("id\tquestion1\tquestion2\tis_duplicate\n1\ta\tb\t1\n", ("not_duplicate", "duplicate")),
    "nli_jsonl": (json.dumps(PAIR) + "\n", LABELS),
    "anli_jsonl": (json.dumps(ANLI) + "\n", LABELS),
    "anli_analysis_csv": ("uid,context,statement,gold_label\nu,a,b,n\n", LABELS),
    "squad_json": (json.dumps(SQUAD), ()),
    "squad_translated_json": (json.dumps(SQUAD), ()),
    "tydiqa_json": (json.dumps(SQUAD), ()),
    "tydiqa_train_json": (json.dumps(SQUAD), ()),
    "commonsenseqa_jsonl": (json.dumps(QUESTION) + "\n", ()),
    "hellaswag_jsonl": (json.dumps(HELLASWAG) + "\n", ()),
    "cosmosqa_csv": ("id,context,question,answer0,answer1,answer2,answer3,label\nq,a,b,c,d,e,f,1\n", ()),
    "ccg_tsv": ("the cat\tNP/N N\n", ("NP/N", "N")),
    "udpos_tsv": ("cat\tNOUN\nsat\tVERB\n\n", ("NOUN", "VERB")),
    "panx_tsv": ("cat\tO\n", ("O",)),
    "wikiann_files": ("en:cat\tO\n", ("O",)),
    "conllu": (CONLLU, ("NOUN", "VERB")),
    "tatoeba_pair": ("die Katze\n", ()),
    "bucc_files": ("de-1\tdie Katze\n", ()),
}
#: Formats of tables without a header, in which every label stands behind a tab.
LABELLED = sorted(name for name, (text, labels) in GOOD.items() if any(f"\t{label}" in text for label in labels))
#: Tables of the hub; they are tried where all readers are given bad input.
TABLES = {name for name in READERS if name.startswith("hub_")}


#: The files that stand beside the first one of a split, by format.
BESIDE = {"bucc_files": ("en-1\tthe cat\n", "de-1\ten-1\n")}


def written(tmp_path: Path, name: str, content: bytes) -> list[Path]:
    """The files of a split, of which the first has the content; Tatoeba's pair of files gets the same twice."""
    first, *others = [tmp_path / "first", *(tmp_path / f"beside-{place}" for place in range(len(BESIDE.get(name, ()))))]
    first.write_bytes(content)
    for path, text in zip(others, BESIDE.get(name, ()), strict=True):
        path.write_text(text, encoding="utf-8")
    if name == "tatoeba_pair":
        others.append(tmp_path / "second")
        others[0].write_bytes(content)
    return [first, *others]


def test_every_format_is_tried_here() -> None:
    assert set(READERS) - TABLES == set(GOOD)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_file_is_read(tmp_path: Path, name: str) -> None:
    text, labels = GOOD[name]
    result = read_split(name, written(tmp_path, name, text.encode()), language="en", labels=labels)
    assert {} == result.mended
    assert (2 if name in {"tatoeba_pair", "bucc_files"} else 1) == len(result.rows)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_file_is_named_with_where_it_was_looked_for(tmp_path: Path, name: str) -> None:
    paths = written(tmp_path, name, GOOD[name][0].encode())
    paths[-1].unlink()
    with pytest.raises(DataError, match="no such file; put the release file there or point --data at") as caught:
        read_split(name, paths, language="en", labels=())
    assert str(paths[-1]) == caught.value.where


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_folder_is_not_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="a folder stands where a file should"):
        read_split(name, [tmp_path] * len(written(tmp_path, name, b"")), language="en", labels=())


@pytest.mark.parametrize("name", LABELLED)
def test_an_unknown_label_names_the_allowed_and_the_nearest(tmp_path: Path, name: str) -> None:
    text, labels = GOOD[name]
    wrong = f"{labels[0]}x"
    paths = written(tmp_path, name, text.replace(f"\t{_label(text, labels)}", f"\t{wrong}", 1).encode())
    with pytest.raises(DataError, match=f"unknown label '{wrong}'; use one of .*{labels[-1]}.*mean '{labels[0]}'"):
        read_split(name, paths, language="en", labels=labels)


def _label(text: str, labels: tuple[str, ...]) -> str:
    return next(label for label in labels if f"\t{label}" in text)


def test_an_unknown_format_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown format 'squad'.*did you mean"):
        read_split("squad", [tmp_path], language="en", labels=())


def test_a_split_needs_files() -> None:
    with pytest.raises(DataError, match="no files for format squad_json"):
        read_split("squad_json", [], language="en", labels=())


def test_new_ids_do_not_meet_old_ones() -> None:
    rows = [SentencePair(id=name, unit="0", text_a="", text_b="") for name in ("a", "a", "a-2", "a", "b")]
    renamed, count = with_unique_ids(rows)
    assert ["a", "a-3", "a-2", "a-4", "b"] == [row.id for row in renamed]
    assert 2 == count
