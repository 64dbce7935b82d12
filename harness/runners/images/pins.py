"""Write ``images.lock.yaml``: bases, packages, image ids, and commits of backbones whose specs name none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import SpecError
from harness.runners.images import engine
from harness.runners.images.found import FoundImage, current, look
from harness.runners.images.lockfile import Base, ImagesLock, LockedImage, TorchBuild
from harness.runners.images.targets import Target
from harness.specs.catalog import Catalog

if TYPE_CHECKING:
    from docker import APIClient


#: Stands for every backbone that has no commit yet.
ALL = "all"


def with_pins(
    lock: ImagesLock, catalog: Catalog, names: Sequence[str], again: Sequence[str], note: Callable[[str], None]
) -> tuple[ImagesLock, list[str]]:
    """The lock with the commits that main branches are at now, and what was done, in sentences.

    Args:
        lock: as it is.
        catalog: of specs.
        names: backbones to pin, or ``all``. One that is pinned already keeps its commit.
        again: backbones whose commit is to be asked for anew.
        note: hears of waits for the hub.

    Raises:
        SpecError: there is no such backbone, or its spec names a commit itself; the hub has no such model.
        EnvironmentFault: the hub cannot be reached.
    """
    from harness.data.hub.repository import newest_commit

    unpinned = {name: model for name in catalog.backbone_files() if (model := catalog.unpinned(name)) is not None}
    wanted = [*(unpinned if ALL in names else names), *again]
    pins, said = dict(lock.revisions or {}), []
    for name in dict.fromkeys(wanted):
        if name not in unpinned:
            catalog.backbone(name)  # there is one of that name, or the error says which there are
            raise SpecError(
                "it needs no commit from the lock: its spec says where its weights come from",
                where=f"backbone {name}",
                remedy=f"--pin and --repin are for specs that say UNPINNED ({', '.join(unpinned) or 'none does'})",
            )
        model = unpinned[name]
        before = pins.get(model)
        if before is not None and name not in again:
            said.append(f"{name}: {model} stays at {before}; --repin {name} asks anew.")
            continue
        pins[model] = newest_commit("model", model, note)
        moved = f", before at {before}" if before not in (None, pins[model]) else ""
        said.append(f"{name}: {model} is pinned at {pins[model]}{moved}.")
    return lock.model_copy(update={"revisions": dict(sorted(pins.items())) or None}), said


def base_from(reference: str, source: str, connect: Callable[[], APIClient]) -> Base:
    """Pin an image to build on: by the digest in its reference, else by its registry's, else by its id on the engine.

    Args:
        reference: ``name:tag@sha256:...``, or the name of an image that the engine holds.
        source: where the digest was read, for people.
        connect: reaches the engine; called only where the reference has no digest.

    Raises:
        SpecError: there is nothing to pin it by.
        EnvironmentFault: no engine answers.
    """
    image, at, digest = reference.partition("@")
    if at:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise SpecError(f"'{digest}' is no digest", where=reference, remedy="give name:tag@sha256: and 64 digits")
        return Base(image=image, digest=digest, source=source)
    found = engine.inspect(connect(), reference)
    if found is None:
        raise SpecError(
            "has no digest, and the engine holds no such image",
            where=reference,
            remedy="give name:tag@sha256:..., or pull or make it first",
        )
    for name in found.get("RepoDigests") or ():
        return Base(image=reference, digest=name.partition("@")[2], source=source)
    return Base(
        image=reference, digest=found["Id"], kind="local", source=source or "made on the machine that locked it"
    )


def relocked(
    before: ImagesLock | None,
    *,
    plain: Base | None,
    torch: Base | None,
    torch_build: TorchBuild | None,
    additions: Iterable[str] = (),
) -> ImagesLock:
    """The lock anew: with the bases that are given, the rest as it was, and every image as the files say now.

    A ``plain`` base alone serves images with torch, too. Ids and published digests stay where nothing else changed.
    ``additions`` are the images that backbones ask for beside the phases' own.

    Raises:
        SpecError: there is no lock yet, and no base is given.
    """
    torch = torch or plain or (before.torch if before else None)
    plain = plain or (before.plain if before else torch)
    if plain is None or torch is None:
        raise SpecError("there is no lock of images yet", remedy="name the base to build on with --base")
    build = torch_build or (before.torch_build if before else "base")
    revisions = before.revisions if before else None
    bare = ImagesLock(schema=1, plain=plain, torch=torch, torch_build=build, revisions=revisions)
    images = {
        image: _locked(bare, image, before.images.get(image) if before else None)
        for image in (*(target.value for target in Target), *additions)
    }
    return bare.model_copy(update={"images": images})


def _locked(lock: ImagesLock, image: str, before: LockedImage | None) -> LockedImage:
    """An image as the files say now; what was pinned of it stays, as long as it is built from the same."""
    now = current(lock, image)
    return before if before and (before.recipe, before.requirements) == (now.recipe, now.requirements) else now


def with_ids(lock: ImagesLock, client: APIClient) -> ImagesLock:
    """The lock with the ids of the images that the engine holds and that are built from the locked recipes."""
    looked = [look(client, lock, image) for image in lock.images]
    return _pinned(lock, {found.target: {"id": found.id} for found in looked if isinstance(found, FoundImage)})


def with_published(lock: ImagesLock, published: Mapping[str, str]) -> ImagesLock:
    """The lock with the digests that a registry gave to the images."""
    return _pinned(lock, {target: {"published": reference} for target, reference in published.items()})


def _pinned(lock: ImagesLock, more: Mapping[str, Mapping[str, str]]) -> ImagesLock:
    images = {target: image.model_copy(update=dict(more.get(target, {}))) for target, image in lock.images.items()}
    return lock.model_copy(update={"images": images})
