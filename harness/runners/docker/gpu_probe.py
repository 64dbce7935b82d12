"""What GPUs look like from inside the image: asked in a container of its own, judged without one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from docker import APIClient
from docker.types import DeviceRequest

from harness.runners.docker import labels
from harness.runners.preflight import Problem

#: The first driver branch that runs each CUDA generation, minor versions included: NVIDIA's "CUDA Compatibility" guide.
FIRST_DRIVER = {11: 450, 12: 525, 13: 580}
_FIRST_BF16 = (8, 0)  # compute capability of Ampere
_SECONDS = 120.0  # for importing torch and starting CUDA on a cold host
_SCRIPT = """
import json, pathlib, torch
devices = []
for number in range(torch.cuda.device_count()):
    found = torch.cuda.get_device_properties(number)
    uuid = str(getattr(found, "uuid", ""))
    devices.append({"name": found.name, "capability": [found.major, found.minor], "uuid": uuid})
driver = pathlib.Path("/proc/driver/nvidia/version")
print(json.dumps({
    "cuda": torch.version.cuda, "available": torch.cuda.is_available(), "arch": torch.cuda.get_arch_list(),
    "devices": devices, "driver": driver.read_text() if driver.exists() else "",
}))
"""


def ask(client: APIClient, image: str, *, cdi: bool) -> Mapping[str, Any]:
    """Start a container with all GPUs and let torch say what it sees.

    Raises:
        ENGINE_ERRORS: the engine cannot give GPUs.
        ValueError: what came back is no answer; the message is what the container said.
    """
    request = (
        DeviceRequest(driver="cdi", device_ids=["nvidia.com/gpu=all"])
        if cdi
        else DeviceRequest(count=-1, capabilities=[["gpu"]])
    )
    host = client.create_host_config(
        device_requests=[request], network_mode="none", read_only=True, cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"], tmpfs={"/tmp": "rw,size=256m"},  # noqa: S108 - the container's own
    )  # fmt: skip
    marks = labels.of_container(store="", run="", stage="preflight", name="preflight")
    made = client.create_container(
        image=image, entrypoint=["python", "-c", _SCRIPT], command=[], labels=dict(marks), host_config=host,
        user="65534:65534", environment={"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "HOME": "/tmp"},  # noqa: S108
    )  # fmt: skip
    try:
        client.start(made["Id"])
        client.wait(made["Id"], timeout=_SECONDS)
        said = client.logs(made["Id"], stdout=True, stderr=False).decode("utf-8", "replace").strip()
        errors = client.logs(made["Id"], stdout=False, stderr=True).decode("utf-8", "replace").strip()
    finally:
        client.remove_container(made["Id"], force=True, v=True)
    try:
        answer: Mapping[str, Any] = json.loads(said.rpartition("\n")[2])
    except ValueError:
        raise ValueError(" ".join((errors or said).split())[-300:] or "it said nothing") from None
    return answer


def ids(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """What the engine calls the GPUs that were seen, in the bus's order: their own ids, else their numbers."""
    return tuple(
        f"GPU-{device['uuid'].removeprefix('GPU-')}" if device.get("uuid") else str(number)
        for number, device in enumerate(answer["devices"])
    )


def judge(answer: Mapping[str, Any], *, bf16: bool = False) -> list[Problem]:
    """What is wrong with the GPUs, as torch in the image sees them; ``bf16``: some stage computes in bfloat16."""
    if not answer.get("cuda"):
        remedy = "build the images on a base with CUDA ('codestilts images build'), or use --device cpu"
        return [Problem(what="torch in the image is a CPU build", remedy=remedy)]
    driver = _driver(str(answer.get("driver", "")))
    found = _old_driver(str(answer["cuda"]), driver)
    if not answer.get("available") or not answer["devices"]:
        shown = f" (driver {driver})" if driver else ""
        remedy = "check nvidia-smi on the host and in a container, or use --device cpu"
        return found or [Problem(what=f"torch in the image sees no usable GPU{shown}", remedy=remedy)]
    for device in answer["devices"]:
        if not covers(answer["arch"], tuple(device["capability"])):
            kind = ".".join(map(str, device["capability"]))
            what = f"torch in the image has no code for {device['name']} (compute capability {kind})"
            known = ", ".join(answer["arch"])
            found.append(Problem(what=f"{what}; it has {known}", remedy="take an image made for it, or leave it out"))
        if bf16 and tuple(device["capability"]) < _FIRST_BF16:
            what = f"{device['name']} does not compute in bfloat16"
            remedy = "use an Ampere GPU or a later one, or say 'precision: fp32' in the suite"
            found.append(Problem(what=what, remedy=remedy))
    return list(dict.fromkeys(found))


def covers(architectures: Sequence[str], capability: tuple[int, ...]) -> bool:
    """Whether code for these architectures runs on a GPU: machine code within its generation, PTX on any later one."""
    for name in architectures:
        found = re.fullmatch(r"(sm|compute)_(\d+)(\d)[af]?", name)
        if not found:
            continue
        code = (int(found[2]), int(found[3]))
        same_generation = found[1] == "compute" or code[0] == capability[0]
        if same_generation and code <= capability:
            return True
    return False


def _driver(text: str) -> str:
    """The version in the kernel module's own words."""
    found = re.search(r"(?:Kernel Module|Module for \S+)\s+(\d+\.\d+(?:\.\d+)?)", text)
    return found[1] if found else ""


def _old_driver(cuda: str, driver: str) -> list[Problem]:
    wanted = FIRST_DRIVER.get(int(cuda.partition(".")[0]))
    branch = driver.partition(".")[0]
    if wanted is None or not branch.isdigit() or int(branch) >= wanted:
        return []
    what = f"the host's driver {driver} is too old for CUDA {cuda} in the image"
    return [Problem(what=what, remedy=f"install driver {wanted} or later")]
