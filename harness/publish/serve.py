"""A built site in a browser of this machine, as a web server would show it."""

from __future__ import annotations

import errno
import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFault


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
