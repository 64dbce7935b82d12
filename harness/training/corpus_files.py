"""The contents of a corpus artifact: one stream, ``text.jsonl``, or articles by language with their total size."""

from __future__ import annotations

TEXT = "text.jsonl"
TEXTS = "texts"  # LANG.jsonl of each language
LANGUAGES = "languages.json"
