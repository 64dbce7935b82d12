"""The images on an engine beside the lock: the right one for each phase, or what is wrong, with both digests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFault, SpecError
from harness.runners.images import engine
from harness.runners.images.additions import addition
from harness.runners.images.lockfile import ImagesLock, LockedImage
from harness.runners.images.recipe import added_digest, recipe_digest, requirements_digest
from harness.runners.images.targets import addition_of, target_of

if TYPE_CHECKING:
    from docker import APIClient

REPOSITORY = "codestilts"
TARGET_LABEL, RECIPE_LABEL, LOCK_LABEL = "codestilts.image", "codestilts.recipe", "codestilts.lock"
PHASES_LABEL, BASE_LABEL, PART_LABEL = "codestilts.phases", "codestilts.base", "codestilts.part"
BUILD, PULL, RELOCK = "codestilts images build", "codestilts images pull", "codestilts images lock"


@dataclass(frozen=True, kw_only=True)
class FoundImage:
    """An image on the engine that is what the lock says.

    Attributes:
        target: which image: ``train``, ``train+mine``.
        id: what containers are started from: ``sha256:`` and 64 digits.
        reference: its readable name.
        environment: what the keys of its stages say about the base (``Environment.base``).
        recipe: digest of what it was built from.
    """

    target: str
    id: str
    reference: str
    environment: str
    recipe: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one image: in one sentence without its full stop, and what to do."""

    target: str
    what: str
    remedy: str


def reference_of(image: str, recipe: str) -> str:
    """Name and tag of the image built from a recipe; two checkouts never take each other's."""
    return f"{REPOSITORY}/{slug(image)}:{recipe.removeprefix('sha256:')[:12]}"


def slug(image: str) -> str:
    """An image's name as repositories may be called."""
    return re.sub(r"[^a-z0-9]+", "-", image.lower()).strip("-")


def current(lock: ImagesLock, image: str) -> LockedImage:
    """Dependency lock and recipe of an image as the files say now, on the lock's base.

    Raises:
        SpecError: what a backbone's own image adds is not pinned, or nobody asks for it any more.
    """
    target = target_of(image)
    build = lock.torch_build if target.needs_torch else "base"
    below = recipe_digest(target, base=lock.base_of(target).digest, torch_build=build)
    if not addition_of(image):
        return LockedImage(requirements=requirements_digest(target), recipe=below)
    added = addition(image)
    return LockedImage(requirements=added.digest, recipe=added_digest(below, added))


def look(client: APIClient, lock: ImagesLock, target: str) -> FoundImage | Problem:
    """Hold one image on the engine against the lock, and the lock against the files it was written from."""
    locked = lock.images.get(target)
    try:
        stale = _stale(lock, target, locked)
    except SpecError as error:
        return Problem(target=target, what=str(error).rstrip("."), remedy=f"mend that, then {RELOCK}")
    if stale:
        return stale
    assert locked is not None  # _stale speaks of a missing one
    ours = reference_of(target, locked.recipe)
    for name in (locked.id, locked.published, ours):
        if name and (image := engine.inspect(client, name)):
            return _wrong(image, name, locked, target) or FoundImage(
                target=target,
                id=image["Id"],
                reference=ours if ours in (image.get("RepoTags") or ()) else name,
                environment=lock.environment(target),
                recipe=locked.recipe,
            )
    return Problem(
        target=target,
        what=f"the engine holds no image {reference_of(target, locked.recipe)}",
        remedy=PULL if locked.published else BUILD,
    )


def _stale(lock: ImagesLock, image: str, locked: LockedImage | None) -> Problem | None:
    now = current(lock, image)
    if locked is None:
        return Problem(target=image, what="the lock does not name this image", remedy=f"{RELOCK}, then {BUILD}")
    adds = "what it adds" if addition_of(image) else "its dependency lock"
    for what, then, found in (
        (adds, locked.requirements, now.requirements),
        ("what it is built from", locked.recipe, now.recipe),
    ):
        if then != found:
            return Problem(
                target=image,
                what=f"{what} is {found}, and images.lock.yaml says {then}",
                remedy=f"{RELOCK}, then {BUILD}",
            )
    return None


def _wrong(image: dict[str, Any], name: str, locked: LockedImage, target: str) -> Problem | None:
    labels = image["Config"].get("Labels") or {}
    found = labels.get(RECIPE_LABEL, "nothing we know of")
    if found != locked.recipe:
        return _other(target, f"the image {name} was built from {found}", locked.recipe)
    # Pulled images are known by the registry's digest: which id an engine gives them depends on how it stores images.
    pulled = {held.partition("@")[2] for held in image.get("RepoDigests") or ()}
    if locked.published and locked.published.partition("@")[2] in pulled:
        return None
    if locked.id and image["Id"] != locked.id:
        return _other(target, f"the image {name} has the id {image['Id']}", locked.id, relock=f"{RELOCK} --ids")
    if locked.published and not locked.id:
        return _other(
            target,
            f"the image {name} is {', '.join(sorted(pulled)) or 'in no registry'}",
            locked.published,
            PULL,
            relock=f"{RELOCK} --published REGISTRY",
        )
    return None


def _other(target: str, what: str, wanted: str, remedy: str = BUILD, *, relock: str = RELOCK) -> Problem:
    return Problem(
        target=target,
        what=f"{what}, and images.lock.yaml says {wanted}",
        remedy=f"{remedy}; or, if the engine's image is the right one, {relock}",
    )


def images_for(client: APIClient, lock: ImagesLock, targets: Iterable[str]) -> dict[str, FoundImage]:
    """The images to run, all of them as locked.

    Raises:
        EnvironmentFault: some are missing or other ones; all problems in one message.
    """
    looked = [look(client, lock, target) for target in sorted(set(targets))]
    problems = [found for found in looked if isinstance(found, Problem)]
    if problems:
        said = "; ".join(f"{problem.target}: {problem.what}" for problem in problems)
        remedies = dict.fromkeys(problem.remedy for problem in problems)
        raise EnvironmentFault(f"the images are not as locked ({said})", remedy=" / ".join(remedies))
    return {found.target: found for found in looked if isinstance(found, FoundImage)}
