#!/usr/bin/env python3
"""Make a base image out of Debian packages, for machines that reach no image registry.

    .venv/bin/python images/debootstrap_base.py            the image codestilts-base:bookworm, unless it is there
    .venv/bin/python images/debootstrap_base.py --force    make it anew

Needs debootstrap, and root. The same packages give the same image id: what differs from one run to the next (times,
logs, caches, the host's name) is left out. Then: codestilts images lock --base codestilts-base:bookworm --torch cpu
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from harness.errors import EnvironmentFault
from harness.runners.images import engine
from tasks.errors import UserError

PACKAGES = ("ca-certificates", "python3", "python3-venv")
LABEL = "codestilts.debootstrap"
EPOCH = "1970-01-01T00:00:00Z"
#: Folders that stay, empty; files that say something of this machine or this hour, and go.
EMPTIED = ("dev", "proc", "run", "sys", "tmp", "var/cache", "var/lib/apt/lists", "var/log", "var/tmp")
DROPPED = ("etc/hostname", "etc/resolv.conf", "etc/machine-id", "var/lib/dpkg/status-old", "var/lib/dpkg/available-old")
#: Pages for people; nobody reads them in a container. Licences stay.
DOCUMENTS = ("usr/share/man", "usr/share/info", "usr/share/locale")


def main() -> int:
    """Make the image and print its id."""
    parser = argparse.ArgumentParser(description="Make a base image out of Debian packages.")
    parser.add_argument("--suite", default="bookworm", help="Debian release (default: bookworm)")
    parser.add_argument("--mirror", help="where packages come from (default: debootstrap's own for the release)")
    parser.add_argument("--tag", help="name of the image (default: codestilts-base:SUITE)")
    parser.add_argument("--force", action="store_true", help="make it although it is there")
    arguments = parser.parse_args()
    try:
        print(make(arguments.suite, arguments.mirror, arguments.tag, force=arguments.force))  # noqa: T201
    except UserError as error:
        sys.stderr.write(f"debootstrap_base: {error}\n")
        return error.exit_code
    return 0


def make(suite: str, mirror: str | None, tag: str | None, *, force: bool) -> str:
    """Make the image unless it is there; its id.

    Raises:
        EnvironmentFault: no engine, no debootstrap, no root, or no packages.
    """
    tag = tag or f"codestilts-base:{suite}"
    recipe = f"{suite} minbase {' '.join(PACKAGES)}"
    client = engine.connect()
    held = engine.inspect(client, tag)
    if held and not force and (held["Config"].get("Labels") or {}).get(LABEL) == recipe:
        return str(held["Id"])
    if not shutil.which("debootstrap"):
        raise EnvironmentFault("debootstrap is not installed", remedy="apt-get install debootstrap")
    if os.geteuid() != 0:
        raise EnvironmentFault("debootstrap works as root alone", remedy="run this with sudo")
    with tempfile.TemporaryDirectory() as scratch:
        root, layer, image = (Path(scratch) / name for name in ("root", "layer.tar", "image.tar"))
        started = time.time()
        bootstrap(suite, mirror, root)
        pack(root, layer, started)
        archive(layer, image, tag, {LABEL: recipe})
        with engine.faults("load the base image"), image.open("rb") as file:
            client.load_image(file)
    found = engine.inspect(client, tag)
    if found is None:
        raise EnvironmentFault(f"the Docker engine did not keep {tag}", remedy="see its log")
    sys.stderr.write(f"{tag}: {found['Size'] / 1e6:.0f} MB, made in {time.time() - started:.0f} s\n")
    return str(found["Id"])


def bootstrap(suite: str, mirror: str | None, root: Path) -> None:
    """Unpack and configure the packages into a folder."""
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, str(root)]
    command += [mirror] if mirror else []
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("E:", "W:"))]
        raise EnvironmentFault(
            f"debootstrap failed ({' '.join(errors[-2:]) or f'exit code {done.returncode}'})",
            remedy="check the mirror and the network: --mirror URL",
        )


def pack(root: Path, layer: Path, started: float) -> None:
    """Put the folder into a tar archive that is the same for the same packages.

    Times from before ``started`` are the packages' own and stay, for Python's byte code is checked against them.
    """
    with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if name in DROPPED or any(name.startswith(f"{folder}/") for folder in (*EMPTIED, *DOCUMENTS)):
                continue
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                continue
            member = tar.gettarinfo(path, name)
            member.uname = member.gname = ""
            member.mtime = 0 if member.mtime >= started - 1 else int(member.mtime)
            if name in ("etc/shadow", "etc/shadow-"):
                content = without_days(path.read_bytes())
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            elif member.isreg():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)


def without_days(shadow: bytes) -> bytes:
    """Accounts without the day they were made on."""
    lines = [line.split(b":") for line in shadow.splitlines()]
    return b"".join(b":".join([*fields[:2], b"", *fields[3:]]) + b"\n" for fields in lines)


def archive(layer: Path, image: Path, tag: str, labels: dict[str, str]) -> None:
    """Write an image of one layer, as an engine loads it."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    machine = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = {
        "architecture": machine,
        "config": {"Cmd": ["/bin/sh"], "Env": [path], "Labels": labels},
        "created": EPOCH,
        "history": [{"created": EPOCH, "created_by": "images/debootstrap_base.py"}],
        "os": "linux",
        "rootfs": {"diff_ids": [f"sha256:{digest}"], "type": "layers"},
    }
    text = json.dumps(config, sort_keys=True).encode()
    name = f"{hashlib.sha256(text).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "Layers": ["layer.tar"], "RepoTags": [tag]}]).encode()
    with tarfile.open(image, "w") as tar:
        for file_name, content in ((name, text), ("manifest.json", manifest)):
            member = tarfile.TarInfo(file_name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        tar.add(layer, "layer.tar")


if __name__ == "__main__":
    sys.exit(main())
