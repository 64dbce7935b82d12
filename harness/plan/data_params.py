"""Parameters of ``fetch`` and ``prepare``, which have several kinds each; see :mod:`harness.plan.params`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from harness.plan.params import absent
from harness.specs.corpus import GeneratedText
from harness.specs.model import SpecModel, first_fault
from harness.specs.source import HubSource
from harness.specs.training import TaskParams
from harness.specs.translator import TranslatorSpec

ParamsT = TypeVar("ParamsT")


def read_params(models: TypeAdapter[ParamsT], params: Mapping[str, Any]) -> ParamsT:
    """The parameters of a phase that has several kinds.

    Raises:
        UserError: the kind or a field is missing, unknown or out of range.
    """
    try:
        return models.validate_python(params)
    except ValidationError as error:
        raise first_fault(error, "params") from error


# -- fetch -------------------------------------------------------------------------------------------------------------


class FetchPackage(SpecModel):
    """A package of the index."""

    kind: Literal["package"] = "package"
    package: str
    version: str
    sha256: str


class CodeCommit(SpecModel):
    """Python files of a repository at a commit."""

    id: str
    revision: str


class FetchRepository(SpecModel):
    """Files of a model of the hub, all that it needs where none is named; and the code it needs, if it needs some."""

    kind: Literal["hub"] = "hub"
    id: str
    revision: str
    files: tuple[str, ...] | None = None
    code: CodeCommit | None = Field(default=None, exclude_if=absent)

    @classmethod
    def of(cls, source: HubSource) -> FetchRepository:
        """Fetching what a spec names."""
        code = source.code
        return cls(
            id=source.id,
            revision=source.revision,
            files=None if source.files is None else tuple(sorted(source.files)),
            code=None if code is None else CodeCommit(id=code.id or source.id, revision=code.revision),
        )


class FetchFolder(SpecModel):
    """Files of a folder, with their SHA-256."""

    kind: Literal["folder"] = "folder"
    files: dict[str, str]


FetchParams = FetchPackage | FetchRepository | FetchFolder
FETCH: TypeAdapter[FetchParams] = TypeAdapter(Annotated[FetchParams, Field(discriminator="kind")])


# -- prepare -----------------------------------------------------------------------------------------------------------


class RowsParams(SpecModel):
    """English training and validation rows with answers; a source for each split, with its ``limit``."""

    kind: Literal["rows"] = "rows"
    task: TaskParams
    splits: dict[str, dict[str, Any]]


class TranslatedParams(SpecModel):
    """Translations of training rows, read from files; ``limit``: rows a language."""

    kind: Literal["translated"] = "translated"
    task: TaskParams
    split: dict[str, Any]
    languages: tuple[str, ...]
    limit: int | None


class ModelOrigin(SpecModel):
    """Where a model's files are from, to be read by people in what is made with it."""

    kind: Literal["hub", "folder"]
    id: str | None = Field(default=None, exclude_if=absent)
    revision: str | None = Field(default=None, exclude_if=absent)


class TranslatorParams(SpecModel):
    """Translating into some languages (``codes``); which weights is said by what is fetched."""

    name: str
    architecture: str
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]
    begin: str | None
    beams: int
    max_length: int
    batch_pieces: int
    codes: dict[str, str]
    source: ModelOrigin

    @classmethod
    def of(cls, spec: TranslatorSpec, languages: Iterable[str]) -> TranslatorParams:
        """Translating as a spec says."""
        fields = set(cls.model_fields) - {"codes", "source"}
        origin = ModelOrigin(kind="folder")
        if isinstance(spec.source, HubSource):
            origin = ModelOrigin(kind="hub", id=spec.source.id, revision=spec.source.revision)
        codes = {language: spec.codes[language] for language in languages}
        return cls(**spec.model_dump(include=fields), codes=codes, source=origin)


class MadeParams(SpecModel):
    """Translations of training rows, made by a model; ``limit``: rows a language."""

    kind: Literal["made"] = "made"
    task: TaskParams
    languages: tuple[str, ...]
    limit: int | None
    translator: TranslatorParams


class ScoredParams(SpecModel):
    """One half of the rows that are scored, or of the sample that retrieval is tuned on; ``limit``: rows a language."""

    kind: Literal["inputs", "labels"]
    task: TaskParams
    split: dict[str, Any]
    languages: tuple[str, ...]
    limit: int | None


class PackageFiles(SpecModel):
    """Files of a fetched package."""

    kind: Literal["package"] = "package"
    package: str
    include: str


class RowTexts(SpecModel):
    """The texts of a task's training rows."""

    kind: Literal["rows"] = "rows"
    task: TaskParams
    split: dict[str, Any]


class DataFile(SpecModel):
    """A file below the data directory."""

    path: str
    sha256: str


class ArticleFiles(SpecModel):
    """Articles by language.

    Attributes:
        files: by language.
        sizes: how much text each language has in all.
        max_characters: to read of a language.
        columns: of ids and of texts, in a table.
        whole: an article is compared with scored texts as a whole, not line by line.
    """

    kind: Literal["articles"] = "articles"
    format: Literal["text_articles", "file_articles", "hub_articles"]
    files: dict[str, tuple[DataFile, ...]]
    sizes: dict[str, int]
    max_characters: int | None
    columns: tuple[str, str] = ("id", "text")
    whole: bool = False


TextFiles = PackageFiles | RowTexts | GeneratedText | ArticleFiles


class CorpusParams(SpecModel):
    """Pretraining text; articles are a corpus by themselves."""

    kind: Literal["corpus"] = "corpus"
    sources: tuple[Annotated[TextFiles, Field(discriminator="kind")], ...] = Field(min_length=1)
    max_characters: int | None


PrepareParams = RowsParams | TranslatedParams | MadeParams | ScoredParams | CorpusParams
PREPARE: TypeAdapter[PrepareParams] = TypeAdapter(Annotated[PrepareParams, Field(discriminator="kind")])
