"""Tokenizers from scratch."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from harness.training.scratch import train_tokenizer
from tasks.errors import UserError


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Made-up words with many equal counts: ties are where training could differ."""
    draw = random.Random(1)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(400)]
    return [" ".join(draw.choices(words, k=8)) + "." for _ in range(200)] + ["你好 世界", "ἀλφα Größe"]


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_the_same_texts_give_the_same_bytes(texts: list[str], kind: Any) -> None:
    """The library's own word-piece trainer fails this even within one process."""
    made = {
        train_tokenizer(texts, kind=kind, vocab_size=500, max_length=32).backend_tokenizer.to_str() for _ in range(4)
    }

    assert 1 == len(made)


@pytest.mark.parametrize(
    ("kind", "single", "pair", "types"),
    [
        ("wordpiece", "[CLS] A [SEP]", "[CLS] A [SEP] B [SEP]", [0, 1]),
        ("bpe", "<s> A </s>", "<s> A </s> </s> B </s>", None),
    ],
)
def test_inputs_are_framed_as_in_bert_and_roberta(
    texts: list[str], kind: Any, single: str, pair: str, types: list[int] | None, tmp_path: Path
) -> None:
    """Also after saving and loading it."""
    train_tokenizer(texts, kind=kind, vocab_size=500, max_length=32).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    a, b = (" ".join(tokenizer.tokenize(text)) for text in ("bada", "你好"))

    def framed(*given: str) -> str:
        return " ".join(tokenizer.convert_ids_to_tokens(tokenizer(*given)["input_ids"]))

    assert single.replace("A", a) == framed("bada")
    assert pair.replace("A", a).replace("B", b) == framed("bada", "你好")
    found = tokenizer("bada", "你好").get("token_type_ids")
    assert types == (None if found is None else [found[0], found[-1]])
    assert 32 == tokenizer.model_max_length
    assert tokenizer.mask_token_id is not None


def test_word_pieces_cover_their_corpus(texts: list[str]) -> None:
    """No character of the corpus is unknown, and frequent words become few pieces."""
    tokenizer = train_tokenizer(texts, kind="wordpiece", vocab_size=500, max_length=32)
    ids = [piece for text in texts for piece in tokenizer.encode(text, add_special_tokens=False)]

    assert tokenizer.unk_token_id not in ids
    assert 500 == len(tokenizer)
    assert len(ids) < 0.6 * sum(len(text.replace(" ", "")) for text in texts)
    assert tokenizer.unk_token_id in tokenizer.encode("ж", add_special_tokens=False)


def test_bytes_know_every_character(texts: list[str]) -> None:
    tokenizer = train_tokenizer(texts, kind="bpe", vocab_size=400, max_length=32)

    assert " ж ¿" == tokenizer.decode(tokenizer.encode("ж ¿", add_special_tokens=False))


def test_no_text_is_refused() -> None:
    with pytest.raises(UserError, match="the corpus has no text"):
        train_tokenizer([" ", ""], kind="bpe", vocab_size=400, max_length=32)
