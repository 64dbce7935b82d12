"""The readers against original release files; the counts are those of the data folder's own table."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split
from tasks.rows import Row
from tasks.selection import foreign_run
from tasks.types.bitext_mining import gold_pairs

pytestmark = pytest.mark.data

NLI = ("entailment", "neutral", "contradiction")
UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]
NER = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def rows_of(name: str, path: Path, labels: Sequence[str] = ()) -> list[Row]:
    return read_split(name, [path], language="en", labels=labels).rows


@pytest.mark.parametrize(
    ("rows", "files", "name", "pattern", "labels"),
    [
        (13_500, 15, "xtreme_pairs", "xnli/dev-*.tsv", NLI),
        (7_000, 7, "xtreme_paraphrases", "pawsx/dev-*.tsv", ("0", "1")),
        (6_500, 1, "taxinli_tsv", "mnli/taxinli10k.tsv", NLI),
        (384, 8, "glue_mnli_tsv", "mnli/glue_*/*.tsv", NLI),
        (7_000, 1, "squad_json", "squad/dev-v1.1.json", ()),
        (3_286, 1, "squad_json", "squad/train-v1.1.json", ()),
        (3_708, 1, "squad_json", "squad/dev-v2.0.json", ()),
        (2_904, 1, "squad_json", "squad/train-v2.0.json", ()),
        (9_520, 8, "squad_json", "xquad/xquad.*.json", ()),
        (3_225, 9, "squad_json", "mlqa/*.json", ()),
        (2_300, 2, "tydiqa_train_json", "tydiqa/*.train.json", ()),
        (1_500, 3, "anli_analysis_csv", "anli/*.csv", NLI),
        (2_010, 2, "cosmosqa_csv", "cosmosqa/*.csv", ()),
        (600, 1, "hellaswag_jsonl", "hellaswag/*.jsonl", ()),
        (5_300, 2, "commonsenseqa_jsonl", "commonsenseqa/*_split.jsonl", ()),
        (20_667, 30, "udpos_tsv", "udpos/*.tsv", UPOS),
        (18_300, 30, "panx_tsv", "panx/*.tsv", NER),
    ],
)
def test_every_row_is_read(
    shared_data: Path, rows: int, files: int, name: str, pattern: str, labels: Sequence[str]
) -> None:
    paths = sorted(shared_data.glob(pattern))
    assert files == len(paths)
    found = [rows_of(name, path, labels) for path in paths]
    assert rows == sum(map(len, found))
    assert all(len({row.id for row in each}) == len(each) for each in found)


def test_every_tatoeba_pair_is_read(shared_data: Path) -> None:
    english = sorted(shared_data.glob("tatoeba/*.eng"))
    pairs = 0
    for path in english:
        code = path.name.removeprefix("tatoeba.").removesuffix("-eng.eng")
        rows = read_split("tatoeba_pair", [path.with_suffix(f".{code}"), path], language="x", labels=()).rows
        pairs += len(rows) // 2
    assert (102, 82_040) == (len(english), pairs)


def test_every_bucc_sentence_and_pair_is_read(shared_data: Path) -> None:
    """No sentence of the sample set is in two pairs, so every pair is a unit, and every other sentence is one."""
    paths = [shared_data / "bucc2018" / f"zh-en.dev.{end}" for end in ("zh", "en", "gold")]
    result = read_split("bucc_files", paths, language="zh", labels=())
    chinese, english = ([row for row in result.rows if row.side == side] for side in ("foreign", "english"))
    assert (8_624, 13_589, {}) == (len(chinese), len(english), result.mended)
    assert 257 == len(gold_pairs(result.rows)) == sum(map(len, (row.partners for row in english)))
    assert 8_624 + 13_589 - 257 == len({row.unit for row in result.rows})
    assert [row.unit for row in chinese] == [row.id for row in chinese]
    assert (8_615, 13_575) == tuple(len({row.text for row in side}) for side in (chinese, english))


@pytest.mark.parametrize(
    ("units", "name", "pattern"), [(300, "xtreme_pairs", "xnli/dev-*.tsv"), (240, "squad_json", "xquad/*.json")]
)
def test_parallel_files_have_the_same_ids_and_units(shared_data: Path, units: int, name: str, pattern: str) -> None:
    found = [[(row.id, row.unit) for row in rows_of(name, path)] for path in sorted(shared_data.glob(pattern))]
    assert all(each == found[0] for each in found)
    assert units == len({unit for _, unit in found[0]})


def test_unanswerable_questions_are_kept(shared_data: Path) -> None:
    rows = rows_of("squad_json", shared_data / "squad" / "dev-v2.0.json")
    assert 1_987 == sum(row.answers == () for row in rows)


def test_known_repeats_are_mended_and_counted(shared_data: Path) -> None:
    """TyDiQA's ids in XTREME's form, and the MultiNLI pair ids that a training and a development pair share."""
    tydiqa = read_split(
        "tydiqa_train_json", [shared_data / "tydiqa/tydiqa.goldp.ko.train.json"], language="ko", labels=()
    )
    taxinli = read_split("taxinli_tsv", [shared_data / "mnli/taxinli10k.tsv"], language="en", labels=NLI)
    assert ({"ids_made_unique": 720}, {"ids_made_unique": 4}) == (tydiqa.mended, taxinli.mended)


def test_blanked_test_files_are_refused(shared_data: Path) -> None:
    with pytest.raises(DataError, match="an empty answer; XTREME's scripts blank the answers"):
        read_split("tydiqa_json", [shared_data / "tydiqa/tydiqa.goldp.fi.dev.json"], language="fi", labels=())


def test_answers_stand_where_they_say(shared_data: Path) -> None:
    answers = [
        (row.context, answer)
        for path in sorted(shared_data.glob("xquad/*.json"))
        for row in rows_of("squad_json", path)
        for answer in row.answers
    ]
    assert len(answers) > 1000
    for context, answer in answers:
        assert answer.text == context[answer.start : answer.start + len(answer.text)]


@pytest.mark.parametrize(
    ("treebank", "alike", "tags"), [("UD_Russian-GSD/ru_gsd", 300, 0.99), ("UD_Tamil-TTB/ta_ttb", 120, 0.9)]
)
def test_conllu_files_are_converted_as_xtreme_does(shared_data: Path, treebank: str, alike: int, tags: float) -> None:
    """Token by token, fused forms and all; the treebanks at hand are newer, so some tags were changed meanwhile."""
    path = shared_data / "ud" / f"{treebank}-ud-test.conllu"
    language = path.name[:2]
    converted = {row.tokens: row.tags for row in rows_of("conllu", path, UPOS)}
    xtreme = rows_of("udpos_tsv", shared_data / f"udpos/test-{language}.tsv", UPOS)[:alike]
    assert alike == sum(row.tokens in converted for row in xtreme)
    pairs = [pair for row in xtreme for pair in zip(row.tags, converted[row.tokens], strict=True)]
    assert tags < sum(one == other for one, other in pairs) / len(pairs)


@pytest.mark.parametrize(
    ("name", "path", "labels"),
    [
        ("panx_tsv", "panx/train-en.tsv", NER),
        ("udpos_tsv", "udpos/train-en.tsv", UPOS),
        ("squad_json", "squad/train-v1.1.json", ()),
        ("squad_json", "squad/train-v2.0.json", ()),
        ("commonsenseqa_jsonl", "commonsenseqa/train_rand_split.jsonl", ()),
        ("cosmosqa_csv", "cosmosqa/valid.csv", ()),
        ("hellaswag_jsonl", "hellaswag/hellaswag_val.jsonl", ()),
        ("anli_analysis_csv", "anli/ANLI_analysis_r2_dev.csv", NLI),
        ("taxinli_tsv", "mnli/taxinli10k.tsv", NLI),
        ("tydiqa_train_json", "tydiqa/tydiqa.goldp.en.train.json", ()),
        ("xtreme_paraphrases", "pawsx/dev-en.tsv", ("0", "1")),
    ],
)
def test_english_rows_are_known_as_english(shared_data: Path, name: str, path: str, labels: Sequence[str]) -> None:
    assert foreign_run([_words(row) for row in rows_of(name, shared_data / path, labels)]) is None


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("panx_tsv", "panx/dev-*.tsv"), ("udpos_tsv", "udpos/test-*.tsv"), ("xtreme_pairs", "xnli/dev-*.tsv")],
)
def test_rows_of_no_other_language_pass_for_english(shared_data: Path, name: str, pattern: str) -> None:
    long = 0
    for path in sorted(shared_data.glob(pattern)):
        rows = rows_of(name, path)
        words = [_words(row) for row in rows]
        if not path.stem.endswith("-en") and sum(len(text.split()) for text in words) > 1000:
            assert foreign_run(words) is not None, path.name
            long += 1
    assert long


def _words(row: Row) -> str:
    fields = row.inputs()
    return " ".join(
        fields.get("tokens") or [str(fields[name]) for name in fields if name not in {"id", "unit", "choices"}]
    )
