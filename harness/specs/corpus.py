"""Pretraining text: one file under ``tasks/corpora``. Never anything that is scored."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.specs.model import Name, SpecModel
from harness.specs.source import Sha256
from harness.specs.task import HubTable


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


class ArticlesText(SpecModel):
    """Articles by language: text files below the data directory, or a table of the hub.

    The text files count where there is one for every language, else the table. How much of a language a training reads
    follows from the size of all its text (see ``smoothing`` of ``+mlm``); which articles, from a hash of their ids.
    Of programs (``languages`` are theirs) an article is a function or a file, and ``whole``: own files are one each,
    taken as they are, and with scored texts they are compared as a whole, not line by line.
    """

    kind: Literal["articles"]
    languages: tuple[str, ...] = Field(min_length=1)
    files: tuple[str, ...] = Field(min_length=1)  # patterns with {lang}; of each language the first that is there
    hub: HubTable | None = None
    id_column: str = "id"  # of the hub's table, and the next
    text_column: str = "text"
    whole: bool = False
    hub_files: int = Field(default=1, ge=1)  # so many of the first files of a language's table are fetched and read
    max_characters: int | None = Field(default=None, ge=1)  # a language
    licence: str

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("'languages' names a language twice")
        return self


TextSource = Annotated[PackageText | RowsText | GeneratedText | ArticlesText, Field(discriminator="kind")]


class CorpusSpec(SpecModel):
    """Where a corpus comes from, in order."""

    name: Name
    title: str
    sources: tuple[TextSource, ...] = Field(min_length=1)
    max_characters: int | None = Field(default=None, ge=1)  # a bound; the first documents in order are kept
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _articles_alone(self) -> Self:
        if any(source.kind == "articles" for source in self.sources) and (
            len(self.sources) > 1 or self.max_characters is not None
        ):
            raise ValueError("articles are a corpus by themselves, with 'max_characters' of their own, a language")
        return self
