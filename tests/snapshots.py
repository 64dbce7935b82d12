"""Tiny published models in the layouts of the hub: one for each architecture the shipped specs name, random weights."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from harness.training.scratch import train_tokenizer

SIZE = 300
LAYERS, HIDDEN, POSITIONS = 2, 32, 64

ARCHITECTURES = ("bert", "roberta", "xlm-roberta", "modernbert", "t5", "qwen2")


def texts() -> list[str]:
    """Running text of many short words, and enough letters for the languages that tests ask for."""
    draw = random.Random(3)
    syllables = ["ba", "ke", "ti", "lo", "mu", "ra", "sen", "dor", "É", "Ü", "ñ", "ж", "д", "中", "国", "ع", "ر"]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(200)]
    return [" ".join(draw.choices(words, k=8)) for _ in range(300)]


def snapshot(
    architecture: str, *, weights: str = "safetensors", dtype: torch.dtype = torch.float32
) -> dict[str, bytes]:
    """The files of a model repository, by path.

    Args:
        architecture: one of :data:`ARCHITECTURES`.
        weights: ``safetensors``, ``bin``, or ``sharded``.
        dtype: of the weights.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer = _TOKENIZERS[architecture](folder)
        torch.manual_seed(5)
        model = _MODELS[architecture](tokenizer).to(dtype)
        if hasattr(model, "lm_head") and getattr(model.lm_head, "bias", None) is not None:
            model.lm_head.bias.data.normal_()
        if weights == "bin":
            model.config.architectures = [type(model).__name__]
            model.config.save_pretrained(folder)
            torch.save(model.state_dict(), folder / "pytorch_model.bin")
        else:
            model.save_pretrained(folder, **({"max_shard_size": "20KB"} if weights == "sharded" else {}))
        (folder / "generation_config.json").unlink(missing_ok=True)
        (folder / "README.md").write_text("# A model card\n")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))}


def write(files: dict[str, bytes], folder: Path) -> Path:
    """The files below a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _word_pieces(folder: Path) -> Any:
    found = train_tokenizer(texts(), kind="wordpiece", vocab_size=SIZE, max_length=512)
    found.save_pretrained(folder)
    return found


def _byte_pairs(folder: Path) -> Any:
    """As RoBERTa's and CodeBERT's old repositories: a vocabulary and merges, and no tokenizer.json."""
    found = train_tokenizer(texts(), kind="bpe", vocab_size=400, max_length=512)
    state = json.loads(found.backend_tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(state["vocab"], ensure_ascii=False))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in state["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "RobertaTokenizer", "model_max_length": 512})
    )
    return found


def _modern(folder: Path) -> Any:
    found = train_tokenizer(texts(), kind="bpe", vocab_size=400, max_length=512)
    found.save_pretrained(folder)
    return found


def _pieces(folder: Path) -> Any:
    """As XLM-R: a unigram model in SentencePiece's manner."""
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        unk_token="<unk>",
        show_progress=False,
    )
    backend.train_from_iterator(texts(), trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    found = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        cls_token="<s>", sep_token="</s>", mask_token="<mask>", model_max_length=512,
    )  # fmt: skip
    found.save_pretrained(folder)
    return found


def _decoder(folder: Path) -> Any:
    """As Qwen2's: byte pairs, no special pieces around a text, one that ends and pads."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts(), trainer)
    found = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|endoftext|>", pad_token="<|endoftext|>", model_max_length=4096
    )
    found.save_pretrained(folder)
    return found


def _ids(tokenizer: Any) -> dict[str, Any]:
    names = ("pad", "bos", "eos")
    return {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in names} | {
        "vocab_size": len(tokenizer)
    }


_SHAPE = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}


def _roberta(tokenizer: Any) -> Any:
    # Positions begin after the padding id.
    return RobertaForMaskedLM(RobertaConfig(max_position_embeddings=POSITIONS + 2, **_SHAPE, **_ids(tokenizer)))


def _xlm_roberta(tokenizer: Any) -> Any:
    return XLMRobertaForMaskedLM(XLMRobertaConfig(max_position_embeddings=POSITIONS + 2, **_SHAPE, **_ids(tokenizer)))


def _bert(tokenizer: Any) -> Any:
    return BertForMaskedLM(BertConfig(max_position_embeddings=POSITIONS, **_SHAPE, **_ids(tokenizer)))


def _modernbert(tokenizer: Any) -> Any:
    ends = {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
    return ModernBertForMaskedLM(
        ModernBertConfig(max_position_embeddings=POSITIONS, **_SHAPE, **_ids(tokenizer), **ends)
    )


def _t5(tokenizer: Any) -> Any:
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=len(tokenizer), d_model=HIDDEN, d_kv=16, d_ff=48, num_layers=LAYERS, num_heads=2,
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
            decoder_start_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip


def _qwen2(tokenizer: Any) -> Any:
    return Qwen2ForCausalLM(
        Qwen2Config(
            max_position_embeddings=4096, num_key_value_heads=1, tie_word_embeddings=True, **_SHAPE, **_ids(tokenizer)
        )
    )


_TOKENIZERS: dict[str, Callable[[Path], Any]] = {
    "bert": _word_pieces,
    "roberta": _byte_pairs,
    "xlm-roberta": _pieces,
    "modernbert": _modern,
    "t5": _byte_pairs,
    "qwen2": _decoder,
}
_MODELS: dict[str, Callable[[Any], Any]] = {
    "bert": _bert,
    "roberta": _roberta,
    "xlm-roberta": _xlm_roberta,
    "modernbert": _modernbert,
    "t5": _t5,
    "qwen2": _qwen2,
}
