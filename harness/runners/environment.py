"""The environment variables a stage sees, whichever runner starts it."""

from __future__ import annotations

from collections.abc import Mapping

#: Two threads give other bytes than one, so libraries must not choose for themselves.
_FIXED = {
    "PYTHONHASHSEED": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTHONUNBUFFERED": "1",
    "KMP_BLOCKTIME": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONSAFEPATH": "1",  # no Python that a stage starts imports from the current folder, either
}
#: No stage but fetch may reach for a network.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
#: What of the caller's environment fetch alone may see: it alone speaks to the hub, and the token is a secret.
HUB_VARIABLES = ("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def fixed(threads: int, *, offline: bool = True) -> Mapping[str, str]:
    """What is set for every stage, for the number of compute threads it was planned with."""
    return {**_FIXED, **(_OFFLINE if offline else {}), **dict.fromkeys(_THREADS, str(threads))}


def inherited(environment: Mapping[str, str], *, offline: bool = True) -> dict[str, str]:
    """A process's own environment as a stage may see it: without the hub's address and token, but for fetch."""
    return {name: value for name, value in environment.items() if not offline or name not in HUB_VARIABLES}
