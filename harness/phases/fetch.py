"""Phase ``fetch``: what comes from the network, fixed by its hash or its commit. The only phase that may reach out.

A package is downloaded by the machine's own pip, so that mirrors, proxies and certificates are those the person has
configured, and unpacked without being installed: nothing in it is run. Files of the hub are downloaded at one commit. A
folder of the machine's own is copied, so that what stands on it does not change when somebody works in it. Where the
stage's own image holds the files (``bake: true``), they are copied out of it, checked, with no network at all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.context import BAKED, RESUME, StageContext
from harness.data.hub.snapshot import needed_files
from harness.errors import EnvironmentFault, FailureClass, SpecError
from harness.files import file_digest, read_json
from harness.isolated import python
from harness.plan.data_params import FETCH, FetchFolder, FetchPackage, FetchParams, FetchRepository, read_params

FILES = "files"


def run(context: StageContext) -> None:
    """Leave ``files/``: the contents of the package's wheel, the files of a repository, or those of a folder.

    Raises:
        SpecError: what is asked for is not there, or its bytes are not those that are pinned.
        EnvironmentFault: the network fails; what has come of a repository is kept in the output folder.
    """
    params = read_params(FETCH, context.params)
    if BAKED in context.inputs:
        _from_image(context, params, context.inputs[BAKED])
        return
    match params:
        case FetchPackage():
            _package(context, params)
        case FetchRepository():
            _repository(context, params)
        case FetchFolder():
            _folder(context, params)


def _package(context: StageContext, params: FetchPackage) -> None:
    context.progress(0.0, f"downloading {params.package} {params.version}")
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(params.package, params.version, params.sha256, Path(folder))
        context.progress(0.7, "unpacking")
        unpack(wheel, context.out / FILES)


def _repository(context: StageContext, params: FetchRepository) -> None:
    """Named files of a repository, or those that the rule picks; and code, if asked for, at its own commit."""
    from harness.data.hub.download import download as download_files
    from harness.data.hub.repository import Repository, look

    # Below RESUME a download that breaks off is kept for the next try.
    out = context.out / RESUME / FILES
    repository = Repository(kind="model", id=params.id, revision=params.revision)
    context.progress(0.0, f"asking the hub for {repository.id}")
    listing = look(repository, lambda note: context.progress(0.0, f"asking the hub for {repository.id}: {note}"))
    names = params.files or needed_files(listing.files, where=str(repository))
    download_files(listing, listing.named(names), out, pinned=context.expected, progress=context.progress)
    if params.code is not None:
        source = Repository(kind="model", id=params.code.id, revision=params.code.revision)
        found = look(source)
        python = [file for file in found.matching("*.py") if "/" not in file.path]
        if not python:
            raise SpecError("there is no Python file at the commit of its code", where=str(source))
        download_files(found, python, out, pinned=context.expected, progress=context.progress)
    for part in sorted(out.rglob(".*.part")):  # of a try at another version of a file
        part.unlink()
    shutil.rmtree(context.out / FILES, ignore_errors=True)
    out.rename(context.out / FILES)


def _folder(context: StageContext, params: FetchFolder) -> None:
    """Files of a folder whose digests the plan has taken."""
    for name in _copied(context, context.inputs["folder"], params.files):
        raise SpecError(
            f"'{name}' has changed since the run was planned",
            where=context.inputs["folder"].name,
            remedy="leave the folder alone while it is read, and run again",
        )


def _from_image(context: StageContext, params: FetchParams, folder: Path) -> None:
    """The files that the image holds: those that the plan asks for, with the digests that are on record."""
    where, remedy = "the stage's image", "build it anew: codestilts images lock, then codestilts images build"
    try:
        record = read_json(folder / "weights.json")
    except (OSError, ValueError) as error:
        raise SpecError(f"it holds no backbone's files ({error})", where=where, remedy=remedy) from error
    if record["params"] != params.to_json():
        raise SpecError(f"it holds {record['params']}, and the plan asks for other files", where=where, remedy=remedy)
    held = {name.removeprefix(f"{FILES}/"): sha256 for name, sha256 in record["files"].items()}
    pinned = params.files if isinstance(params, FetchFolder) else context.expected
    missing = sorted(set(pinned) - set(held))
    for name in missing or _copied(context, folder / FILES, {**held, **pinned}):
        raise SpecError(f"its '{name}' does not have the recorded SHA-256", where=where, remedy=remedy)


def _copied(context: StageContext, folder: Path, digests: Mapping[str, str]) -> Iterator[str]:
    """Copy files; the names of those whose bytes are not what they should be."""
    for number, (name, sha256) in enumerate(sorted(digests.items())):
        context.progress(number / len(digests), f"copying {name}")
        target = context.out / FILES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(folder / name, target)
        except OSError as error:
            raise SpecError(
                f"'{name}' cannot be read ({error.strerror})", where=folder.name, remedy="is it there?"
            ) from error
        if file_digest(target) != sha256:
            yield name


def download(name: str, version: str, sha256: str, folder: Path) -> Path:
    """Download one wheel with pip, and check it against its hash ourselves as well.

    Raises:
        SpecError: the index serves other bytes than the spec pins.
        EnvironmentFault: it cannot be reached.
    """
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
    wheels = folder / "wheels"
    command = python(
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
    )
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
