"""Counting words the same way in every script."""

from __future__ import annotations

import re

# Scripts that do not put spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese (Unicode blocks).
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")


def count_words(text: str) -> int:
    """Words by white space; in scripts without it every character counts as one."""
    return sum(1 for _ in _WORD.finditer(text))
