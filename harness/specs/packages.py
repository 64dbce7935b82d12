"""Packages of a backbone's own: a hash-locked file beside its spec, held against the locks of what loads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness import paths
from harness.errors import SpecError
from harness.files import digest

#: Locks of the phases that load a backbone (``images/locks``): its packages come beside each of them.
BESIDE = ("train", "retrieve")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REMEDY = "lock it with a hash for every file: name==version --hash=sha256:..."


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package of a lock.

    Attributes:
        name: in the index's own spelling: lower case, with hyphens.
        hashes: SHA-256 of its files, sorted.
    """

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """As pip reads it."""
        return " \\\n    ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{value}" for value in self.hashes)])


@dataclass(frozen=True, kw_only=True)
class OwnPackages:
    """The packages that backbones name in ``requirements``, none of which contradicts a phase's own.

    Attributes:
        path: the file.
        pins: all of it, by name.
    """

    path: Path
    pins: tuple[Pin, ...]

    @property
    def name(self) -> str:
        """What an image that holds them is called after its phase's."""
        return self.path.stem

    @property
    def digest(self) -> str:
        """SHA-256 of what is pinned; comments and order do not count."""
        return digest([[pin.name, pin.version, list(pin.hashes)] for pin in self.pins])

    def beside(self, lock: str) -> tuple[Pin, ...]:
        """Those that a phase's own lock does not hold already."""
        held = {pin.name for pin in base_pins(lock)}
        return tuple(pin for pin in self.pins if pin.name not in held)


def read_packages(file: str, *, where: str) -> OwnPackages:
    """Read a backbone's own packages.

    Args:
        file: its name, in a folder of image specs.
        where: whose they are, for people.

    Raises:
        SpecError: there is no such file, a line of it is no locked package, or one contradicts a phase's own lock.
    """
    path = next((found for folder in paths.backbone_dirs() if (found := folder / file).is_file()), None)
    if path is None:
        raise SpecError(
            f"there is no '{file}' beside the spec",
            where=f"{where}, field 'requirements'",
            remedy="put the hash-locked file there",
        )
    pins = tuple(sorted(_pins(path), key=lambda pin: pin.name))
    for lock in BESIDE:
        held = {pin.name: pin.version for pin in base_pins(lock)}
        for pin in pins:
            if held.get(pin.name, pin.version) != pin.version:
                raise SpecError(
                    f"{pin.name}=={pin.version} contradicts images/locks/{lock}.txt, which has {held[pin.name]}: "
                    "what other backbones run on is what this one must run on",
                    where=str(path),
                    remedy=f"lock it with that file as a constraint, or leave {pin.name} out",
                )
    return OwnPackages(path=path, pins=pins)


def base_pins(lock: str) -> list[Pin]:
    """The packages of a phase's own lock (``images/locks``)."""
    return pins_of((paths.images_dir() / "locks" / f"{lock}.txt").read_text(encoding="utf-8"))


def pins_of(text: str) -> list[Pin]:
    """The packages of a lock's text; whatever else stands in it is passed over."""
    return [found for _, line in _lines(text) if (found := _pin(line))]


def _pins(path: Path) -> Iterator[Pin]:
    seen: set[str] = set()
    for number, line in _lines(path.read_text(encoding="utf-8")):
        pin = _pin(line)
        if pin is None or ";" in line:
            raise SpecError(f"'{line[:60]}' is no locked package", where=f"{path}, line {number}", remedy=_REMEDY)
        if pin.name in seen:
            raise SpecError(
                f"{pin.name} stands there twice", where=f"{path}, line {number}", remedy="leave one of them"
            )
        seen.add(pin.name)
        yield pin
    if not seen:
        raise SpecError("names no package", where=str(path), remedy="leave 'requirements' out of the spec")


def _pin(line: str) -> Pin | None:
    text, *hashes = re.split(r"\s+--hash=sha256:", line)
    try:
        requirement = Requirement(text)
        (version,) = requirement.specifier
    except (InvalidRequirement, ValueError):
        return None
    exact = version.operator == "==" and not version.version.endswith(".*")
    if not exact or not hashes or not all(_DIGEST.fullmatch(value) for value in hashes):
        return None
    return Pin(name=canonicalize_name(requirement.name), version=version.version, hashes=tuple(sorted(set(hashes))))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with their number, without comments: one that ends with a backslash goes on in the next."""
    whole, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        part = re.sub(r"(^|\s)#.*", "", line).strip()
        start = start or number
        goes_on = part.endswith("\\")
        whole = " ".join([*whole.split(), *part.removesuffix("\\").split()])
        if not goes_on:
            if whole:
                yield start, whole
            whole, start = "", 0
    if whole:
        yield start, whole
