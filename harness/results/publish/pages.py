"""A built site onto a branch of a git remote, such as the one GitHub Pages shows."""

from __future__ import annotations

import errno
import functools
from collections.abc import Collection
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFault
from harness.files import read_json
from harness.results.publish.git import Repository
from harness.specs.resolve import SMOKE_SUFFIX
from leaderboard.export import SCORES_SCHEMA
from leaderboard.pages.frame import JSON_FILE
from leaderboard.replace import MARKER, site_files
from tasks.errors import UserError


class _Pages(SimpleHTTPRequestHandler):
    """Files of one folder, without a line a request, never kept by the browser: the site may be built again."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: Any) -> None:  # noqa: ARG002 - the base class names it
        self.send_error(404)

    def log_message(self, *_arguments: Any) -> None: ...


def server(site: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server that listens already; ``serve_forever`` makes it answer.

    Args:
        site: folder of the pages.
        host: address to listen at.
        port: to listen at; 0 for a free one.

    Raises:
        EnvironmentFault: it cannot listen there.
    """
    try:
        return ThreadingHTTPServer((host, port), functools.partial(_Pages, directory=str(site)))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise EnvironmentFault(
            "something listens there already" if taken else f"cannot listen there ({error.strerror or error})",
            where=f"{host}:{port}",
            remedy="choose another with --port (0 takes a free one)" if taken else "choose another --host or --port",
        ) from error


#: Files of a branch that belong to whoever serves it, not to the site: they stay. ``.nojekyll`` is written: without it
#: GitHub runs the pages through Jekyll, which leaves files out.
KEPT = ("CNAME",)
NO_JEKYLL = ".nojekyll"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of publishing.

    Attributes:
        commit: now at the branch's tip; None if nothing was pushed.
        changed: files that are other than before.
        files: of the site.
    """

    remote: str
    branch: str
    commit: str | None
    changed: int
    files: int


def objections(site: Path) -> dict[str, str]:
    """Why a site should not be public, by the name of what would have to be allowed.

    Raises:
        UserError: the folder holds no site, or not all of one.
    """
    scores = _scores(site)
    suite = scores["suite"]
    found = {}
    if scores["gaps"]:
        found["incomplete"] = f"{len(scores['gaps'])} of its cells have no result"
    if str(suite["name"]).endswith(SMOKE_SUFFIX):
        found["placeholder"] = "it is of a smoke run, whose scores mean nothing"
    if suite["miniature"]:
        found["miniature"] = "it is of generated data and tiny backbones"
    return found


def publish(
    site: Path,
    repository: Repository,
    *,
    remote: str,
    branch: str,
    allowed: Collection[str] = (),
    dry_run: bool = False,
) -> Published:
    """Commit a built site to a remote's branch, in whose place it then stands as a whole.

    The checkout's files, index and branches stay as they are. Where nothing differs, nothing is committed.

    Args:
        site: folder that ``site build`` wrote.
        repository: through which the remote is reached.
        remote: its name or address.
        branch: on it; made if it is not there.
        allowed: of :func:`objections`, those that do not count.
        dry_run: say what would be committed; push nothing.

    Raises:
        UserError: the folder holds no whole site, there is an objection, or the branch holds something else.
        EnvironmentFault: the remote cannot be reached, or its branch moved on in the meantime.
    """
    refused = {name: why for name, why in objections(site).items() if name not in allowed}
    if refused:
        raise UserError(
            f"this board is not for the public: {'; '.join(refused.values())}",
            where=str(site),
            remedy=f"if it is to go out all the same, say {' '.join(f'--allow-{name}' for name in refused)}",
        )
    repository.check_branch(branch)
    address = repository.remote(remote)
    files = [site / name for name in (*site_files(site), MARKER)]
    blobs = dict(zip((path.name for path in files), repository.write_blobs(files), strict=True))
    parent = repository.tip(remote, branch)
    if parent is not None:
        _require_ours(repository, parent, branch, address)
        blobs |= {name: blob for name in KEPT if (blob := repository.blob(parent, name)) is not None}
    blobs[NO_JEKYLL] = repository.write_text("")
    changed = sum(parent is None or repository.blob(parent, name) != blob for name, blob in blobs.items())
    if parent is not None:
        changed += len(repository.names(parent) - blobs.keys())
    commit = None
    if changed and not dry_run:
        commit = repository.commit(repository.write_tree(blobs), parent, _message(_scores(site)))
        if not repository.push(remote, commit, branch):
            raise EnvironmentFault(
                f"branch '{branch}' moved on while this was under way, and nothing was pushed",
                where=address,
                remedy="someone else publishes, too: look at what they did, then run it again",
            )
    return Published(remote=address, branch=branch, commit=commit, changed=changed, files=len(files))


def _scores(site: Path) -> dict[str, Any]:
    site_files(site)
    path = site / JSON_FILE
    try:
        found = read_json(path)
        known = found["schema"] == SCORES_SCHEMA and isinstance(found["gaps"], list) and bool(found["suite"])
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UserError("it is not readable as that of a board", where=str(path), remedy="build the site again")
    return dict(found)


def _require_ours(repository: Repository, parent: str, branch: str, address: str) -> None:
    """Never write over a branch that holds something else, the source code say."""
    names = repository.names(parent)
    if MARKER not in names and not names <= {*KEPT, NO_JEKYLL}:
        raise UserError(
            f"branch '{branch}' holds something other than a site of codestilts ({', '.join(sorted(names)[:3])})",
            where=address,
            remedy="name another with --branch",
        )


def _message(scores: dict[str, Any]) -> str:
    rows, results = len(scores["rows"]), len(scores["results"])
    return f"Board {scores['suite']['name']}: {rows} rows, {results} results\n"
