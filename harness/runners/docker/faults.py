"""What the errors of a Docker engine mean for a stage. The one module of the runner that knows the SDK's exceptions."""

from __future__ import annotations

import requests
import urllib3
from docker.errors import APIError, DockerException

from harness.errors import FailureClass

#: What a call to an engine may raise; while a stream is read, connections can also break below the SDK.
ENGINE_ERRORS = (DockerException, requests.exceptions.RequestException, urllib3.exceptions.HTTPError)

_START = "start the Docker engine ('codestilts doctor' says what it finds), then run again"
_NVIDIA = "check the driver and the NVIDIA container toolkit on the host (nvidia-smi), then run again"
_BUILD = "'codestilts images build' makes it anew"
_SIGNS = (  # words of engines and container runtimes, what they mean, and what to do
    (
        ("could not select device driver", "nvidia-container-cli", "unresolvable cdi devices", "nvml"),
        FailureClass.GPU_LOST, "the engine could not give the stage its GPU", _NVIDIA,
    ),
    (
        ("no space left on device",),
        FailureClass.DISK_FULL, "the disk of the Docker engine is full",
        "free space there ('docker system df'), then run again",
    ),
    (
        ("executable file not found", "exec format error", "no such image"),
        FailureClass.IMAGE, "the stage's image is missing, or cannot run a stage", _BUILD,
    ),
    (
        ("no such container", "is not running", "marked for removal", "removal of container"),
        FailureClass.KILLED, "the stage's container was removed by somebody else", "run again",
    ),
)  # fmt: skip


def is_gone(error: BaseException) -> bool:
    """Whether the engine did not answer at all, rather than say no."""
    return not isinstance(error, APIError)


def judge(error: BaseException) -> tuple[FailureClass, str]:
    """What an error of the engine means for the stage it was to run: its class, and a sentence with the remedy."""
    text = short(error)
    if is_gone(error):
        return FailureClass.ENGINE_GONE, f"the Docker engine does not answer ({text}); {_START}."
    low = text.lower()
    for signs, kind, meaning, remedy in _SIGNS:
        if any(sign in low for sign in signs):
            return kind, f"{meaning} ({text}); {remedy}."
    return FailureClass.ENGINE_REFUSED, f"the Docker engine refused to run the stage ({text}); its own log says more."


def short(error: BaseException) -> str:
    """An error's own words, in one line."""
    text = str(getattr(error, "explanation", None) or error) or type(error).__name__
    return " ".join(text.split())[:300]
