"""Whether a backbone may be used at all: a pinned revision, nothing that is not built yet, and what a person allows."""

from __future__ import annotations

from collections.abc import Collection

from harness.errors import SpecError
from harness.specs.backbone import BackboneSpec


def check_usable(spec: BackboneSpec, allowed: Collection[str]) -> None:
    """Refuse an unpinned backbone, one that asks for an image of its own, and one with needs that nobody has allowed.

    Args:
        spec: its image spec.
        allowed: flags that a person has given with ``--allow``.

    Raises:
        SpecError: with the reason the spec gives, and the remedy.
    """
    where = f"backbone {spec.name}"
    if spec.source is not None and spec.source.kind == "hub" and not spec.source.pinned:
        raise SpecError(
            f"nobody has vouched for a revision of {spec.source.id} yet (revision: {spec.source.revision})",
            where=where,
            remedy="write the full commit hash that you vouch for into its spec",
        )
    # Images of a backbone's own are not built yet. Ignored, 'requirements' would put packages into the keys of stages
    # that ran without them.
    if spec.requirements is not None:
        raise SpecError(
            f"packages of its own (requirements: {spec.requirements}) cannot be installed yet, here or in an image",
            where=where,
            remedy="leave 'requirements' out of its spec, if it can do without them",
        )
    if spec.bake:
        raise SpecError(
            "weights cannot be put into an image yet (bake: true)",
            where=where,
            remedy="leave 'bake' out of its spec; fetched once, its weights are kept in the store",
        )
    for need in spec.needs:
        if need.flag not in allowed:
            raise SpecError(
                f"it needs your word ({need.flag}): {need.why.rstrip('.')}",
                where=where,
                remedy=f"if that is all right, say so with --allow {need.flag}",
            )
