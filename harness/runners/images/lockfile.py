"""``images.lock.yaml``: the one file with every digest. Written by ``codestilts images lock``, never by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from harness import paths
from harness.errors import SpecError
from harness.files import write_text
from harness.runners.images.targets import ImageName, target_of
from harness.specs.loading import load_spec
from harness.specs.model import SpecModel
from harness.specs.source import Commit, HubId

LOCK_VARIABLE = paths.LOCK_VARIABLE
_HEADER = "# Written by `codestilts images lock`. Do not edit: a digest that was typed pins nothing.\n"

TorchBuild = Literal["base", "cpu", "cuda"]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Base(SpecModel):
    """A pinned image to build on.

    Attributes:
        image: its readable name, ``repository:tag``.
        digest: what ``image`` is pinned to: a registry's digest, or the id of an image that only an engine holds.
        kind: which of the two.
        source: where the digest was read, for people.
    """

    image: str
    digest: Digest
    kind: Literal["registry", "local"] = "registry"
    source: str = ""

    @property
    def reference(self) -> str:
        """What the engine is asked for."""
        if self.kind == "local":
            return self.image
        return f"{repository_of(self.image)}@{self.digest}"


class LockedImage(SpecModel):
    """One image.

    Attributes:
        requirements: SHA-256 of its dependency lock; in an image of a backbone's own, digest of what it adds.
        recipe: digest of everything it is built from.
        id: of the image that was built, where one was there when the lock was written.
        published: ``registry/repository@sha256:...``, where it was pushed to.
    """

    requirements: Digest
    recipe: Digest
    id: Digest | None = None
    published: str | None = None


class ImagesLock(SpecModel):
    """The whole file.

    Attributes:
        plain: base of the images without torch.
        torch: base of those with.
        torch_build: ``base`` where the base brings torch, else the build that is added to it.
        revisions: by a model's id on the hub the commit found for specs that name none (``harness.specs.catalog``).
    """

    schema_version: Literal[1] = Field(alias="schema")
    plain: Base
    torch: Base
    torch_build: TorchBuild
    images: dict[ImageName, LockedImage] = Field(default_factory=dict)
    revisions: dict[HubId, Commit] | None = None

    def base_of(self, image: str) -> Base:
        """The pinned base of an image."""
        return self.torch if target_of(image).needs_torch else self.plain

    def environment(self, image: str) -> str:
        """What a stage's key says about the base: its digest, and which torch was added where it brings none."""
        base = self.base_of(image).digest
        return (
            f"{base}+torch-{self.torch_build}" if target_of(image).needs_torch and self.torch_build != "base" else base
        )


def repository_of(image: str) -> str:
    """A reference without its tag; a registry's port is no tag."""
    host, slash, name = image.rpartition("/")
    return host + slash + name.partition(":")[0]


def lock_path() -> Path:
    """The project's lock, or the one that ``CODESTILTS_IMAGES_LOCK`` names."""
    return paths.images_lock()


def read_lock(path: Path | None = None) -> ImagesLock:
    """Read the lock.

    Raises:
        SpecError: it is missing or not as it must be.
    """
    path = path or lock_path()
    if not path.is_file():
        raise SpecError("no such lock of images", where=str(path), remedy="write it: codestilts images lock")
    return load_spec(path, ImagesLock)


def write_lock(lock: ImagesLock, path: Path) -> bool:
    """Write the lock, whole or not at all; False where it already said the same."""
    value = lock.model_dump(mode="json", by_alias=True, exclude_none=True)
    text = _HEADER + yaml.safe_dump(value, sort_keys=False, width=120)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_text(path, text)
    return True
