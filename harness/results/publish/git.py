"""Git's plumbing: objects and references alone, so that a checkout's files and index stay as they are."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.errors import EnvironmentFault
from tasks.errors import UserError

REGULAR = "100644"


class Repository:
    """A repository from whose checkout, or folder, git is called."""

    def __init__(self, folder: Path) -> None:
        """Find the repository.

        Raises:
            UserError: the folder is in no repository.
            EnvironmentFault: git is not installed.
        """
        self._folder = folder
        if self._try("rev-parse", "--git-dir").returncode:
            raise UserError(
                "it is in no git repository", where=str(folder.resolve()), remedy="name a checkout with --repository"
            )

    def remote(self, name: str) -> str:
        """The address of a remote; an address or a path is its own.

        Raises:
            UserError: there is no such remote.
        """
        found = self._try("remote", "get-url", name)
        if found.returncode == 0:
            return found.stdout.strip()
        if not name.startswith("-") and ("/" in name or ":" in name or Path(name).is_dir()):
            return name
        known = self._try("remote").stdout.split()
        remedy = f"it has {', '.join(known)}" if known else "add one with 'git remote add origin ADDRESS'"
        raise UserError(f"there is no remote '{name}'", where=str(self._folder.resolve()), remedy=remedy)

    def check_branch(self, branch: str) -> None:
        """Refuse what cannot be a branch.

        Raises:
            UserError: it cannot.
        """
        if branch.startswith("-") or self._try("check-ref-format", f"refs/heads/{branch}").returncode:
            raise UserError(f"'{branch}' cannot be a branch", where="--branch", remedy="name one such as gh-pages")

    def tip(self, remote: str, branch: str) -> str | None:
        """The commit a remote's branch is at, fetched; None if there is no such branch.

        Raises:
            EnvironmentFault: the remote cannot be reached.
        """
        listed = self._remote("ls-remote", remote, f"refs/heads/{branch}").split()
        if not listed:
            return None
        # No reference of this repository changes: nothing is written but objects.
        self._remote(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", remote, f"refs/heads/{branch}"
        )
        return listed[0]

    def names(self, commit: str) -> set[str]:
        """The names at the top of a commit's tree."""
        return set(self._run("ls-tree", "-z", "--name-only", commit).split("\0")) - {""}

    def blob(self, commit: str, path: str) -> str | None:
        """The object of a file in a commit."""
        found = self._try("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
        return found.stdout.strip() if found.returncode == 0 else None

    def write_blobs(self, files: list[Path]) -> list[str]:
        """Store files byte for byte, whatever filters and line endings the configuration asks for."""
        paths = "".join(f"{path.resolve()}\n" for path in files)
        return self._run("hash-object", "-w", "--no-filters", "--stdin-paths", given=paths).split()

    def write_text(self, text: str) -> str:
        """Store a text."""
        return self._run("hash-object", "-w", "--stdin", given=text).strip()

    def write_tree(self, blobs: Mapping[str, str]) -> str:
        """A tree of objects by path, made in an index of its own."""
        with tempfile.TemporaryDirectory(prefix="codestilts-index-") as name:
            index = {"GIT_INDEX_FILE": str(Path(name) / "index")}
            lines = "".join(f"{REGULAR} {blob}\t{path}\0" for path, blob in sorted(blobs.items()))
            self._run("update-index", "-z", "--index-info", given=lines, environment=index)
            return self._run("write-tree", environment=index).strip()

    def commit(self, tree: str, parent: str | None, message: str) -> str:
        """A commit that no reference leads to yet.

        Raises:
            UserError: git does not know who commits.
        """
        parents = ("-p", parent) if parent else ()
        found = self._try("commit-tree", tree, *parents, "-F", "-", given=message)
        if found.returncode:
            raise UserError(
                f"git makes no commit ({_last(found.stderr)})",
                where=str(self._folder.resolve()),
                remedy="tell it who you are: git config user.name NAME and git config user.email ADDRESS",
            )
        return found.stdout.strip()

    def push(self, remote: str, commit: str, branch: str) -> bool:
        """Move a remote's branch on to a commit; False if it has moved on by itself in the meantime.

        Raises:
            EnvironmentFault: the remote does not take it for another reason.
        """
        found = self._try("push", "--porcelain", "--quiet", remote, f"{commit}:refs/heads/{branch}")
        said = f"{found.stdout}\n{found.stderr}"
        if found.returncode == 0:
            return True
        if any(word in said for word in ("non-fast-forward", "fetch first", "stale info", "cannot lock ref")):
            return False
        raise EnvironmentFault(
            f"the remote does not take the branch ({_last(said)})", where=remote, remedy="mend that and run it again"
        )

    def _remote(self, *arguments: str) -> str:
        found = self._try(*arguments)
        if found.returncode:
            raise EnvironmentFault(
                f"the remote cannot be read ({_last(found.stderr)})",
                where=arguments[-2],
                remedy="check its address and your access",
            )
        return found.stdout

    def _run(self, *arguments: str, given: str = "", environment: Mapping[str, str] | None = None) -> str:
        found = self._try(*arguments, given=given, environment=environment)
        if found.returncode:
            what = f"git {arguments[0]} failed ({_last(found.stderr)})"
            raise EnvironmentFault(
                what, where=str(self._folder.resolve()), remedy="check the repository with 'git fsck'"
            )
        return found.stdout

    def _try(
        self, *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        # Messages are read, so they must be English; and nobody may be there to answer a question.
        environment_variables = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(environment or {})}
        try:
            return subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                input=given,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env=environment_variables,
                check=False,
            )
        except FileNotFoundError as error:
            raise EnvironmentFault("git is not installed", remedy="install it and run this again") from error


def _last(text: str) -> str:
    """The line of git's output that says why."""
    lines = [
        line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("To ", "Done", "hint:"))
    ]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "!"))]
    return " ".join((telling or lines or ["no reason given"])[0].split())[:200]
