"""Pretraining text: one file under ``tasks/corpora``. Never anything that is scored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.specs.model import Name, SpecModel
from harness.specs.source import Sha256


class PackageText(SpecModel):
    """Files of a source package of the package index, by version and hash, so that every host has the same text."""

    kind: Literal["package"]
    package: str
    version: str
    sha256: Sha256
    include: str = "**/*.py"
    licence: str


class RowsText(SpecModel):
    """The texts of a task's training split, read where the suite reads them, without paragraphs that are scored."""

    kind: Literal["rows"]
    task: Name


class GeneratedText(SpecModel):
    """Text of the generated miniature languages, with translated pairs beside each other if asked for."""

    kind: Literal["miniature"]
    languages: tuple[str, ...]
    lines: int = Field(ge=1)
    parallel_lines: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)  # another seed tells other stories of the same world


TextSource = Annotated[PackageText | RowsText | GeneratedText, Field(discriminator="kind")]


class CorpusSpec(SpecModel):
    """Where a corpus comes from, in order."""

    name: Name
    title: str
    sources: tuple[TextSource, ...] = Field(min_length=1)
    max_characters: int | None = Field(default=None, ge=1)  # a bound; the first documents in order are kept
