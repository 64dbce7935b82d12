"""Commits for backbones whose specs name none: asked of the hub once, kept in the lock, moved only on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.errors import SpecError
from harness.images.lockfile import ImagesLock
from harness.specs.catalog import Catalog

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
    from harness.hub.repository import newest_commit

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
