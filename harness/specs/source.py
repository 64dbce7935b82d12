"""Where a backbone's weights come from: the hub, a folder of one's own, a package, or nowhere (made from scratch)."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from harness.specs.model import Name, SpecModel

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
HubId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")]

#: Stands for a revision that nobody has vouched for yet: such a backbone is listed, and never used.
UNPINNED = "UNPINNED"
_REVISION = rf"^([0-9a-f]{{40}}|{UNPINNED})$"


def _vouched(revision: Any) -> Any:
    if isinstance(revision, str) and not re.fullmatch(_REVISION, revision):
        raise ValueError(
            f"'{revision}' is no full commit hash, which alone never changes: write its 40 hexadecimal digits, or "
            f"{UNPINNED} until somebody knows them"
        )
    return revision


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", ".")) or ".." in parts:
        raise ValueError(f"'{path}' is no path inside a repository")
    return path


#: Files by name, with the SHA-256 that somebody vouches for, or null: then what is seen first counts from then on.
Files = dict[Annotated[str, AfterValidator(_inside)], Sha256 | None]


class CodeSource(SpecModel):
    """Python files of a repository that its model needs: run only where a person allows it, at this commit alone."""

    revision: Commit
    id: HubId | None = None  # another repository than the weights'


class HubSource(SpecModel):
    """A model of the hub at one commit. Without ``files``: its configuration, tokenizer and one set of weights."""

    kind: Literal["hub"]
    id: HubId
    revision: Annotated[str, BeforeValidator(_vouched), Field(pattern=_REVISION)]
    files: Files | None = None
    code: CodeSource | None = None

    @property
    def pinned(self) -> bool:
        """Whether somebody has vouched for the revision."""
        return self.revision != UNPINNED


class FolderSource(SpecModel):
    """A folder of this machine, in the layout of a hub's repository. What is in it is in the key, not where it lies."""

    kind: Literal["folder"]
    path: str  # relative ones are below the folder that the spec file lies in
    files: Files | None = None


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


Source = Annotated[HubSource | FolderSource | PackageSource | ScratchSource, Field(discriminator="kind")]
