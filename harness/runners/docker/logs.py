"""What a container prints, line by line, whatever happens to the connection: an hour of silence, a cut, a hung stream.

The engine keeps every line with its time. A stream that ends or breaks is taken up again after the last line that came
through, and once the container has ended whatever is still missing is asked for without a stream.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from docker import APIClient

from harness.runners.docker.faults import ENGINE_ERRORS

_PAUSE = 0.5  # seconds before a broken stream is taken up again
_PATIENCE = 5.0  # seconds an ended container's stream has to end, too
_LONGEST_LINE = 2**20  # bytes; what is longer comes in parts

Take = Callable[[bytes], None]


class Follower:
    """Follows one stream of one container in a thread of its own; ``take`` gets each line without its end."""

    def __init__(
        self, client: APIClient, container: str, stream: Literal["stdout", "stderr"], take: Take, woken: threading.Event
    ) -> None:
        """Start to follow.

        Args:
            client: of the engine.
            container: its id.
            stream: which of the two.
            take: called in the follower's thread, never twice at once.
            woken: set when the stream ends, which it does when the container does.
        """
        self._client = client
        self._container = container
        self._which = {"stdout": stream == "stdout", "stderr": stream == "stderr"}
        self._take = take
        self._woken = woken
        self._last = b""  # time of the last line taken, as the engine writes it: fixed width, so it sorts as text
        self._part = b""
        self._over = threading.Event()
        self._source: Any = None
        self._thread = threading.Thread(target=self._follow, name=f"{stream} of {container[:12]}", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Take what is left; the container has ended (or its engine has, and then nothing more will come)."""
        self._over.set()
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():  # hung: cut it off, and it fetches the rest
            self._close()
            self._thread.join(_PATIENCE)

    def _follow(self) -> None:
        while not self._over.is_set():
            self._read(follow=True)
            self._woken.set()
            self._over.wait(_PAUSE)
        self._read(follow=False)
        if self._part:
            self._take(self._part)

    def _read(self, *, follow: bool) -> None:
        since = {"since": _seconds(self._last)} if self._last else {}
        try:
            self._source = self._client.logs(
                self._container, stream=True, follow=follow, timestamps=True, **self._which, **since
            )
            self._consume(self._source)
        except (*ENGINE_ERRORS, OSError):
            return  # taken up again, or over
        finally:
            self._close()

    def _consume(self, frames: Iterable[bytes]) -> None:
        """Take the lines of a stream that are later than the last one."""
        before = self._last  # ``since`` counts whole seconds, so some come again
        for frame in frames:
            stamp, _, text = frame.partition(b" ")
            if stamp <= before:
                continue
            self._last = stamp
            self._part += text
            if self._part.endswith(b"\n") or len(self._part) > _LONGEST_LINE:  # else a long line that comes in parts
                line, self._part = self._part.removesuffix(b"\n"), b""
                self._take(line)

    def _close(self) -> None:
        source, self._source = self._source, None
        if source is None:
            return
        # The SDK's way to the socket, which ends a read that hangs, fails where the socket is gone already; the
        # response below it must be let go of all the same, or the connection stays open.
        with suppress(*ENGINE_ERRORS, OSError, AttributeError, ValueError):
            source.close()
        with suppress(*ENGINE_ERRORS, OSError, AttributeError):
            getattr(source, "_response").close()  # noqa: B009 - it has no public name


def _seconds(stamp: bytes) -> int:
    return int(datetime.fromisoformat(stamp.decode("ascii")[:19] + "+00:00").timestamp())
