"""Phase ``fetch``: what comes from the network, fixed by its hash. The only phase that may reach out.

A package is downloaded by the machine's own pip, so that mirrors, proxies and certificates are those the person has
configured, and unpacked without being installed: nothing in it is run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from harness.canonical import file_digest
from harness.context import StageContext
from harness.errors import EnvironmentFault, SpecError
from harness.outcome import FailureClass


def run(context: StageContext) -> None:
    """Leave ``files/``: the contents of the package's wheel."""
    name, version, sha256 = (str(context.params[field]) for field in ("package", "version", "sha256"))
    context.progress(0.0, f"downloading {name} {version}")
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(name, version, sha256, Path(folder))
        context.progress(0.7, "unpacking")
        unpack(wheel, context.out / "files")


def download(name: str, version: str, sha256: str, folder: Path) -> Path:
    """Download one wheel with pip, and check it against its hash ourselves as well.

    Raises:
        SpecError: the index serves other bytes than the spec pins.
        EnvironmentFault: it cannot be reached.
    """
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
    wheels = folder / "wheels"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "-d",
        str(wheels),
        "-r",
        str(requirement),
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    sys.stderr.write(done.stdout + done.stderr)
    if done.returncode != 0:
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise SpecError(
                f"package {name} {version} does not have the pinned SHA-256",
                remedy="check the spec; do not go on with other bytes",
            )
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("ERROR")), "pip failed")
        raise EnvironmentFault(
            f"package {name} {version} could not be downloaded ({reason.removeprefix('ERROR: ')})",
            remedy="check the network and pip's configuration, then run again",
            failure_class=FailureClass.NETWORK,
        )
    (wheel,) = wheels.iterdir()
    if file_digest(wheel) != sha256:
        raise SpecError(f"package {name} {version} does not have the pinned SHA-256", remedy="check the spec")
    return wheel


def unpack(wheel: Path, out: Path) -> None:
    """Unpack a wheel; names that would leave the folder are refused."""
    with zipfile.ZipFile(wheel) as archive:
        for member in sorted(archive.namelist()):
            target = (out / member).resolve()
            if not target.is_relative_to(out.resolve()):
                raise SpecError(f"file name '{member}' points outside the package", where=wheel.name)
        archive.extractall(out)
