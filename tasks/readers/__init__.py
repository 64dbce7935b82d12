"""Readers: original release files in, canonical rows out. A task spec names the format of each split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from tasks.errors import DataError, UserError
from tasks.readers.base import Reader, ReadResult
from tasks.readers.bitext import TatoebaTable, read_bucc_files, read_bucc_table, read_tatoeba_pair
from tasks.readers.choices import commonsenseqa_row, cosmosqa_row, hellaswag_row
from tasks.readers.conllu import sentences as conllu_sentences
from tasks.readers.pairs import (
    TAXINLI,
    NliTableReader,
    NumberedPairReader,
    PairReader,
    ParallelPairReader,
    RecordPairs,
    qqp_records,
    translated_fields,
    xnli_mt_fields,
    xtreme_fields,
)
from tasks.readers.placeholders import refuse_placeholders
from tasks.readers.records import RecordReader, comma_table, json_lines, parquet, plain_table
from tasks.readers.squad import SquadReader, table_questions
from tasks.readers.token_tags import TaggedReader, joined, tab_separated, table, with_language
from tasks.types.scoring import nearest

__all__ = ["READERS", "ReadResult", "Reader", "read_split"]

_ANLI = {"e": "entailment", "n": "neutral", "c": "contradiction"}
_TYDIQA = {
    "ar": "arabic",
    "bn": "bengali",
    "en": "english",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}

#: Formats of release files.
_RELEASED: dict[str, Reader] = {
    "xtreme_pairs": ParallelPairReader(pairs=xtreme_fields, by_premise=True),
    "xtreme_paraphrases": ParallelPairReader(pairs=xtreme_fields),
    "xtreme_nli_train": NumberedPairReader(pairs=xtreme_fields),
    "xtreme_translated_pairs": NumberedPairReader(pairs=translated_fields),
    "xnli_mt_tsv": NumberedPairReader(pairs=xnli_mt_fields),
    "xnli_release_tsv": ParallelPairReader(
        pairs=RecordPairs(
            records=plain_table, first="sentence1", second="sentence2", label="gold_label", language="language"
        ),
        by_premise=True,
    ),
    "pawsx_release_tsv": ParallelPairReader(
        pairs=RecordPairs(records=plain_table, first="sentence1", second="sentence2", label="label")
    ),
    "taxinli_tsv": NliTableReader(table=TAXINLI),
    "glue_mnli_tsv": PairReader(records=plain_table),
    "glue_qqp_tsv": PairReader(
        records=qqp_records,
        first="question1",
        second="question2",
        label="is_duplicate",
        names={"0": "not_duplicate", "1": "duplicate"},
        numbers="idx",
    ),
    "nli_jsonl": PairReader(records=json_lines),
    "anli_jsonl": PairReader(
        records=json_lines, first="context", second="hypothesis", label="label", id="uid", names=_ANLI
    ),
    "anli_analysis_csv": PairReader(
        records=comma_table, first="context", second="statement", label="gold_label", id="uid", names=_ANLI
    ),
    "squad_json": SquadReader(),
    "squad_translated_json": SquadReader(lost_answers=True),
    "tydiqa_train_json": SquadReader(lost_answers=True, repeated_ids=True, prefixes=_TYDIQA, short_ids=True),
    "tydiqa_json": SquadReader(lost_answers=True, repeated_ids=True, prefixes=_TYDIQA),
    "commonsenseqa_jsonl": RecordReader(records=json_lines, row=commonsenseqa_row),
    "hellaswag_jsonl": RecordReader(records=json_lines, row=hellaswag_row),
    "cosmosqa_csv": RecordReader(records=comma_table, row=cosmosqa_row),
    "ccg_tsv": TaggedReader(sentences=joined),
    "udpos_tsv": TaggedReader(sentences=tab_separated),
    "panx_tsv": TaggedReader(sentences=tab_separated),
    "wikiann_files": TaggedReader(sentences=with_language),
    "conllu": TaggedReader(sentences=conllu_sentences),
    "tatoeba_pair": read_tatoeba_pair,
    "bucc_files": read_bucc_files,
}
#: Formats of the hub's tables: Parquet files, whose columns are those of the data set named in the task's spec.
_TABLES: dict[str, Reader] = {
    "hub_nli": PairReader(records=parquet, first="premise", second="hypothesis", label="label"),
    "hub_anli": PairReader(records=parquet, first="premise", second="hypothesis", label="label", id="uid"),
    "hub_qqp": PairReader(records=parquet, first="question1", second="question2", label="label", numbers="idx"),
    "hub_xnli": ParallelPairReader(
        pairs=RecordPairs(records=parquet, first="premise", second="hypothesis", label="label"), by_premise=True
    ),
    "hub_xnli_train": NumberedPairReader(
        pairs=RecordPairs(records=parquet, first="premise", second="hypothesis", label="label")
    ),
    "hub_pawsx": ParallelPairReader(
        pairs=RecordPairs(records=parquet, first="sentence1", second="sentence2", label="label")
    ),
    "hub_squad": SquadReader(questions=table_questions),
    "hub_tydiqa_train": SquadReader(
        questions=table_questions, lost_answers=True, repeated_ids=True, prefixes=_TYDIQA, short_ids=True
    ),
    "hub_tydiqa": SquadReader(questions=table_questions, lost_answers=True, repeated_ids=True, prefixes=_TYDIQA),
    "hub_commonsenseqa": RecordReader(records=parquet, row=commonsenseqa_row),
    "hub_hellaswag": RecordReader(records=parquet, row=hellaswag_row),
    "hub_cosmosqa": RecordReader(records=parquet, row=cosmosqa_row),
    "hub_tags": TaggedReader(sentences=table),
    "hub_tatoeba": TatoebaTable(foreign="source_sentence", english="target_sentence"),
    "hub_tatoeba_mteb": TatoebaTable(foreign="sentence1", english="sentence2"),
    "hub_bucc": read_bucc_table,
}
READERS: MappingProxyType[str, Reader] = MappingProxyType(_RELEASED | _TABLES)


def read_split(format: str, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: A002
    """The rows of one split in one language.

    Args:
        format: a name in :data:`READERS`.
        paths: the files, read in this order as one split (``tatoeba_pair``: the foreign file, then the English one;
            ``bucc_files``: the same, then the gold pairs).
        language: the language wanted, for formats that hold several in one file.
        labels: the labels that are allowed; none for types without labels.

    Raises:
        UserError: unknown format.
        DataError: a file is missing, empty, or not in the format; file and line are named.
    """
    if format not in READERS:
        raise UserError(f"unknown format {format!r}", where="format", remedy=nearest(format, tuple(READERS)))
    if not paths:
        raise DataError(f"no files for format {format}")
    result = READERS[format](paths, language=language, labels=labels)
    refuse_placeholders(result.rows, ", ".join(map(str, paths)))
    return result
