"""Backbones from scratch: a tokenizer trained on a corpus, and a randomly initialised encoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import AutoConfig, PreTrainedTokenizerFast

from harness.training.encoder import build_encoder
from tasks.errors import UserError

#: Single characters, at the beginning and inside of words, that a word-piece vocabulary keeps; rarer ones are unknown.
ALPHABET = 1000
#: Marks the beginning of a word while word pieces are learned; no text of ours holds it.
_WORD = "\u2581"

BERT_SPECIALS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
ROBERTA_SPECIALS = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}


def train_tokenizer(
    texts: Sequence[str], *, kind: Literal["wordpiece", "bpe"], vocab_size: int, max_length: int
) -> PreTrainedTokenizerFast:
    """A fast tokenizer with BERT's (wordpiece) or RoBERTa's (byte-level bpe) special pieces. Cased.

    The same texts give the same tokenizer, to the byte. Small corpora can give fewer pieces than ``vocab_size``.

    Raises:
        UserError: there is no text, or the vocabulary is too small for the special pieces and the characters.
    """
    if not any(text.strip() for text in texts):
        raise UserError("the corpus has no text", where="corpus", remedy="a tokenizer needs text to be trained on")
    backend = _word_pieces(texts, vocab_size) if kind == "wordpiece" else _byte_pairs(texts, vocab_size)
    specials = BERT_SPECIALS if kind == "wordpiece" else ROBERTA_SPECIALS
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=max_length,
        model_input_names=names if kind == "wordpiece" else [names[0], names[2]],
        clean_up_tokenization_spaces=False,
        **specials,
    )


def _byte_pairs(texts: Sequence[str], vocab_size: int) -> Tokenizer:
    specials = list(dict.fromkeys(ROBERTA_SPECIALS.values()))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    _require(vocab_size, len(specials) + len(alphabet))
    tokenizer = Tokenizer(models.BPE())
    # Words that are handed over one by one (tagging) are then spelt as they are in running text.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=specials, initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    ids = tokenizer.get_vocab()
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", ids["</s>"]), ("<s>", ids["<s>"]), trim_offsets=True
    )
    return tokenizer


def _word_pieces(texts: Sequence[str], vocab_size: int) -> Tokenizer:
    """A word-piece tokenizer.

    ``WordPieceTrainer`` numbers the pieces with ``##`` in the order of a hash table, which differs from process to
    process and, through ties, changes which pieces are learned. So the pieces are learned as byte pairs over words that
    begin with a mark, which is deterministic, and renamed.
    """
    normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    splitter = pre_tokenizers.BertPreTokenizer()
    specials = list(BERT_SPECIALS.values())
    words = Counter(_words(texts, normalizer, splitter))
    pieces = [*specials, *_alphabet(words)]
    _require(vocab_size, len(pieces))
    distinct = dict.fromkeys([*pieces, *_learned(words, vocab_size)])
    vocabulary = {piece: number for number, piece in enumerate(list(distinct)[:vocab_size])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.add_special_tokens(specials)
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _words(texts: Iterable[str], normalizer: Any, splitter: Any) -> Iterator[str]:
    for text in texts:
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)):
            yield word.replace(_WORD, "")


def _alphabet(words: Mapping[str, int]) -> list[str]:
    """The most frequent characters, as the first piece of a word and as a later one, in code order."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for position, character in enumerate(word):
            counts[character if position == 0 else f"##{character}"] += count
    frequent = sorted(counts, key=lambda piece: (-counts[piece], piece))[:ALPHABET]
    return sorted(frequent)


def _learned(words: Mapping[str, int], vocab_size: int) -> list[str]:
    """Pieces in the order in which byte-pair merging finds them."""
    characters = sorted({character for word in words for character in word} | {_WORD})
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        # Marks and characters are no pieces of the result, so more is learned than will be kept.
        vocab_size=vocab_size + len(characters),
        initial_alphabet=characters,
        show_progress=False,
    )
    learner.train_from_iterator(_repeated(words), trainer)
    order = sorted(learner.get_vocab().items(), key=lambda item: item[1])
    pieces = [piece for piece, _ in order if len(piece) > 1]
    return [piece[1:] if piece.startswith(_WORD) else f"##{piece}" for piece in pieces]


def _repeated(words: Mapping[str, int], at_once: int = 1000) -> Iterator[str]:
    for word in sorted(words):
        for start in range(0, words[word], at_once):
            yield " ".join([_WORD + word] * min(at_once, words[word] - start))


def _require(vocab_size: int, least: int) -> None:
    if vocab_size < least:
        raise UserError(
            f"a vocabulary of {vocab_size} pieces cannot hold the special pieces and single characters",
            where="backbone.vocab_size",
            remedy=f"give at least {least}",
        )


def new_encoder(
    architecture: str,
    tokenizer: PreTrainedTokenizerFast,
    options: Mapping[str, Any],
    *,
    layers: int,
    hidden_size: int,
    max_length: int,
    seed: int,
) -> tuple[Any, nn.Module]:
    """A transformers config and a randomly initialised encoder of it.

    Args:
        architecture: ``bert``, ``roberta`` or ``modernbert``.
        tokenizer: gives the vocabulary's size and the special pieces' ids.
        options: further arguments of the config class.
        layers, hidden_size: the encoder's size.
        max_length: most pieces of an input.
        seed: of the weights.

    Raises:
        UserError: the architecture is unknown, or the config class refuses an option.
    """
    if architecture not in ("bert", "roberta", "modernbert"):
        raise UserError(
            f"cannot build {architecture!r} from scratch",
            where="backbone.architecture",
            remedy="use bert, roberta or modernbert",
        )
    # RoBERTa's positions begin after the padding id.
    positions = max_length + tokenizer.pad_token_id + 1 if architecture == "roberta" else max_length
    fixed = {
        "num_hidden_layers": layers,
        "hidden_size": hidden_size,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": positions,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    if architecture == "modernbert":
        fixed |= {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
    else:
        fixed["type_vocab_size"] = 2 if architecture == "bert" else 1
    for name, value in fixed.items():
        if name in options and options[name] != value:
            raise UserError(
                f"{name} is {options[name]} in the config options but {value} by the spec",
                where="backbone.config",
                remedy="leave it out of the options",
            )
    try:
        config = AutoConfig.for_model(architecture, **{**options, **fixed})
        torch.manual_seed(seed)
        return config, build_encoder(config)
    except (TypeError, ValueError) as error:
        raise UserError(f"transformers refuses the config ({error})", where="backbone.config") from error
