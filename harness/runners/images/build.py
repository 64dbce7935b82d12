"""Build an image from a folder with what its recipe names, and follow the engine's output."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.context import Progress
from harness.errors import EnvironmentFault, SpecError
from harness.provenance import git_state
from harness.runners.images import engine
from harness.runners.images.additions import Addition, addition
from harness.runners.images.folder import PackageSources, build_folder
from harness.runners.images.found import (
    BASE_LABEL,
    LOCK_LABEL,
    PART_LABEL,
    PHASES_LABEL,
    RECIPE_LABEL,
    TARGET_LABEL,
    FoundImage,
    current,
    look,
    reference_of,
)
from harness.runners.images.lockfile import Base, ImagesLock
from harness.runners.images.recipe import TORCH, recipe_digest
from harness.runners.images.targets import Target, addition_of, phases_of, target_of

if TYPE_CHECKING:
    from docker import APIClient


_STEP = re.compile(r"Step (?P<step>\d+)/(?P<steps>\d+) : ")
_LEFT = re.compile(r"---> ([0-9a-f]{12})")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OWN = "in_image: "  # how images/in_image.py begins what it has to say
# A file that went with the build's container.
_LOG = re.compile(r" \((?:pip's own words are|all it said is) in [^)]*\)")
_UNREACHED = (
    "if it has them, the build could not reach it: behind a TLS proxy give --ca-bundle FILE, where the engine's bridge "
    "leads nowhere --network host; or build from --wheelhouse DIR, with no network"
)


def follow(lines: Iterable[Mapping[str, Any]], target: str, say: Progress, *, online: bool = False) -> list[str]:
    """Relay where a build is.

    Args:
        lines: what the engine says.
        target: the image.
        say: told where it is.
        online: packages come from an index. pip takes one that it cannot reach for one that has nothing.

    Returns:
        Ids (their first 12 digits) of the images that its steps left.

    Raises:
        EnvironmentFault: it failed; what was said last is the reason.
    """
    said: list[str] = []
    at = 0.0
    for line in lines:
        parts = [part.strip() for part in _COLOUR.sub("", str(line.get("stream", ""))).splitlines() if part.strip()]
        said += parts
        for part in parts:
            if step := _STEP.match(part):
                at = (int(step["step"]) - 1) / int(step["steps"])
            say(at, f"{target}: {part[:80]}")
        if "error" in line:
            own = [part.removeprefix(_OWN) for part in said if part.startswith(_OWN)]
            reason = own[-1] if own else f"{line['error']} {' | '.join(said[-3:])}"
            short = _LOG.sub("", " ".join(reason.split()))[:600].rstrip(".")
            remedy = _UNREACHED if online and "the package index" in short else None
            raise EnvironmentFault(f"the image {target} could not be built: {short}", remedy=remedy)
    return [found[1] for part in said if (found := _LEFT.fullmatch(part))]


_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


_NO_REGISTRY = (
    "where no registry is in reach, make a base and lock it: images/debootstrap_base.py, then "
    "codestilts images lock --base codestilts-base:bookworm --torch cpu"
)


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
    client: APIClient, lock: ImagesLock, image: str, supplies: PackageSources, say: Progress, *, force: bool
) -> Built:
    """Build one image of the lock, and what it stands on: the base with torch, or the phase's image.

    Raises:
        EnvironmentFault: the base is missing, the build failed, or the engine did.
        SpecError: the lock is older than the files, the wheelhouse lacks files, or a backbone's files are not at hand.
    """
    recipe = current(lock, image).recipe
    locked = lock.images.get(image)
    if locked is None or locked.recipe != recipe:
        raise SpecError(
            f"{image} is built from {recipe} now, and images.lock.yaml says {locked.recipe if locked else 'nothing'}",
            remedy="write the lock anew: codestilts images lock",
        )
    base = lock.base_of(image)
    labels = {
        LOCK_LABEL: locked.requirements,
        PHASES_LABEL: " ".join(phases_of(target_of(image))),
        BASE_LABEL: base.digest,
        "org.opencontainers.image.base.name": base.image,
        "org.opencontainers.image.base.digest": base.digest,
    }
    if addition_of(image):
        held = look(client, lock, target_of(image))
        below = (
            held if isinstance(held, FoundImage) else build(client, lock, target_of(image), supplies, say, force=False)
        )
        added = addition(image)
        what = _Build(target=added.target, added=added, arguments={"BASE": below.reference}, labels=labels)
        return _make(client, image, recipe, what, supplies, say, force=force)
    arguments = {"BASE": _base(client, base, say)}
    if target_of(image).needs_torch and lock.torch_build != "base":
        below_it = recipe_digest(TORCH, base=base.digest, torch_build=lock.torch_build)
        extra = {"TORCH_BUILD": lock.torch_build, "TORCH_INDEX": supplies.torch_index}
        torch = _make(
            client, TORCH, below_it, _Build(target=TORCH, arguments=arguments | extra), supplies, say, force=False
        )
        arguments["TORCH_BASE"] = torch.reference
    return _make(
        client, image, recipe, _Build(target=image, arguments=arguments, labels=labels), supplies, say, force=force
    )


def weights_needed(client: APIClient, lock: ImagesLock, images: Sequence[str], *, force: bool) -> list[str]:
    """The backbones whose files must be at hand to build some images: those that are not on the engine as locked."""
    wanted = [image for image in images if addition_of(image) and target_of(image) is Target.FETCH]
    return [addition_of(image) for image in wanted if force or not isinstance(look(client, lock, image), FoundImage)]


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
        _pull(client, base.reference, say)
    return base.reference


def _pull(client: APIClient, base: str, say: Progress) -> None:
    said = "it did not say why"
    say(0.0, f"pulling {base}")
    try:
        with engine.faults(f"pull the base {base}"):
            for line in client.pull(base, stream=True, decode=True):
                said = str(line.get("error", said))
                say(0.0, f"pulling {base}")
    except EnvironmentFault as fault:
        raise EnvironmentFault(fault.what, remedy=fault.remedy or _NO_REGISTRY) from fault
    if engine.inspect(client, base) is None:
        raise EnvironmentFault(f"the Docker engine could not pull the base {base} ({said})", remedy=_NO_REGISTRY)


@dataclass(frozen=True, kw_only=True)
class _Build:
    """What the engine is told: a target of the Dockerfile, its arguments, and what a backbone adds."""

    target: str
    arguments: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    added: Addition | None = None


def _make(
    client: APIClient, image: str, recipe: str, what: _Build, supplies: PackageSources, say: Progress, *, force: bool
) -> Built:
    """Build one target of the Dockerfile unless the engine holds it already."""
    reference = reference_of(image, recipe)
    started = time.monotonic()
    held = engine.inspect(client, reference)
    made = force or held is None or (held["Config"].get("Labels") or {}).get(RECIPE_LABEL) != recipe
    if made:
        settings = {
            "tag": reference,
            "target": what.target,
            "rm": True,
            "forcerm": True,
            "nocache": force,
            "network_mode": "none" if supplies.wheelhouse else supplies.network,
            "buildargs": {**what.arguments, **_settings(supplies)},
        }
        labels = {**what.labels, TARGET_LABEL: image, RECIPE_LABEL: recipe, **_about(image)}
        with (
            build_folder(what.target, supplies, labels, what.added) as context,
            engine.faults(f"build the image {image}"),
        ):
            lines = client.build(fileobj=context, custom_context=True, decode=True, **settings)
            steps = follow(lines, image, say, online=supplies.wheelhouse is None)
        _drop_install_stage(client, steps)
        held = engine.inspect(client, reference)
    if held is None:
        raise EnvironmentFault(f"the Docker engine lost the image {reference} while building", remedy="build it again")
    return Built(
        target=image,
        reference=reference,
        id=held["Id"],
        size=held["Size"],
        seconds=time.monotonic() - started,
        made=made,
    )


def _settings(supplies: PackageSources) -> dict[str, str]:
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
