"""A small hub on loopback that speaks what the real ``huggingface_hub`` client asks, and fails when it is told to.

Small files lie in git (their ETag is git's hash), large ones in LFS: those are answered with a redirect to another
origin, as the real hub does, where no ``Authorization`` header may arrive.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

#: Bytes from which a file lies in LFS.
LFS_FROM = 1000


@dataclass(kw_only=True)
class Repo:
    """A repository: its commits, newest last, each a mapping of paths to bytes, and who may read it."""

    kind: str
    id: str
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    tokens: frozenset[str] = frozenset()  # that may read it where not everyone may

    def commit(self, files: Mapping[str, bytes], branch: str = "main") -> str:
        """Add a commit and give its hash, which the files and the history decide."""
        blobs = sorted((path, hashlib.sha256(data).hexdigest()) for path, data in files.items())
        revision = hashlib.sha1(json.dumps([self.id, branch, len(self.commits), blobs]).encode()).hexdigest()
        self.commits[revision] = dict(files)
        self.branches[branch] = revision
        return revision


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as the hub saw it. ``origin`` is ``hub`` or ``cdn``; header names are in small letters."""

    origin: str
    method: str
    path: str
    headers: Mapping[str, str]


class HubServer:
    """A hub at ``url``. Set the attributes to make it fail.

    Attributes:
        asked: every request so far.
        busy: answers to give before any other, (status, Retry-After in seconds or None), each used once.
        break_after: by file path, the bytes after which the next download of it breaks off; each entry used once.
        goes_down: whether a download that breaks off is the last answer, and from then on the hub is ``down``.
        down: answers status 503 to everything while it is set.
        tampered: by file path, other bytes of the same length to serve once.
        ignore_ranges: answer a range request with the whole file.
        pause: seconds to wait before each megabyte of a file.
        waits: seconds that the client under test would have waited between two tries.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.busy: list[tuple[int, int | None]] = []
        self.break_after: dict[str, int] = {}
        self.goes_down = self.down = False
        self.tampered: dict[str, bytes] = {}
        self.ignore_ranges = False
        self.pause = 0.0
        self.waits: list[float] = []
        self._repos: dict[tuple[str, str], Repo] = {}
        self._renamed: dict[tuple[str, str], str] = {}
        self._servers = {name: _serve(self, name) for name in ("hub", "cdn")}

    @property
    def url(self) -> str:
        """For ``HF_ENDPOINT``."""
        return self._address("hub")

    def _address(self, name: str) -> str:
        return f"http://127.0.0.1:{self._servers[name].server_address[1]}"

    def model(self, name: str, files: Mapping[str, bytes], **fields: Any) -> str:
        """Add a model repository, or a commit to it; gives the commit."""
        return self._repo("model", name, fields).commit(files)

    def dataset(self, name: str, files: Mapping[str, bytes], *, branch: str = "main", **fields: Any) -> str:
        """Add a data-set repository, or a commit to it; gives the commit."""
        return self._repo("dataset", name, fields).commit(files, branch)

    def dataset_at(self, name: str, revision: str, files: Mapping[str, bytes], **fields: Any) -> None:
        """Add a commit of a hash that is given, as specs name it."""
        self._repo("dataset", name, fields).commits[revision] = dict(files)

    def rename(self, kind: str, old: str, new: str) -> None:
        """Give a repository another name; the old one redirects."""
        repo = self._repos.pop((kind, old))
        repo.id = new
        self._repos[kind, new] = repo
        self._renamed[kind, old] = new

    def downloads(self, path: str) -> list[Asked]:
        """The GET requests that asked for the contents of a file."""
        return [ask for ask in self.asked if ask.method == "GET" and ask.path.endswith(f"/{path}")]

    def close(self) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def _repo(self, kind: str, name: str, fields: Mapping[str, Any]) -> Repo:
        return self._repos.setdefault((kind, name), Repo(kind=kind, id=name, **fields))

    def find(self, kind: str, name: str) -> Repo | str | None:
        """A repository, the new name of one, or None."""
        return self._repos.get((kind, name)) or self._renamed.get((kind, name))


def _serve(hub: HubServer, origin: str) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub, "origin": origin}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class _Refused(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, status: int, code: str, **headers: str) -> None:
        self.status, self.code, self.headers = status, code, headers
        super().__init__(code)


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    origin: str
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Nothing: tests read ``asked``."""

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.asked.append(Asked(origin=self.origin, method=self.command, path=path, headers=headers))
        try:
            self._busy()
            if self.origin == "cdn":
                self._cdn(path)
            elif path.startswith("/api/"):
                self._api(path.removeprefix("/api/"), body)
            else:
                self._resolve(path.removeprefix("/"))
        except _Refused as refused:
            extra = {"X-Error-Code": refused.code} if refused.code else {}
            self._send(refused.status, b'{"error": "refused"}', {**extra, **refused.headers})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _busy(self) -> None:
        if self.hub.down:
            raise _Refused(503, "")
        if self.hub.busy:
            status, wait = self.hub.busy.pop(0)
            raise _Refused(status, "", **({"Retry-After": str(wait)} if wait is not None else {}))

    # -- what the hub says of a repository -----------------------------------------------------------------------------

    def _api(self, path: str, body: bytes) -> None:
        plural, owner, name, *rest = path.split("/")
        kind = plural.removesuffix("s")
        repo = self._repo(kind, f"{owner}/{name}", prefix=f"/api/{plural}/", rest=rest)
        verb, revision, inner = self._split(rest, repo)
        files = repo.commits[revision]
        if verb == "tree":
            below = f"{inner}/" if inner else ""
            recursive = "recursive" in parse_qs(urlsplit(self.path).query)
            paths = [p for p in sorted(files) if p.startswith(below) and (recursive or "/" not in p[len(below) :])]
            folders = {p[len(below) :].split("/")[0] for p in files if p.startswith(below) and "/" in p[len(below) :]}
            listed: Any = [_entry(p, files[p]) for p in paths]
            listed += [{"type": "directory", "path": below + f, "oid": "0" * 40, "size": 0} for f in sorted(folders)]
        elif verb == "paths-info":
            asked = json.loads(body)["paths"] if body[:1] == b"{" else parse_qs(body.decode()).get("paths", [])
            listed = [_entry(p, files[p]) for p in asked if p in files]
        else:
            siblings = [{"rfilename": p, **_facts(files[p])} for p in sorted(files)]
            gated = "manual" if repo.gated else False
            listed = {
                "_id": "0", "id": repo.id, "sha": revision, "siblings": siblings, "gated": gated,
                "private": repo.private, "downloads": 0, "likes": 0, "tags": [],
            }  # fmt: skip
        self._send(200, json.dumps(listed).encode(), {"Content-Type": "application/json"})

    def _repo(self, kind: str, name: str, *, prefix: str, rest: list[str]) -> Repo:
        found = self.hub.find(kind, name)
        if isinstance(found, str):
            raise _Refused(307, "", Location="/".join([f"{self.hub.url}{prefix}{found}", *rest]) + self._query())
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if found is None or (found.private and token not in found.tokens):
            raise _Refused(404 if token else 401, "RepoNotFound")
        return found

    def _query(self) -> str:
        query = urlsplit(self.path).query
        return f"?{query}" if query else ""

    @staticmethod
    def _split(rest: list[str], repo: Repo) -> tuple[str, str, str]:
        """The verb, the commit and the path below it; branches may hold slashes."""
        verb, tail = (rest[0], "/".join(rest[1:])) if rest else ("revision", "main")
        for name in sorted([*repo.commits, *repo.branches], key=len, reverse=True):
            if tail == name or tail.startswith(f"{name}/"):
                return verb, repo.branches.get(name, name), tail[len(name) + 1 :]
        raise _Refused(404, "RevisionNotFound")

    # -- files ---------------------------------------------------------------------------------------------------------

    def _resolve(self, path: str) -> None:
        kind = "dataset" if path.startswith("datasets/") else "model"
        prefix = "/datasets/" if kind == "dataset" else "/"
        owner, name, *rest = path.removeprefix("datasets/").split("/")
        repo = self._repo(kind, f"{owner}/{name}", prefix=prefix, rest=rest)
        _, revision, inner = self._split(rest, repo)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if repo.gated and token not in repo.tokens:
            raise _Refused(403 if token else 401, "GatedRepo")
        data = repo.commits[revision].get(inner)
        if data is None:
            raise _Refused(404, "EntryNotFound", **{"X-Repo-Commit": revision})
        facts = _facts(data)
        headers = {"X-Repo-Commit": revision, "Accept-Ranges": "bytes"}
        if "lfs" in facts:
            linked = {"X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{facts["lfs"]["sha256"]}"'}
            where = f"{self.hub._address('cdn')}/{kind}/{repo.id}/{revision}/{inner}?signature=secret"
            self._send(302, b"", {**headers, **linked, "Location": where})
        else:
            self._file(inner, data, {**headers, "ETag": f'"{facts["blobId"]}"'})

    def _cdn(self, path: str) -> None:
        kind, owner, name, revision, *inner = path.removeprefix("/").split("/")
        repo = self.hub.find(kind, f"{owner}/{name}")
        assert isinstance(repo, Repo), path
        data = repo.commits[revision]["/".join(inner)]
        self._file("/".join(inner), data, {"ETag": f'"{hashlib.md5(data).hexdigest()}"', "Accept-Ranges": "bytes"})

    def _file(self, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        if self.command == "GET":
            data = self.hub.tampered.pop(path, data)
        total, start, status = len(data), 0, 200
        asked = self.headers.get("Range")
        if asked and not self.hub.ignore_ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), int(last) + 1 if last else total
            if start >= total:
                raise _Refused(416, "", **{"Content-Range": f"bytes */{total}"})
            data, status = data[start:stop], 206
            headers = {**headers, "Content-Range": f"bytes {start}-{min(stop, total) - 1}/{total}"}
        self._send(
            status, data, headers, broken=self.hub.break_after.pop(path, None) if self.command == "GET" else None
        )

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], *, broken: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for at in range(0, len(body), 1 << 20):
            if self.hub.pause:
                time.sleep(self.hub.pause)
            self.wfile.write(body[at : at + (1 << 20)][: None if broken is None else max(0, broken - at)])
            if broken is not None and at + (1 << 20) >= broken:
                self.hub.down = self.hub.goes_down
                self.wfile.flush()
                self.close_connection = True  # fewer bytes than promised, then the end: a broken download
                return


def _facts(data: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    if len(data) < LFS_FROM:
        return {"size": len(data), "blobId": blob}
    pointer = hashlib.sha1(b"pointer" + data).hexdigest()
    sha256 = hashlib.sha256(data).hexdigest()
    return {"size": len(data), "blobId": pointer, "lfs": {"sha256": sha256, "size": len(data), "pointerSize": 130}}


def _entry(path: str, data: bytes) -> dict[str, Any]:
    facts = _facts(data)
    lfs = {"lfs": {"oid": facts["lfs"]["sha256"], "size": len(data), "pointerSize": 130}} if "lfs" in facts else {}
    return {"type": "file", "path": path, "size": len(data), "oid": facts["blobId"], **lfs}
