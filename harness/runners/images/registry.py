"""Images to and from a registry, by digest: built once, the same bytes on every host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.context import Progress
from harness.errors import EnvironmentFault, SpecError
from harness.runners.images import engine, found
from harness.runners.images.found import FoundImage, Problem, look
from harness.runners.images.lockfile import ImagesLock

if TYPE_CHECKING:
    from docker import APIClient


@dataclass(frozen=True, kw_only=True)
class Published:
    """An image in a registry: ``registry/codestilts/train@sha256:...``."""

    target: str
    reference: str


def push(client: APIClient, image: FoundImage, registry: str, say: Progress) -> Published:
    """Push one image of the lock below a registry's address.

    Args:
        client: the engine; its credentials for the registry are those of ``docker login``.
        image: as the lock says.
        registry: ``host:port``, with or without a path.
        say: told how far it is.

    Raises:
        EnvironmentFault: the registry refused, or cannot be reached.
    """
    name = f"{registry.rstrip('/')}/{found.REPOSITORY}/{found.slug(image.target)}"
    tag = image.recipe.removeprefix("sha256:")[:12]
    with engine.faults(f"push {name}"):
        client.tag(image.id, name, tag)
        digest = ""
        try:
            digest = _relay(client.push(name, tag, stream=True, decode=True), f"push {name}", say)
        finally:
            if not digest:
                client.remove_image(f"{name}:{tag}", noprune=True)  # a name for what is not there
    if not digest:
        raise EnvironmentFault(f"the registry said no digest for {name}", remedy="push again")
    return Published(target=image.target, reference=f"{name}@{digest}")


def pull(client: APIClient, lock: ImagesLock, target: str, say: Progress) -> FoundImage:
    """Pull one image by the digest in the lock, and hold it against the lock.

    Raises:
        SpecError: the lock knows of no published image.
        EnvironmentFault: the registry cannot be reached, or serves another image.
    """
    locked = lock.images.get(target)
    if locked is None or locked.published is None:
        raise SpecError(
            f"the lock names no published image of {target}",
            remedy="build it, or pin what was pushed: codestilts images lock --published REGISTRY",
        )
    with engine.faults(f"pull {locked.published}"):
        _relay(client.pull(locked.published, stream=True, decode=True), f"pull {locked.published}", say)
    image = look(client, lock, target)
    if isinstance(image, Problem):
        raise EnvironmentFault(image.what, remedy=image.remedy)
    return image


def published_in(client: APIClient, lock: ImagesLock, registry: str) -> dict[str, str]:
    """Which digests a registry gave to the images of the lock, as the engine remembers from pushing or pulling them.

    Raises:
        SpecError: none of them.
    """
    published: dict[str, str] = {}
    for target in lock.images:
        image = look(client, lock, target)
        if isinstance(image, FoundImage):
            names = (engine.inspect(client, image.id) or {}).get("RepoDigests") or ()
            there = next((name for name in names if name.startswith(f"{registry.rstrip('/')}/")), None)
            if there:
                published[target] = there
    if not published:
        raise SpecError(
            "holds no image of the lock, as far as the engine knows",
            where=registry,
            remedy="push them first: codestilts images push REGISTRY",
        )
    return published


def _relay(lines: Iterable[Mapping[str, Any]], doing: str, say: Progress) -> str:
    """Relay how far the layers are; the digest, if the registry said one."""
    layers: dict[str, float] = {}
    digest = ""
    for line in lines:
        if "error" in line:
            raise EnvironmentFault(
                f"the Docker engine could not {doing} ({' '.join(str(line['error']).split())})",
                remedy="check the registry's address, and docker login",
            )
        digest = str((line.get("aux") or {}).get("Digest") or digest)
        detail = line.get("progressDetail") or {}
        if "id" in line:
            whole = detail.get("total")
            layers[line["id"]] = min(1.0, detail.get("current", 0) / whole) if whole else float(not detail)
        say(sum(layers.values()) / len(layers) if layers else 0.0, f"{line.get('status', '')}")
    return digest
