"""Building an image: a build folder with what its recipe names, and wheels or an index to install from."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import __version__
from harness.context import Progress
from harness.errors import EnvironmentFault, SpecError
from harness.images import engine
from harness.images.folder import Supplies, build_folder
from harness.images.following import follow
from harness.images.found import (
    BASE_LABEL,
    LOCK_LABEL,
    PART_LABEL,
    PHASES_LABEL,
    RECIPE_LABEL,
    TARGET_LABEL,
    current_recipe,
    reference_of,
)
from harness.images.lockfile import Base, ImagesLock
from harness.images.recipe import TORCH, recipe_digest, requirements_digest
from harness.images.targets import Target, phases_of
from harness.surroundings import git_state

if TYPE_CHECKING:
    from docker import APIClient

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image that was built, or was there already (``made`` is then False)."""

    target: str
    reference: str
    id: str
    size: int
    seconds: float
    made: bool


def build(
    client: APIClient, lock: ImagesLock, target: Target, supplies: Supplies, say: Progress, *, force: bool
) -> Built:
    """Build one image of the lock, and the base with torch it stands on where the pinned base brings none.

    Raises:
        EnvironmentFault: the base is missing, the build failed, or the engine did.
        SpecError: the wheelhouse lacks files.
    """
    recipe = current_recipe(lock, target)
    locked = lock.images.get(target)
    if locked is None or locked.recipe != recipe:
        raise SpecError(
            f"{target} is built from {recipe} now, and images.lock.yaml says {locked.recipe if locked else 'nothing'}",
            remedy="write the lock anew: codestilts images lock",
        )
    base = lock.base_of(target)
    arguments = {"BASE": _base(client, base, say)}
    if target.needs_torch and lock.torch_build != "base":
        below = recipe_digest(TORCH, base=base.digest, torch_build=lock.torch_build)
        extra = {"TORCH_BUILD": lock.torch_build, "TORCH_INDEX": supplies.torch_index}
        torch = _make(client, TORCH, below, arguments | extra, supplies, say, labels={}, force=False)
        arguments["TORCH_BASE"] = torch.reference
    labels = {
        LOCK_LABEL: requirements_digest(target),
        PHASES_LABEL: " ".join(phases_of(target)),
        BASE_LABEL: base.digest,
        "org.opencontainers.image.base.name": base.image,
        "org.opencontainers.image.base.digest": base.digest,
    }
    return _make(client, target, recipe, arguments, supplies, say, labels=labels, force=force)


def _base(client: APIClient, base: Base, say: Progress) -> str:
    """Make sure that the engine holds the pinned base, and say what it is called there."""
    found = engine.inspect(client, base.reference)
    if base.kind == "local":
        if found is None or found["Id"] != base.digest:
            held = f"holds {found['Id']} by that name" if found else "holds no image of that name"
            raise EnvironmentFault(
                f"the base {base.image} must be {base.digest}, and the engine {held}",
                remedy="make the base again, or lock the one that is there: codestilts images lock --base IMAGE",
            )
    elif found is None:
        say(0.0, f"pulling {base.reference}")
        with engine.faults(f"pull the base {base.reference}"):
            for _ in client.pull(base.reference, stream=True, decode=True):
                say(0.0, f"pulling {base.reference}")
    return base.reference


def _make(
    client: APIClient,
    target: str,
    recipe: str,
    arguments: Mapping[str, str],
    supplies: Supplies,
    say: Progress,
    *,
    labels: Mapping[str, str],
    force: bool,
) -> Built:
    """Build one target of the Dockerfile unless the engine holds it already."""
    reference = reference_of(target, recipe)
    started = time.monotonic()
    held = engine.inspect(client, reference)
    made = force or held is None or (held["Config"].get("Labels") or {}).get(RECIPE_LABEL) != recipe
    if made:
        settings = {
            "tag": reference,
            "target": target,
            "rm": True,
            "forcerm": True,
            "nocache": force,
            "network_mode": "none" if supplies.wheelhouse else supplies.network,
            "buildargs": {**arguments, **_settings(supplies)},
        }
        labels = {**labels, TARGET_LABEL: target, RECIPE_LABEL: recipe, **_about(target)}
        with build_folder(target, supplies, labels) as context, engine.faults(f"build the image {target}"):
            steps = follow(client.build(fileobj=context, custom_context=True, decode=True, **settings), target, say)
        _drop_install_stage(client, steps)
        held = engine.inspect(client, reference)
    if held is None:
        raise EnvironmentFault(f"the Docker engine lost the image {reference} while building", remedy="build it again")
    return Built(
        target=target,
        reference=reference,
        id=held["Id"],
        size=held["Size"],
        seconds=time.monotonic() - started,
        made=made,
    )


def _settings(supplies: Supplies) -> dict[str, str]:
    """The machine's proxies, which the builder does not keep in an image's history."""
    names = () if supplies.wheelhouse else _PROXIES
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _about(target: str) -> dict[str, str]:
    return {
        "org.opencontainers.image.title": f"codestilts {target}",
        "org.opencontainers.image.version": __version__,
        "org.opencontainers.image.revision": git_state().get("commit", ""),
    }


def _drop_install_stage(client: APIClient, steps: Sequence[str]) -> None:
    """Remove what packages were installed in: it is not shipped, and larger than the image."""
    from docker.errors import APIError

    for image in client.images(filters={"dangling": True, "label": f"{PART_LABEL}=install"}):
        if any(image["Id"].startswith(f"sha256:{step}") for step in steps):
            try:
                client.remove_image(image["Id"])
            except APIError:  # another build stands on it just now; `images clean` finds it later
                continue
