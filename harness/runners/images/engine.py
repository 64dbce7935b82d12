"""The Docker engine, through the SDK's low-level API, with its faults said in sentences."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFault

if TYPE_CHECKING:
    from docker import APIClient

TIMEOUT = 120.0  # seconds without a word from the engine; committing a layer of gigabytes takes its time
_LOCAL = "unix:///var/run/docker.sock"  # where the SDK looks if nothing else is said
_REMEDY = "start the Docker engine, or say where it is with DOCKER_HOST"


def connect(timeout: float = TIMEOUT) -> APIClient:
    """Reach the engine that ``DOCKER_HOST`` or the current Docker context names, else the one at the default socket.

    Raises:
        EnvironmentFault: none answers.
    """
    import docker
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        settings = kwargs_from_env() if os.environ.get("DOCKER_HOST") else _context()
        _knock(settings.get("base_url") or _LOCAL, timeout)
        return docker.APIClient(version="auto", timeout=timeout, **settings)
    except (DockerException, OSError, ValueError) as error:
        raise unreachable(error) from error


def _knock(address: str, timeout: float) -> None:
    """Open and close a local engine's socket. Where none answers, the SDK would leave one of its own open.

    Raises:
        OSError: nobody listens there.
    """
    scheme, _, path = address.partition("://")
    if scheme in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(timeout)
            probe.connect("/" + path.lstrip("/"))


def _context() -> dict[str, Any]:
    """Address of the engine that ``docker context use`` chose; empty for the default one."""
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    if context is None or context.name == "default":
        return {}
    return {"base_url": context.Host, "tls": context.TLSConfig or False}


def unreachable(error: Exception) -> EnvironmentFault:
    """The fault of an engine that does not answer."""
    where = os.environ.get("DOCKER_HOST") or "its socket"
    return EnvironmentFault(f"no Docker engine answers at {where} ({_innermost(error)})", remedy=_REMEDY)


@contextmanager
def faults(doing: str) -> Iterator[None]:
    """Turn what the SDK raises while ``doing`` something into one sentence.

    Raises:
        EnvironmentFault: the engine went away, or refused.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import ConnectionError as Lost
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        raise EnvironmentFault(f"the Docker engine could not {doing} ({error.explanation or error})") from error
    except Lost as error:
        raise unreachable(error) from error
    except (DockerException, RequestException) as error:
        raise EnvironmentFault(f"the Docker engine could not {doing} ({_innermost(error)})") from error


def inspect(client: APIClient, image: str) -> dict[str, Any] | None:
    """What the engine says about an image; None where it holds none of that name."""
    from docker.errors import ImageNotFound

    with faults(f"look for the image {image}"):
        try:
            found: dict[str, Any] = client.inspect_image(image)
        except ImageNotFound:
            return None
    return found


def _innermost(error: BaseException) -> str:
    """The reason at the bottom of a pile of wrapped errors."""
    seen = {id(error)}
    while (below := error.__cause__ or error.__context__) is not None and id(below) not in seen:
        seen.add(id(below))
        error = below
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:200] or type(error).__name__
