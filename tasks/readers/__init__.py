"""Readers: original release files in, canonical rows out. A task spec names the format of each split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from tasks.errors import DataError, UserError
from tasks.readers.base import Reader, ReadResult
from tasks.readers.bucc_pair import read_bucc_files
from tasks.readers.commonsenseqa import read_commonsenseqa
from tasks.readers.nli_tables import GLUE_MNLI, TAXINLI, XNLI_RELEASE, NliTableReader
from tasks.readers.pairs import read_paraphrase_pairs, read_premise_pairs
from tasks.readers.squad import SquadReader
from tasks.readers.tatoeba import read_tatoeba_pair
from tasks.readers.token_tags import read_token_tags
from tasks.types.scoring import nearest

__all__ = ["READERS", "ReadResult", "Reader", "read_split"]

READERS: MappingProxyType[str, Reader] = MappingProxyType(
    {
        "xtreme_pairs": read_premise_pairs,
        "xtreme_paraphrases": read_paraphrase_pairs,
        "xnli_release_tsv": NliTableReader(table=XNLI_RELEASE),
        "taxinli_tsv": NliTableReader(table=TAXINLI),
        "glue_mnli_tsv": NliTableReader(table=GLUE_MNLI),
        "squad_json": SquadReader(),
        "tydiqa_json": SquadReader(repeated_ids=True),
        "commonsenseqa_jsonl": read_commonsenseqa,
        "udpos_tsv": read_token_tags,
        "panx_tsv": read_token_tags,
        "tatoeba_pair": read_tatoeba_pair,
        "bucc_files": read_bucc_files,
    }
)


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
    return READERS[format](paths, language=language, labels=labels)
