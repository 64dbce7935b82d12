"""Building an image: a build folder with what its recipe names, and wheels or an index to install from."""

from __future__ import annotations

import io
import os
import re
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness import __version__
from harness.errors import EnvironmentFault, SpecError
from harness.images import engine
from harness.images.found import (
    BASE_LABEL,
    LOCK_LABEL,
    PHASES_LABEL,
    RECIPE_LABEL,
    TARGET_LABEL,
    current_recipe,
    reference_of,
)
from harness.images.lockfile import Base, ImagesLock
from harness.images.recipe import TORCH, dockerfile_for, files_for, recipe_digest, requirements_digest
from harness.images.targets import Target, phases_of
from harness.images.wheels import Wheelhouse
from harness.surroundings import git_state

if TYPE_CHECKING:
    from docker import APIClient

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_STEP = re.compile(r"Step (?P<step>\d+)/(?P<steps>\d+) : (?P<what>.*)")

#: Called with the fraction done (0 to 1) and what the build is at.
Say = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True)
class Supplies:
    """Where a build takes packages from.

    Attributes:
        wheelhouse: a folder of wheels; with it, nothing is downloaded and the build has no network.
        ca_bundle: certificates that downloads are checked with.
        network: the build's network: ``default`` or ``host``.
        torch_index: address of PyTorch's CPU wheel index.
    """

    wheelhouse: Wheelhouse | None = None
    ca_bundle: Path | None = None
    network: str = "default"
    torch_index: str = ""


@dataclass(frozen=True, kw_only=True)
class Built:
    """An image that was built, or was there already (``made`` is then False)."""

    target: str
    reference: str
    id: str
    size: int
    seconds: float
    made: bool


def build(client: APIClient, lock: ImagesLock, target: Target, supplies: Supplies, say: Say, *, force: bool) -> Built:
    """Build one image of the lock, and the base with torch it stands on where the pinned base brings none.

    Raises:
        EnvironmentFault: the base is missing, the build failed, or the engine did.
        SpecError: the wheelhouse lacks files.
    """
    base = lock.base_of(target)
    arguments = {"BASE": _base(client, base, say)}
    if target.needs_torch and lock.torch_build != "base":
        recipe = recipe_digest(TORCH, base=base.digest, torch_build=lock.torch_build)
        extra = {"TORCH_BUILD": lock.torch_build, "TORCH_INDEX": supplies.torch_index}
        torch = _make(client, TORCH, recipe, arguments | extra, supplies, say, labels={}, force=False)
        arguments["TORCH_BASE"] = torch.reference
    labels = {
        LOCK_LABEL: requirements_digest(target),
        PHASES_LABEL: " ".join(phases_of(target)),
        BASE_LABEL: base.digest,
        "org.opencontainers.image.base.name": base.image,
        "org.opencontainers.image.base.digest": base.digest,
    }
    return _make(client, target, current_recipe(lock, target), arguments, supplies, say, labels=labels, force=force)


def _base(client: APIClient, base: Base, say: Say) -> str:
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
    say: Say,
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
            "labels": {**labels, TARGET_LABEL: target, RECIPE_LABEL: recipe, **_about(target)},
        }
        with _folder(target, supplies) as context, engine.faults(f"build the image {target}"):
            _follow(client.build(fileobj=context, custom_context=True, decode=True, **settings), target, say)
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
    """The machine's own ways to the package index."""
    names = () if supplies.wheelhouse else ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", *_PROXIES)
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _about(target: str) -> dict[str, str]:
    return {
        "org.opencontainers.image.title": f"codestilts {target}",
        "org.opencontainers.image.version": __version__,
        "org.opencontainers.image.revision": git_state().get("commit", ""),
    }


@contextmanager
def _folder(target: str, supplies: Supplies) -> Iterator[IO[bytes]]:
    """The build folder as a tar archive, on disk: wheels are large."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add(archive, "Dockerfile", dockerfile_for(target).encode())
            files = files_for(target)
            for name, path in files.items():
                _add(archive, name, path.read_bytes())
            if supplies.wheelhouse:
                for path in supplies.wheelhouse.wheels_for(files):
                    _add(archive, f"wheels/{path.name}", path)
            if supplies.ca_bundle:
                _add(archive, "ca.pem", _certificates(supplies.ca_bundle))
        file.seek(0)
        yield file


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    """Add a file without what differs between machines, so that the engine's cache knows it again."""
    member = tarfile.TarInfo(name)
    member.mode = 0o644
    if isinstance(content, Path):
        member.size = content.stat().st_size
        with content.open("rb") as file:
            archive.addfile(member, file)
    else:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def _certificates(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SpecError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give --ca-bundle a file"
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in text:
        raise SpecError("holds no certificate", where=str(path), remedy="give --ca-bundle a file in PEM form")
    return text


def _follow(lines: Iterator[dict[str, Any]], target: str, say: Say) -> None:
    """Relay where a build is; its last words are the reason when it fails."""
    said: list[str] = []
    at = 0.0
    for line in lines:
        text = str(line.get("stream", "")).strip()
        said += [part for part in text.splitlines() if part.strip()]
        if step := _STEP.match(text):
            at = (int(step["step"]) - 1) / int(step["steps"])
        if text:
            say(at, f"{target}: {text.splitlines()[-1][:80]}")
        if "error" in line:
            own = [part.removeprefix("in_image: ") for part in said if part.startswith("in_image: ")]
            reason = own[-1] if own else f"{line['error']} {' | '.join(said[-3:])}"
            raise EnvironmentFault(
                f"the image {target} could not be built: {' '.join(reason.split())[:600].rstrip('.')}"
            )
