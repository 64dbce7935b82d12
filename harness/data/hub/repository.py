"""A repository at one commit, and what the hub says of its files before any of them is downloaded."""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from huggingface_hub import HfApi

from harness.data.hub.patience import Patience
from harness.errors import EnvironmentFault, FailureClass, SpecError

Kind = Literal["model", "dataset"]

COMMIT = re.compile(r"[0-9a-f]{40}")
#: Seconds that the hub may take to say what it has.
_TIMEOUT = 30.0


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A model or data set of the hub at one commit.

    Attributes:
        id: ``owner/name``, as the hub spells it.
        revision: 40 hexadecimal digits. A branch or tag would give other files tomorrow.
    """

    kind: Kind
    id: str
    revision: str

    def __post_init__(self) -> None:
        if not COMMIT.fullmatch(self.revision):
            raise SpecError(
                f"revision '{self.revision}' is no full commit hash",
                where=str(self),
                remedy="give the 40 hexadecimal digits of a commit, which never changes; a branch or tag can",
            )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """What the hub says of a file.

    Attributes:
        path: inside the repository, with ``/``.
        size: in bytes.
        sha256: of the contents, where the hub keeps the file outside git (LFS); else None.
        blob: git's own hash of the contents, where it keeps it in git; else None.
    """

    path: str
    size: int
    sha256: str | None = None
    blob: str | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All files of a repository at its commit, by path."""

    repository: Repository
    files: Mapping[str, HubFile]
    gated: bool = False

    def named(self, paths: Iterable[str]) -> list[HubFile]:
        """The files of these paths, in their order.

        Raises:
            SpecError: the repository does not have one of them.
        """
        found = []
        for path in paths:
            if path not in self.files:
                near = difflib.get_close_matches(path, self.files, n=1, cutoff=0.6)
                remedy = f"did you mean '{near[0]}'?" if near else f"it has {_some(self.files)}"
                raise SpecError(
                    f"there is no file '{path}' at commit {self.repository.revision}",
                    where=str(self.repository),
                    remedy=remedy,
                )
            found.append(self.files[path])
        return found

    def matching(self, *patterns: str) -> list[HubFile]:
        """The files whose path matches one of the patterns (``*`` also matches ``/``), sorted by path."""
        return [
            self.files[path]
            for path in sorted(self.files)
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
        ]


def look(repository: Repository, note: Callable[[str], None] = lambda _note: None) -> Listing:
    """Ask the hub for the files of a repository: one request.

    Args:
        repository: which, at which commit.
        note: hears why it takes longer, if it does.

    Raises:
        SpecError: there is no such repository or commit, it has another name now, or it is gated.
        EnvironmentFault: the hub cannot be reached.
    """
    info = Patience(repository, note).ask(
        lambda: client().repo_info(
            repository.id,
            repo_type=repository.kind,
            revision=repository.revision,
            files_metadata=True,
            timeout=_TIMEOUT,
        )
    )
    _check_name(repository, info)
    if info.sha != repository.revision:
        raise SpecError(f"the hub gave commit {info.sha} for {repository.revision}", where=str(repository))
    files = {}
    for sibling in getattr(info, "siblings", None) or ():
        lfs = sibling.lfs
        files[sibling.rfilename] = HubFile(
            path=sibling.rfilename,
            size=int(lfs.size if lfs else sibling.size or 0),
            sha256=lfs.sha256 if lfs else None,
            blob=None if lfs else sibling.blob_id,
        )
    return Listing(repository=repository, files=files, gated=bool(getattr(info, "gated", False)))


def newest_commit(kind: Kind, name: str, note: Callable[[str], None] = lambda _note: None) -> str:
    """The commit that the main branch of a repository is at now: to be written down, never to be read from.

    Raises:
        SpecError, EnvironmentFault: as :func:`look`.
    """
    # The word is for the errors; no commit is all zeros.
    repository = Repository(kind=kind, id=name, revision="0" * 40)
    info = Patience(repository, note).ask(lambda: client().repo_info(name, repo_type=kind, timeout=_TIMEOUT))
    _check_name(repository, info)
    if not COMMIT.fullmatch(info.sha or ""):
        raise EnvironmentFault("the hub names no commit", where=str(repository), failure_class=FailureClass.NETWORK)
    return str(info.sha)


def client() -> HfApi:
    """The hub's client, for the endpoint and the token of the environment alone: no file of a login is read."""
    return HfApi(endpoint=endpoint(), token=os.environ.get("HF_TOKEN") or False)


def endpoint() -> str | None:
    """The hub that ``HF_ENDPOINT`` names; None for the public one."""
    return (os.environ.get("HF_ENDPOINT") or "").rstrip("/") or None


def _check_name(repository: Repository, info: Any) -> None:
    if info.id != repository.id:
        raise SpecError(f"the repository is called '{info.id}' now", where=str(repository), remedy=f"write '{info.id}'")


def _some(names: Iterable[str], most: int = 6) -> str:
    listed = sorted(names)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "") if listed else "no files"
