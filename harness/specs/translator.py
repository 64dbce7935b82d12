"""A model that makes the translations of ``+translated``: one file under ``tasks/translators``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.specs.model import Name, SpecModel
from harness.specs.source import FolderSource, HubSource


class TranslatorSpec(SpecModel):
    """An encoder-decoder of transformers at a pinned revision, and how it is made to translate from English.

    Attributes:
        architecture: ``model_type`` of its config.
        parameters: how many it has, by which memory and time are planned.
        codes: what the model calls a language, by XTREME's code; these are the languages it translates into.
        prefix: pieces before every English text; ``{code}`` is filled in.
        suffix: pieces after it.
        begin: the piece that every translation begins with, if the model wants one; ``{code}`` is filled in.
        beams: of beam search; 1 is greedy. Nothing is ever drawn at random.
        max_length: most pieces of a source sentence, special ones included, and of its translation.
        batch_pieces: pieces of sources, padding included, that are translated at once. Sums are rounded by the shape of
            a batch, so this can change a translation.
    """

    name: Name
    title: str
    source: Annotated[HubSource | FolderSource, Field(discriminator="kind")]
    architecture: str
    parameters: int = Field(ge=1)
    codes: dict[str, str] = Field(min_length=1)
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ("</s>",)
    begin: str | None = None
    beams: int = Field(default=4, ge=1, le=32)
    max_length: int = Field(default=256, ge=16)
    batch_pieces: int = Field(default=4096, ge=16)
    licence: str
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _from_english(self) -> Self:
        if "en" in self.codes:
            raise ValueError("'codes' are of the languages that are translated into, and English is translated from")
        if isinstance(self.source, HubSource) and self.source.code is not None:
            raise ValueError("a translator has no code of its own: 'source.code' is for backbones")
        return self

    @property
    def what(self) -> str:
        """What it is and where it is from, in a few words."""
        source = self.source
        return f"{source.id}@{source.revision[:12]}" if isinstance(source, HubSource) else f"{self.title} (own folder)"
