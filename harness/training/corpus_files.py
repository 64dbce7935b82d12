"""What a corpus artifact holds: one stream, ``text.jsonl``, or articles by language with the size of all their text."""

from __future__ import annotations

TEXT = "text.jsonl"
TEXTS = "texts"  # LANG.jsonl of each language
LANGUAGES = "languages.json"
