"""``codestilts doctor``: checks of this machine, with a remedy for everything missing."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import click

from harness import provenance
from harness.cli.options import data_option, echo_json, json_option, store_option
from harness.data.release import DATA_VARIABLE, data_folder
from harness.paths import images_dir
from tasks.errors import DataError, UserError

Status = Literal["ok", "missing", "warning"]
PYTHONS = ((3, 11), (3, 14))
LITTLE_MEMORY_GB, LITTLE_DISK_GB = 4, 5
CUDA_13_DRIVER = 580  # NVIDIA's CUDA compatibility table: the first driver branch of CUDA 13
SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check, with a remedy (empty if none is needed)."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


def examine(data: Path | None, store: Path, *, network: bool = False) -> list[Finding]:
    """Check everything that a run can need.

    Args:
        data: folder of data set files, or None for ``CODESTILTS_DATA``.
        store: existing or future store.
        network: also check the package index, which may take some seconds.
    """
    packages = provenance.installed()
    findings = [
        check_python(),
        check_cores(),
        check_memory(),
        check_disk(store),
        check_torch(packages),
        check_packages(packages),
        check_docker(),
        check_images(),
        check_gpu(packages),
        check_data(data),
        check_browser(),
    ]
    return [*findings, check_network()] if network else findings


def check_python() -> Finding:
    """Check the Python version against the locks' wheels."""
    version = platform.python_version()
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding(name="python", status="ok", detail=version)
    return Finding(name="python", status="warning", detail=version, remedy="the locks are made for Python 3.11 to 3.14")


def check_cores() -> Finding:
    """Count the cores, hence the stages that can run at once."""
    return Finding(name="cores", status="ok", detail=f"{provenance.cores()} on {platform.machine()}")


def check_memory() -> Finding:
    """Check the main memory."""
    gigabytes = provenance.memory_bytes() / 1e9
    if gigabytes >= LITTLE_MEMORY_GB:
        return Finding(name="memory", status="ok", detail=f"{gigabytes:.0f} GB")
    remedy = "run one stage at a time (--workers 1) and small backbones only"
    return Finding(name="memory", status="warning", detail=f"{gigabytes:.1f} GB", remedy=remedy)


def check_disk(store: Path) -> Finding:
    """Check the free space for the store."""
    gigabytes = provenance.free_bytes(store) / 1e9
    detail = f"{gigabytes:.0f} GB free for {store}"
    if gigabytes >= LITTLE_DISK_GB:
        return Finding(name="disk", status="ok", detail=detail)
    remedy = "free some space, or put the store elsewhere with --store"
    return Finding(name="disk", status="warning", detail=detail, remedy=remedy)


def check_torch(packages: dict[str, str]) -> Finding:
    """Check torch's version and build, from its metadata."""
    version = packages.get("torch")
    if version is None:
        return Finding(name="torch", status="missing", detail="not installed", remedy="make install")
    return Finding(name="torch", status="ok", detail=f"{version}, {torch_build(packages)} build")


def torch_build(packages: dict[str, str]) -> Literal["CPU", "CUDA"]:
    """Return the installed build of torch; NVIDIA's packages imply the CUDA build."""
    local = packages.get("torch", "").partition("+")[2]
    brings_cuda = any(name.startswith("nvidia-cuda-runtime") for name in packages)
    return "CUDA" if local.startswith("cu") or (brings_cuda and not local) else "CPU"


def check_packages(packages: dict[str, str]) -> Finding:
    """Check the installed packages against the lock of ``make install``."""
    locked = read_pins(images_dir() / "locks" / "local.txt")
    if not locked:
        return Finding(name="packages", status="warning", detail="no lock found to compare with", remedy="make install")
    missing = [name for name in locked if name not in packages]
    differ = [
        f"{name} {packages[name]} (lock: {version})"
        for name, version in locked.items()
        if name in packages and packages[name].partition("+")[0] != version
    ]
    if not missing and not differ:
        return Finding(name="packages", status="ok", detail=f"all {len(locked)} as locked")
    parts = [f"not installed: {_some(missing)}"] if missing else []
    parts += [f"other versions: {_some(differ)}"] if differ else []
    status: Status = "missing" if missing else "warning"
    return Finding(name="packages", status=status, detail="; ".join(parts), remedy="make install")


def read_pins(lock: Path) -> dict[str, str]:
    """Read the names and versions of a lock."""
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    return dict(re.findall(r"(?m)^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", text))


def check_docker() -> Finding:
    """Check that a Docker engine answers."""
    info, reason = provenance.docker_engine()
    if not info:
        remedy = "start the Docker engine; the local runner needs none"
        return Finding(name="docker", status="missing", detail=_short(reason), remedy=remedy)
    gpus = "containers can have GPUs" if provenance.engine_offers_gpus(info) else "containers without GPUs"
    return Finding(name="docker", status="ok", detail=f"engine {info['ServerVersion']}, {gpus}")


def check_images() -> Finding:
    """Check that the engine holds the locked images."""
    from harness.runners.images import engine, lockfile
    from harness.runners.images.found import Problem, look
    from harness.runners.images.targets import Target

    try:
        lock = lockfile.read_lock()
        client = engine.connect(provenance.ENGINE_TIMEOUT)
        looked = [
            look(client, lock, image) for image in dict.fromkeys((*(target.value for target in Target), *lock.images))
        ]
        client.close()
    except UserError as error:
        remedy = error.remedy or "the local runner needs none"
        return Finding(name="images", status="missing", detail=_short(error.what), remedy=remedy)
    problems = [found for found in looked if isinstance(found, Problem)]
    if problems:
        detail = f"{problems[0].target}: {problems[0].what}"
        detail += f" (and {len(problems) - 1} more)" if problems[1:] else ""
        return Finding(name="images", status="missing", detail=_short(detail), remedy=problems[0].remedy)
    return Finding(name="images", status="ok", detail=f"all {len(looked)} as locked")


def docker_gpus() -> str:
    """Describe a Docker engine with GPUs; the empty string if there is none."""
    info, _ = provenance.docker_engine()
    if not provenance.engine_offers_gpus(info):
        return ""
    found = provenance.gpus()
    names = f"{len(found)} x {found[0].name}" if found else "GPUs"
    return f"a Docker engine ({info['ServerVersion']}) that offers {names} was found"


def check_gpu(packages: dict[str, str]) -> Finding:
    """Check for NVIDIA GPUs that the installed torch can use."""
    found = provenance.gpus()
    if not found:
        return Finding(name="gpu", status="missing", detail="no NVIDIA GPU seen; stages run on the CPU")
    memory = f", {found[0].memory_mib / 1024:.0f} GiB each" if found[0].memory_mib else ""
    detail = f"{len(found)} x {found[0].name}{memory}, driver {found[0].driver or 'not known'}"
    if torch_build(packages) == "CPU":
        return Finding(
            name="gpu", status="warning", detail=detail, remedy="torch is a CPU build: make install TORCH=cuda"
        )
    branch = found[0].driver.partition(".")[0]
    if branch.isdigit() and int(branch) < CUDA_13_DRIVER:
        remedy = f"this build of torch needs driver {CUDA_13_DRIVER} or later"
        return Finding(name="gpu", status="warning", detail=detail, remedy=remedy)
    return Finding(name="gpu", status="ok", detail=detail)


def check_data(data: Path | None) -> Finding:
    """List the tasks whose data set files exist."""
    from harness.data.rows import partly_there
    from harness.specs.catalog import Catalog

    folder = data_folder(data)
    remedy = f"name the folder of release files: --data DIR or {DATA_VARIABLE}=DIR (generated data needs none)"
    if folder is None:
        return Finding(name="data", status="missing", detail="no folder of release files named", remedy=remedy)
    if not folder.is_dir():
        return Finding(name="data", status="missing", detail=f"no such folder: {folder}", remedy=remedy)
    catalog = Catalog()
    specs = sorted(map(catalog.task, catalog.task_files()), key=lambda task: task.role, reverse=True)
    tasks = [task for task in specs if any(split.files for split in task.splits.values())]
    try:
        found = [task.name for task in tasks if partly_there(task, folder)]
    except DataError as error:
        detail = f"{error.where}: {error.what}"
        return Finding(name="data", status="missing", detail=detail, remedy=str(error.remedy))
    absent = [task.name for task in tasks if task.name not in found]
    if not found:
        remedy = "'codestilts tasks show NAME' names each task's files"
        return Finding(name="data", status="missing", detail=f"{folder} holds no task's files", remedy=remedy)
    lacking = f"; files lacking for {_some(absent)}" if absent else ""
    return Finding(name="data", status="ok", detail=f"{folder}: {', '.join(found)}{lacking}")


def check_browser() -> Finding:
    """Check for Chromium, which the page tests use."""
    found = provenance.browser()
    if found:
        return Finding(name="browser", status="ok", detail=str(found))
    remedy = "only the tests of the pages need it; install Chromium or Chrome"
    return Finding(name="browser", status="missing", detail="no Chromium or Chrome found", remedy=remedy)


def check_network() -> Finding:
    """Check that pip's package index answers."""
    reason = provenance.index_answers()
    if not reason:
        return Finding(name="network", status="ok", detail="the package index answers")
    remedy = "check the network, the proxy, or pip's configuration; only fetching and installing need it"
    return Finding(name="network", status="missing", detail=_short(reason), remedy=remedy)


def render(findings: Sequence[Finding]) -> str:
    """Format the findings as a table, each remedy below its line."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.status:<8} {finding.name:<{width}}  {finding.detail}")
        if finding.remedy:
            lines.append(f"{'':<8} {'':<{width}}  -> {finding.remedy}")
    return "\n".join(lines)


def to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings as JSON values."""
    return [asdict(finding) for finding in findings]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _short(reason: str) -> str:
    """Shorten to one line of at most 160 characters."""
    return " ".join(reason.split())[:160]


@click.command(epilog="Example: codestilts doctor --json")
@store_option
@data_option
@click.option("--network", is_flag=True, help="Also check the package index.")
@json_option
def doctor(store: Path, data: Path | None, network: bool, as_json: bool) -> None:
    """Check this machine and give a remedy for everything missing; nothing is changed."""
    findings = examine(data, store, network=network)
    if as_json:
        echo_json(to_json(findings))
    else:
        click.echo(render(findings))
