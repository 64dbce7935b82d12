"""What a backbone adds to the image of a phase: packages of its own, or its files for hosts with no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness import files
from harness.errors import SpecError
from harness.plan.checkpoint import plan_fetch
from harness.plan.data_params import FETCH, FetchRepository, read_params
from harness.runners.images.targets import Target, addition_of, target_of
from harness.specs.catalog import Catalog
from harness.specs.packages import BESIDE, Pin, read_packages


@dataclass(frozen=True, kw_only=True)
class Addition:
    """One addition.

    Attributes:
        image: its name: ``train+mine``.
        target: of the Dockerfile: ``extra`` or ``weights``.
        digest: of what it adds.
        pins: the packages, less those that the phase's image has already.
        weights: what ``fetch`` is told of the files: which, and their recorded SHA-256.
    """

    image: str
    target: str
    digest: str
    pins: tuple[Pin, ...] = ()
    weights: Mapping[str, Any] = field(default_factory=dict)


def addition(image: str) -> Addition:
    """What an image of a backbone's own adds, by the image's name.

    Raises:
        SpecError: no spec asks for it any more, or what it adds is not pinned.
    """
    target, name = target_of(image), addition_of(image)
    if target is Target.FETCH:
        return _weights(image, name)
    packages = read_packages(f"{name}.txt", where=f"image {image}")
    digest = files.digest([packages.digest, target])
    return Addition(image=image, target="extra", digest=f"sha256:{digest}", pins=packages.beside(target))


def wanted(catalog: Catalog) -> tuple[list[str], list[str]]:
    """Images that backbones ask for beside the phases' own, and what keeps some from being made, in sentences."""
    images: set[str] = set()
    faults: list[str] = []
    for name in catalog.backbone_files():
        try:
            spec = catalog.backbone(name)
        except SpecError as error:  # nobody can use it, so nobody needs an image for it
            faults.append(str(error))
            continue
        asked = [f"{lock}+{spec.packages}" for lock in BESIDE] if spec.packages else []
        asked += [f"{Target.FETCH}+{name}"] if spec.bake else []
        for image in asked:
            try:
                addition(image)
            except SpecError as error:
                faults.append(str(error))
            else:
                images.add(image)
    return sorted(images), list(dict.fromkeys(faults))


def _weights(image: str, name: str) -> Addition:
    if name not in Catalog().backbone_files():
        raise SpecError("there is no such backbone any more", where=f"image {image}")
    fetch = plan_fetch(name, store=None).checkpoint
    if not fetch.adds:
        raise SpecError("its spec does not say 'bake: true' any more", where=f"backbone {name}")
    params = read_params(FETCH, fetch.params)
    if isinstance(params, FetchRepository) and not _all_recorded(params, fetch.expected):
        raise SpecError(
            "nobody has seen its files yet, so there is no SHA-256 to put them into an image by",
            where=f"backbone {name}",
            remedy=f"fetch them once where there is a network (codestilts backbones check {name}), then lock again",
        )
    told = {"params": dict(fetch.params), "expected": dict(fetch.expected)}
    return Addition(image=image, target="weights", digest=f"sha256:{files.digest(told)}", weights=told)


def _all_recorded(params: FetchRepository, expected: Mapping[str, str]) -> bool:
    return bool(expected) and all(name in expected for name in params.files or ())
