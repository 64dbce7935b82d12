"""Rows of files: one after the other, as often as they are asked for."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakSet

from tasks.rows import RowFiles, SentencePair, read_rows, write_json_lines


def test_rows_of_files_are_never_all_in_memory(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("train.jsonl", "train-de.jsonl")]
    for path, count in zip(paths, (300, 20), strict=True):
        rows = (SentencePair(id=str(n), unit="0", text_a=path.stem, text_b=str(n)) for n in range(count))
        write_json_lines(path, (row.to_json() for row in rows))
    files = RowFiles(paths, SentencePair)
    alive: WeakSet[SentencePair] = WeakSet()
    most = 0
    for row in files:
        alive.add(row)
        most = max(most, len(alive))

    assert most <= 2
    assert ((300, 20), 320) == (files.counts, len(files))
    assert [row for path in paths for row in read_rows(path, SentencePair)] == list(files)
