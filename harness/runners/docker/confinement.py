"""What a stage's container may and may not: everything is closed that the stage does not need.

Inside, the stage finds ``/spec``, its inputs below ``/inputs`` and release files in ``/data``, all read-only, an empty
``/tmp`` in memory, and ``/out``, the one folder on disk that it can write to. Nothing else of the store is there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from harness.plan.stage import Phase, Stage
from harness.runners import environment
from harness.runners.base import Job
from harness.runners.gpus import wants_gpu

SPEC, OUT, INPUTS, DATA = (PurePosixPath(path) for path in ("/spec", "/out", "/inputs", "/data"))
CODE = PurePosixPath("/opt/codestilts/code")
WEIGHTS = PurePosixPath("/opt/codestilts/weights")  # in an image that holds a backbone's files
_CA = PurePosixPath("/etc/codestilts/ca.pem")

#: What fetch sees of the caller's environment: how the network is reached. No other phase sees any of it.
FETCH_VARIABLES = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("HF_ENDPOINT", "HF_TOKEN"),
)
#: Where a caller names the certificates that a proxy's own is checked with, in the order they are looked at.
_CA_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_SHARED_MEMORY = 2**30  # torch's workers hand tensors over in it; an engine gives 64 MB
_SPARE_CPUS = 3  # of a stage on a GPU, whose compute threads are not what feeds it
_LOG = LogConfig(type=LogConfig.types.JSON, config={"max-size": "64m", "max-file": "2"})


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a stage is, to the kernel: user and group id."""

    user: int
    group: int

    def __str__(self) -> str:
        return f"{self.user}:{self.group}"


NOBODY = Person(user=65534, group=65534)


def person(security_options: tuple[str, ...] = ()) -> Person:
    """Whom stages run as: the caller, whose files they leave; never root.

    Where root calls, stages are nobody, and what they leave is given to root afterwards. In a rootless engine the
    container's root is the caller's own user outside, and every other number is a stranger.
    """
    if any("rootless" in option for option in security_options):
        return Person(user=0, group=0)
    return NOBODY if os.getuid() == 0 else caller()


def caller() -> Person:
    """Who runs this process."""
    return Person(user=os.getuid(), group=os.getgid())


def inputs_inside(job: Job) -> dict[str, Path]:
    """Where each input lies in the container, by role; a role such as ``rows:mnli`` is two folders."""
    return {role: Path(INPUTS.joinpath(*role.split(":"))) for role in job.inputs}


def is_online(stage: Stage) -> bool:
    """Whether a stage reaches for the network, if what it would fetch is not in its image."""
    return stage.phase is Phase.FETCH


def container(
    job: Job, *, image: str, labels: Mapping[str, str], who: Person, gpu: str | None, online: bool
) -> dict[str, Any]:
    """Arguments of ``create_container``, but for its host's part: what runs, as whom, and what it sees around it."""
    ca = ca_bundle(os.environ) if online else None
    return {
        "image": image,
        "entrypoint": ["python", "-m", "harness.runners.stage"],
        "command": [str(SPEC), str(OUT)],
        "working_dir": "/tmp",  # noqa: S108 - the container's own
        "labels": dict(labels),
        "user": str(who),
        "environment": variables(job.stage, os.environ, gpu, ca, online=online),
    }


def host(job: Job, *, spec: Path, code: Path, gpu: str | None, cdi: bool, cpus: int, online: bool) -> dict[str, Any]:
    """Arguments of ``create_host_config``: what of the machine it is given.

    Args:
        job: the stage and its folders.
        spec: folder of ``stage.json`` with the paths of the container.
        code: folder that holds our packages.
        gpu: the device it was leased, if it wants one.
        cdi: the engine knows devices by CDI names only.
        cpus: how many the engine has; it refuses to give more.
        online: it may reach the network.
    """
    limits = job.stage.limits
    return {
        "mounts": _mounts(job, spec, code, ca_bundle(os.environ) if online else None),
        "tmpfs": {"/tmp": f"rw,nosuid,nodev,size={limits.memory // 2},mode=1777"},  # noqa: S108
        "read_only": True,
        "network_mode": "bridge" if online else "none",
        "ipc_mode": "private",
        "userns_mode": "host",
        "privileged": False,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "pids_limit": limits.processes,
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory,
        "nano_cpus": int(1e9 * min(cpus, _cpus(job.stage))),
        "shm_size": min(_SHARED_MEMORY, limits.memory // 2),
        # One file larger than all may be is refused at once; how much there is in all, the runner looks at.
        "ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=limits.output, hard=limits.output),
        ],
        "device_requests": _device_requests(gpu, cdi=cdi),
        "log_config": _LOG,
    }


def variables(
    stage: Stage, caller: Mapping[str, str], gpu: str | None, ca: Path | None = None, *, online: bool
) -> dict[str, str]:
    """All environment variables of a stage; of the caller's only those on the list, and only for one that fetches."""
    found = {"HOME": "/tmp", **environment.fixed(stage.environment.threads, offline=not online)}  # noqa: S108
    # Base images name all GPUs, and where NVIDIA's runtime is the engine's default that would be believed.
    found["NVIDIA_VISIBLE_DEVICES"] = gpu or "void"
    if online:
        found |= {name: caller[name] for name in FETCH_VARIABLES if name in caller}
    if ca is not None:
        found |= dict.fromkeys(_CA_VARIABLES, str(_CA))
    return found


def ca_bundle(caller: Mapping[str, str]) -> Path | None:
    """The certificates that the caller's downloads are checked with."""
    named = (Path(caller[name]) for name in _CA_VARIABLES if caller.get(name))
    return next((path for path in named if path.is_file()), None)


def _mounts(job: Job, spec: Path, code: Path, ca: Path | None) -> list[Mount]:
    """Everything read-only but the output."""
    found = [_mount(CODE, code), _mount(SPEC, spec), _mount(OUT, job.out, read_only=False)]
    found += [_mount(inside, job.inputs[role]) for role, inside in sorted(inputs_inside(job).items())]
    found += [_mount(DATA, job.data)] if job.data is not None else []
    found += [_mount(_CA, ca.resolve())] if ca is not None else []
    return found


def _mount(inside: PurePosixPath | Path, outside: Path, *, read_only: bool = True) -> Mount:
    return Mount(target=str(inside), source=str(outside), type="bind", read_only=read_only)


def _cpus(stage: Stage) -> int:
    return stage.environment.threads + (_SPARE_CPUS if wants_gpu(stage) else 0)


def _device_requests(gpu: str | None, *, cdi: bool) -> list[DeviceRequest]:
    if gpu is None:
        return []
    if cdi:
        return [DeviceRequest(driver="cdi", device_ids=[f"nvidia.com/gpu={gpu}"])]
    return [DeviceRequest(device_ids=[gpu], capabilities=[["gpu"]])]
