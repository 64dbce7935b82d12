"""A backbone as an image spec: one file under ``images/backbones``."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from harness.specs.languages import XTREME
from harness.specs.model import Name, SpecModel
from harness.specs.source import Source

Family = Literal["code", "text", "mixed"]
#: What a person must allow by name (``--allow``) before a backbone is used.
Flag = Literal["remote-code", "gated", "decoder"]
FLAGS: tuple[str, ...] = get_args(Flag)
#: Languages of generated data have codes that ISO 639 leaves to private use.
_MADE_UP = re.compile("q[a-t][a-z]")

Pooling = Literal["mean", "mean-no-special", "first", "last"]
Summary = Literal["first", "last", "mean"]


class PretrainSpec(SpecModel):
    """Continued masked language modelling: what a matched pair's two sides share, all but the corpus."""

    corpus: Name
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    block_length: int = Field(ge=8, le=512)
    learning_rate: float = Field(gt=0)
    mask_probability: float = Field(default=0.15, gt=0, lt=1)
    warmup_fraction: float = Field(default=0.1, ge=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    attention_dropout: float = Field(default=0.0, ge=0, lt=1)
    micro_batch_pieces: int = Field(default=8192, ge=1)
    seed: int = 1


class ExposureSpec(SpecModel):
    """Labelled or code data the backbone is known to have seen, and who says so."""

    what: str
    source: str


class PairSpec(SpecModel):
    """Which matched pair, and which side of it."""

    name: Name
    side: Literal["code", "text"]


class OriginSpec(SpecModel):
    """The published model whose weights a backbone began from, and who says so."""

    what: str  # its id on the hub
    source: str


class PretrainingSpec(SpecModel):
    """What a published backbone was pretrained on, and who says so."""

    data: str
    source: str
    tokens: str | None = None


class TokenizerSpec(SpecModel):
    """The published tokenizer: what ``backbones check`` holds it to."""

    kind: Literal["wordpiece", "byte-bpe", "sentencepiece"]
    vocab_size: int = Field(ge=10)


class TemplateSpec(SpecModel):
    """Special pieces around one text ($A) and two ($A, $B), for a tokenizer whose own files leave them out."""

    single: str = Field(pattern=r"\$A")
    pair: str = Field(pattern=r"\$A.*\$B")


class NeedSpec(SpecModel):
    """Something about a backbone that a person must allow by name, and why."""

    flag: Flag
    why: str


class BackboneSpec(SpecModel):
    """A pretrained encoder at a pinned revision. A spec with ``from`` takes what it leaves out from that backbone.

    Attributes:
        pair: the matched pair it is a side of.
        public_pair: the published text backbone it is shown beside. Such pairs are never matched in compute.
        prefix: pieces that follow the first special piece of every input (UniXcoder's mode).
        template: special pieces around a text, where the tokenizer's own files leave them out.
        parameters: weights of the encoder as it is used here, each once: no pooler, no heads.
        languages: those of XTREME's that its pretraining text holds.
        dtype: of the published weights. They are kept and trained in fp32, or as a recipe says.
        mlm_head: whether its files hold a masked-language-modelling head; None where nobody looked.
        unattested: fields whose values no source at hand gives: known by hearsay, or computed. Where its files say
            otherwise of what changes no result, they count, and nothing is refused.
        needs: what a person must allow before it is used.
        requirements: a hash-locked file of packages it needs beside a phase's own, below ``images/backbones``.
        bake: put the weights into the image, for hosts without a network.
    """

    name: Name
    title: str
    family: Family
    from_: Name | None = Field(default=None, alias="from")
    source: Source | None = None
    pretrain: PretrainSpec | None = None
    pair: PairSpec | None = None
    public_pair: Name | None = None
    initialised_from: OriginSpec | None = None
    pretraining: PretrainingSpec | None = None
    saw: tuple[ExposureSpec, ...] = ()
    architecture: str | None = None
    layers: int | None = Field(default=None, ge=1)
    hidden_size: int | None = Field(default=None, ge=1)
    parameters: int | None = Field(default=None, ge=1)
    max_length: int | None = Field(default=None, ge=8)
    tokenizer: TokenizerSpec | None = None
    prefix: tuple[str, ...] = ()
    template: TemplateSpec | None = None
    pooling: Pooling = "mean"
    summary: Summary | None = None  # what heads for sentences and pairs read
    mlm_head: bool | None = None
    dtype: Literal["fp32", "fp16", "bf16"] | None = None
    languages: tuple[str, ...] = ()
    licence: str | None = None
    unattested: tuple[str, ...] = ()
    needs: tuple[NeedSpec, ...] = ()
    requirements: str | None = Field(default=None, pattern=r"^[\w.+-]+\.txt$")
    bake: bool = False
    notes: tuple[str, ...] = ()

    @property
    def packages(self) -> str:
        """What its own packages are called, in images' names, too; empty where it has none."""
        return PurePath(self.requirements).stem if self.requirements else ""

    @property
    def has_mlm_head(self) -> bool | None:
        """Whether its checkpoint holds a masked-language-modelling head; None where only its files can tell."""
        if self.pretrain is not None:
            return True  # further pretraining leaves the one it trained
        if self.source is not None and self.source.kind == "scratch":
            return False
        return self.mlm_head

    @model_validator(mode="after")
    def _has_weights(self) -> Self:
        if (self.from_ is None) == (self.source is None):
            raise ValueError("give either 'from' (another backbone) or 'source'")
        if self.from_ is not None and self.pretrain is None:
            raise ValueError("a backbone made 'from' another needs 'pretrain'")
        if self.source is not None:
            for name in ("architecture", "layers", "hidden_size", "max_length"):
                if getattr(self, name) is None:
                    raise ValueError(f"a backbone with its own 'source' needs '{name}'")
        return self

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for language in languages:
            if language not in XTREME and not _MADE_UP.fullmatch(language):
                raise ValueError(f"'{language}' is none of XTREME's 40: {', '.join(XTREME)}")
        return languages

    @model_validator(mode="after")
    def _marks_what_it_says(self) -> Self:
        unsaid = [name for name in self.unattested if name not in self.model_fields_set]
        if unsaid:
            raise ValueError(f"'unattested' names '{unsaid[0]}', which is no field of this spec")
        return self

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Self:
        code = getattr(self.source, "code", None)
        if code is not None and "remote-code" not in {need.flag for need in self.needs}:
            raise ValueError("a source with 'code' needs the flag 'remote-code' under 'needs', with why")
        if code is None and self.source is not None and "remote-code" in {need.flag for need in self.needs}:
            raise ValueError("the flag 'remote-code' needs 'source.code' with the commit of that code")
        return self


class BackboneFacts(SpecModel):
    """What is known of a pretrained encoder before it is converted.

    Attributes:
        architecture: the ``model_type`` of its transformers config.
        max_length: most pieces of one input, special tokens and prefix included.
        prefix: pieces that follow the first special token of every input.
        pooling: how a sentence embedding is taken where nothing has chosen another way. Causal backbones have ``last``.
        remote_code: the checkpoint holds Python files of the backbone's own, which somebody has allowed to be run.
    """

    name: str
    architecture: str
    layers: int = Field(ge=1)
    hidden_size: int = Field(ge=1)
    max_length: int = Field(ge=1)
    prefix: tuple[str, ...] = ()
    pooling: Pooling = "mean"
    remote_code: bool = Field(default=False, exclude_if=lambda value: not value)


class Backbone(BackboneFacts):
    """A pretrained encoder, as the phases after ``convert`` need to know it.

    Attributes:
        summary: which piece the heads for sentences and pairs read, or ``mean``: all of them.
    """

    summary: Summary = "first"
