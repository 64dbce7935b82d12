"""A sequence-to-sequence model of transformers that translates sentences: greedily or by beams, never at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from harness.files import read_json
from harness.plan.data_params import TranslatorParams
from tasks.errors import DataError, UserError

#: A translation may be so much longer than its source, in pieces: a bound for what repeats itself without end.
_FACTOR, _ROOM = 2, 32


@dataclass(frozen=True, kw_only=True)
class Made:
    """Translations of some sentences, and how many of them were cut off at their longest."""

    texts: list[str]
    cut_off: int


class Translator:
    """A loaded model, and how it is told which language to write."""

    def __init__(self, model: Any, tokenizer: PreTrainedTokenizerFast, params: TranslatorParams, where: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._params = params
        self._where = where
        self._ids: dict[str, list[int]] = {}

    @classmethod
    def load(cls, folder: Path, params: TranslatorParams, *, device: torch.device, precision: str) -> Self:
        """The model and tokenizer of a folder, from its local files alone; no code of its own is run.

        Raises:
            UserError: it is no such model as the spec says, or its tokenizer is not a fast one.
            DataError: weights are missing or damaged.
        """
        where = f"translator {params.name}"
        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise UserError(f"its configuration or tokenizer cannot be used ({error})", where=where) from error
        if config.model_type != params.architecture or not config.is_encoder_decoder:
            raise UserError(
                f"the spec says architecture {params.architecture}, its config.json {config.model_type}",
                where=where,
                remedy="name the model_type of an encoder-decoder",
            )
        if not getattr(tokenizer, "is_fast", False):
            raise UserError("its tokenizer is not a fast one", where=where, remedy="add its tokenizer.json")
        disable_progress_bar()  # stages have a progress of their own
        try:
            model, told = AutoModelForSeq2SeqLM.from_pretrained(
                folder,
                config=config,
                dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                weights_only=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError(f"its weights cannot be read ({error})", where=where) from error
        missing = sorted(told["missing_keys"])
        if missing:
            raise DataError(
                f"its weights lack {missing[0]} and {len(missing) - 1} more",
                where=where,
                remedy="such tensors would be drawn at random; name a complete model",
            )
        _set_up(model, folder, params)
        return cls(model.to(device).eval(), tokenizer, params, where)

    def length(self, sentence: str) -> int:
        """Pieces of an English sentence, with those that are put around it."""
        return len(self._pieces(sentence)) + len(self._params.prefix) + len(self._params.suffix)

    def translate(self, sentences: Sequence[str], code: str) -> Made:
        """Translate some sentences at once into the language that the model calls ``code``.

        Where memory does not suffice for all, halves are translated one after the other.

        Raises:
            UserError: a piece that stands for the language is not in the vocabulary.
        """
        around = self._around(self._params.prefix, code), self._around(self._params.suffix, code)
        room = self._params.max_length - len(around[0]) - len(around[1])
        rows = [[*around[0], *self._pieces(sentence)[:room], *around[1]] for sentence in sentences]
        longest = max(map(len, rows))
        bound = min(self._params.max_length, _FACTOR * longest + _ROOM)
        generation = self._model.generation_config
        begin = self._params.begin
        ids = torch.full((len(rows), longest), generation.pad_token_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        with torch.inference_mode():
            found = self._model.generate(
                input_ids=ids.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                max_new_tokens=bound,
                forced_bos_token_id=None if begin is None else self._around((begin,), code)[0],
            ).cpu()
        written = found[:, 1 if begin is None else 2 :]  # without what the decoder was made to begin with
        ended = (written == generation.eos_token_id).any(dim=1)
        return Made(
            texts=[text.strip() for text in self._tokenizer.batch_decode(written, skip_special_tokens=True)],
            cut_off=int((~ended).sum()),
        )

    def _pieces(self, sentence: str) -> list[int]:
        if sentence not in self._ids:
            self._ids[sentence] = self._tokenizer(sentence, add_special_tokens=False)["input_ids"]
        return self._ids[sentence]

    def _around(self, pieces: Sequence[str], code: str) -> list[int]:
        vocabulary = self._tokenizer.get_vocab()
        names = [piece.format(code=code) for piece in pieces]
        for name in names:
            if name not in vocabulary:
                raise UserError(
                    f"the piece {name!r} is not in its vocabulary",
                    where=self._where,
                    remedy="correct 'prefix', 'suffix', 'begin' or 'codes' of its spec",
                )
        return [vocabulary[name] for name in names]


def _set_up(model: Any, folder: Path, params: TranslatorParams) -> None:
    """Decoding as the spec has it, whatever the files recommend; special pieces are the model's own.

    Raises:
        UserError: its config names no piece that the decoder starts from, ends with or pads with.
    """
    config = read_json(folder / "config.json")
    own = {name: config.get(name) for name in ("decoder_start_token_id", "eos_token_id", "pad_token_id")}
    unsaid = [name for name, value in own.items() if not isinstance(value, int)]
    if unsaid:
        raise UserError(f"its config.json has no {unsaid[0]}", where=f"translator {params.name}")
    model.generation_config = GenerationConfig(
        **own, do_sample=False, num_beams=params.beams, early_stopping=params.beams > 1
    )
