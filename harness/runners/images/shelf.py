"""Our own images on an engine: listed, and those that nothing needs removed. Nobody else's is ever touched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.runners.images import engine, found
from harness.runners.images.found import PART_LABEL, RECIPE_LABEL, TARGET_LABEL
from harness.runners.images.lockfile import ImagesLock
from harness.runners.images.recipe import TORCH, recipe_digest

if TYPE_CHECKING:
    from docker import APIClient

_YOUNG = 3600.0  # seconds; what a build still under way has left is younger


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """One of our images.

    Attributes:
        names: its tags; none for what a build left behind.
        target: which image it is.
        locked: whether the lock names its recipe.
        size: bytes, those of the base among them.
        created: seconds since 1970.
    """

    id: str
    names: tuple[str, ...]
    target: str
    recipe: str
    locked: bool
    size: int
    created: int


@dataclass(frozen=True, kw_only=True)
class Removed:
    """An image that went, or stays because ``kept`` says so."""

    image: Shelved
    kept: str = ""


def ours(client: APIClient, lock: ImagesLock) -> list[Shelved]:
    """Our images, with what builds left behind.

    An image that somebody made from one of ours has its labels, too; it is ours only if every name it has is.
    """
    wanted = locked_recipes(lock)
    held: dict[str, Mapping[str, Any]] = {}
    with engine.faults("list its images"):
        for label in (RECIPE_LABEL, PART_LABEL):
            held |= {image["Id"]: image for image in client.images(filters={"label": label})}
    shelf = [_shelved(image, wanted) for image in held.values() if _is_ours(image)]
    return sorted(shelf, key=lambda image: (image.target, -image.created, image.id))


def locked_recipes(lock: ImagesLock) -> set[str]:
    """Recipes of every image that the lock stands for, torch added to a base among them."""
    recipes = {image.recipe for image in lock.images.values()}
    if lock.torch_build != "base":
        recipes.add(recipe_digest(TORCH, base=lock.torch.digest, torch_build=lock.torch_build))
    return recipes


def clean(client: APIClient, lock: ImagesLock, *, everything: bool, dry_run: bool) -> list[Removed]:
    """Remove our images that the lock does not name, and what builds left an hour ago or earlier.

    Args:
        client: the engine.
        lock: what stays.
        everything: also what the lock names.
        dry_run: say what would go, and remove nothing.
    """
    from docker.errors import APIError

    gone = []
    for image in ours(client, lock):
        if not image.names and time.time() - image.created < _YOUNG:
            continue
        if image.locked and image.names and not everything:
            continue
        # The engine itself would take one name of several from an image in use, and a run would not find it again.
        kept = "a container uses it" if client.containers(all=True, quiet=True, filters={"ancestor": image.id}) else ""
        for name in () if dry_run or kept else (*image.names, *(() if image.names else (image.id,))):
            try:
                client.remove_image(name)
            except APIError as error:
                kept = str(error.explanation or error)
        gone.append(Removed(image=image, kept=kept))
    return gone


def _is_ours(image: Mapping[str, Any]) -> bool:
    names = _names(image)
    published = image.get("RepoDigests") or ()
    return all(_in_repository(name) for name in (*names, *published) if "<none>" not in name)


def _in_repository(name: str) -> bool:
    """``codestilts/train:...``, or the same below a registry's address."""
    return f"/{found.REPOSITORY}/" in f"/{name}"


def _names(image: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in image.get("RepoTags") or () if "<none>" not in name)


def _shelved(image: Mapping[str, Any], wanted: set[str]) -> Shelved:
    labels = image.get("Labels") or {}
    names = _names(image) or tuple(name for name in image.get("RepoDigests") or () if "<none>" not in name)
    recipe = labels.get(RECIPE_LABEL, "") if names else ""
    return Shelved(
        id=image["Id"],
        names=names,
        target=labels.get(TARGET_LABEL, "") if names else "left by a build",
        recipe=recipe,
        locked=recipe in wanted,
        size=image["Size"],
        created=image["Created"],
    )
