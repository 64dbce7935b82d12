"""Asking the hub again when it is busy, and saying in one sentence what is wrong when it will not answer."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import parse_ratelimit_headers

from harness.errors import EnvironmentFault, FailureClass, SpecError
from tasks.errors import UserError

T = TypeVar("T")

#: Times the hub is asked again with nothing gained in between.
TRIES = 5
#: Seconds before the second try; doubled after each, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: The longest wait that a hub's Retry-After is believed. Its windows are of five minutes.
LONGEST_ASKED = 900.0

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_BROKEN = (httpx2.TransportError, httpx2.StreamError)
_UNAUTHORISED, _FORBIDDEN = 401, 403

#: What the hub answers for good, most special first: the client's error, what is wrong, what to do.
_REFUSALS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        GatedRepoError,
        "the repository is gated, and the hub does not let this account in",
        "accept its terms on its page, then set HF_TOKEN to a token of that account",
    ),
    (
        RepositoryNotFoundError,
        "there is no such repository on the hub, or it is private",
        "check the id; for a private repository set HF_TOKEN",
    ),
    (RevisionNotFoundError, "it has no commit {revision}", "check the revision"),
    (RemoteEntryNotFoundError, "the hub lists a file that it does not have", "check the revision"),
    (DisabledRepoError, "the hub has closed the repository", "take another source"),
    (HFValidationError, "'{id}' is no id of a repository", "write it as owner/name"),
)

#: Replaced in tests, which have no time to lose.
sleep: Callable[[float], None] = time.sleep


class Named(Protocol):
    """What errors name."""

    @property
    def id(self) -> str: ...

    @property
    def revision(self) -> str: ...


class Patience:
    """Tries of one request. :meth:`gained` starts the count anew: a download that moves is not given up."""

    def __init__(self, repository: Named, note: Callable[[str], None]) -> None:
        self._repository = repository
        self._note = note
        self._tries = 0

    def gained(self) -> None:
        """Something came through."""
        self._tries = 0

    def ask(self, request: Callable[[], T]) -> T:
        """What ``request`` gives, asked again where the hub was busy or the connection broke.

        Raises:
            UserError: it will not answer; see :func:`fault`. Its message holds no address and no header: signed
                addresses and tokens are secrets.
        """
        while True:
            try:
                return request()
            except (HfHubHTTPError, OfflineModeIsEnabled, HFValidationError, *_BROKEN) as error:
                wait = self._wait(error)
                if wait is None:
                    raise fault(error, self._repository) from None
                self._note(f"{_short(error)}; asking again in {wait:.0f} s")
            sleep(wait)

    def _wait(self, error: Exception) -> float | None:
        """Seconds to wait before the next try; None where there is none."""
        if isinstance(error, HfHubHTTPError) and error.response.status_code not in _BUSY:
            return None
        if not isinstance(error, (HfHubHTTPError, *_BROKEN)) or self._tries >= TRIES:
            return None
        self._tries += 1
        asked = _retry_after(error.response) if isinstance(error, HfHubHTTPError) else None
        if asked is not None:
            return asked if asked <= LONGEST_ASKED else None
        return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self._tries - 1)))


def fault(error: Exception, repository: Named) -> UserError:
    """One sentence for what the hub or the network did, with what to do about it."""
    where = str(repository)
    for kind, what, remedy in _REFUSALS:
        if isinstance(error, kind):
            return SpecError(what.format(id=repository.id, revision=repository.revision), where=where, remedy=remedy)
    if isinstance(error, HfHubHTTPError) and error.response.status_code in (_UNAUTHORISED, _FORBIDDEN):
        return SpecError(
            f"the hub refused the token or the account (status {error.response.status_code})",
            where=where,
            remedy="check HF_TOKEN: is it valid, and may it read this repository?",
        )
    if isinstance(error, OfflineModeIsEnabled):
        what, remedy = "HF_HUB_OFFLINE keeps the hub's client from the network", "unset HF_HUB_OFFLINE, and run again"
    else:
        what = f"the hub could not be reached ({_short(error)})"
        remedy = "check the network, HF_ENDPOINT and proxies, then run again: what has come is kept"
    return EnvironmentFault(what, where=where, remedy=remedy, failure_class=FailureClass.NETWORK)


def _short(error: Exception) -> str:
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return "too many requests" if status == httpx2.codes.TOO_MANY_REQUESTS else f"status {status}"
    return type(error).__name__


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds after which the hub wants to be asked again, by its rate-limit headers or ``Retry-After``."""
    limit = parse_ratelimit_headers(response.headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds) + 1
    text = (response.headers.get("Retry-After") or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
