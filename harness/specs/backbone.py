"""A backbone as an image spec: one file under ``images/backbones``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from harness.specs.model import Name, SpecModel

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Family = Literal["code", "text", "mixed"]


class PackageSource(SpecModel):
    """Weights inside a package of the package index, by version and hash."""

    kind: Literal["package"]
    package: str
    version: str
    sha256: Sha256
    path: str  # folder inside the package that holds config, weights and tokenizer


class ScratchSource(SpecModel):
    """A randomly initialised encoder with a tokenizer trained on a corpus."""

    kind: Literal["scratch"]
    corpus: Name
    tokenizer: Literal["wordpiece", "bpe"]
    vocab_size: int = Field(ge=100)
    config: dict[str, Any]
    seed: int = 1


Source = Annotated[PackageSource | ScratchSource, Field(discriminator="kind")]


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


class BackboneSpec(SpecModel):
    """A pretrained encoder at a pinned revision. A spec with ``from`` takes what it leaves out from that backbone."""

    name: Name
    title: str
    family: Family
    from_: Name | None = Field(default=None, alias="from")
    source: Source | None = None
    pretrain: PretrainSpec | None = None
    pair: PairSpec | None = None
    saw: tuple[ExposureSpec, ...] = ()
    architecture: str | None = None
    layers: int | None = Field(default=None, ge=1)
    hidden_size: int | None = Field(default=None, ge=1)
    parameters: int | None = Field(default=None, ge=1)
    max_length: int | None = Field(default=None, ge=8)
    prefix: tuple[str, ...] = ()
    pooling: Literal["mean", "mean-no-special", "first", "last"] = "mean"
    summary: Literal["first", "last", "mean"] | None = None  # what heads for sentences and pairs read
    languages: tuple[str, ...] = ()
    licence: str | None = None
    notes: tuple[str, ...] = ()

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
