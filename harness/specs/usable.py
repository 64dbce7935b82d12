"""Whether a backbone may be used at all: a pinned revision, something to bake if it says so, what a person allows."""

from __future__ import annotations

from collections.abc import Collection

from harness.errors import SpecError
from harness.specs.backbone import BackboneSpec
from harness.specs.source import HubSource


def check_usable(spec: BackboneSpec, allowed: Collection[str]) -> None:
    """Refuse an unpinned backbone, one with nothing to bake, and one with needs that nobody has allowed.

    Args:
        spec: its image spec.
        allowed: flags that a person has given with ``--allow``.

    Raises:
        SpecError: with the reason the spec gives, and the remedy.
    """
    where = f"backbone {spec.name}"
    if spec.source is not None and spec.source.kind == "hub":
        pin = f"'codestilts images lock --pin {spec.name}' asks the hub what main is at; or "
        check_pinned(spec.source, where, remedy=pin)
    if spec.bake and (spec.source is None or spec.source.kind == "scratch"):
        raise SpecError(
            "it has no published weights of its own that an image could hold (bake: true)",
            where=where,
            remedy="leave 'bake' out of its spec",
        )
    for need in spec.needs:
        if need.flag not in allowed:
            raise SpecError(
                f"it needs your word ({need.flag}): {need.why.rstrip('.')}",
                where=where,
                remedy=f"if that is all right, say so with --allow {need.flag}",
            )


def check_pinned(source: HubSource, where: str, *, remedy: str = "") -> None:
    """Refuse a model of the hub for whose revision nobody has vouched.

    Raises:
        SpecError: it has none.
    """
    if not source.pinned:
        raise SpecError(
            f"nobody has vouched for a revision of {source.id} yet (revision: {source.revision})",
            where=where,
            remedy=f"{remedy}write a full commit hash that you vouch for into its spec",
        )
