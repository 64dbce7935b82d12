"""The hash locks fit each other, the .in files and pyproject.toml; and what writes them refuses what must not be."""

from __future__ import annotations

import hashlib
import importlib
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.specs.packages import pins_of

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "images" / "locks"
PHASES = ("fetch", "train", "retrieve", "report")
NAMES = (*PHASES, "local", "dev", "torch", "torch-cuda")


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "images"))
    return importlib.import_module("lock")


def pins(name: str) -> dict[str, str]:
    """Names and versions of a lock."""
    locked = [(pin.name, pin.version) for pin in pins_of((LOCKS / f"{name}.txt").read_text(encoding="utf-8"))]
    assert len(dict(locked)) == len(locked), f"a package stands twice in {name}.txt"
    return dict(locked)


def asked_for(name: str) -> list[Requirement]:
    """What an .in file and those it includes ask for."""
    requirements = []
    for line in (LOCKS / f"{name}.in").read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            requirements += asked_for(line.removeprefix("-r ").removesuffix(".in"))
        elif line and not line.startswith("#"):
            requirements.append(Requirement(line))
    return requirements


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_has_hashes_and_no_address(name: str) -> None:
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    blocks = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    assert len(blocks) == len(pins(name)) > 0
    assert [block.splitlines()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []


def test_all_locks_hold_the_same_versions() -> None:
    seen: dict[str, set[str]] = {}
    for name in NAMES:
        for package, version in pins(name).items():
            seen.setdefault(package, set()).add(version)
    assert {package: versions for package, versions in seen.items() if len(versions) > 1} == {}


def test_the_local_lock_serves_every_phase_and_dev_only_adds_to_it() -> None:
    for phase in PHASES:
        assert set() == pins(phase).keys() - pins("local").keys()
    assert set() == pins("dev").keys() & pins("local").keys()


def test_the_report_lock_is_without_torch() -> None:
    assert set() == pins("report").keys() & {"torch", "transformers", "datasets", "sentence-transformers", "faiss-cpu"}


def test_the_fetch_lock_has_the_hubs_clients_and_no_torch() -> None:
    assert {"huggingface-hub", "datasets"} < pins("fetch").keys()
    assert set() == pins("fetch").keys() & {"torch", "transformers", "sentence-transformers", "faiss-cpu"}


def test_torch_alone_is_what_the_train_lock_says() -> None:
    block = re.search(r"(?m)^torch==[^\n]*\n(?: [^\n]*\n)*", (LOCKS / "train.txt").read_text(encoding="utf-8"))
    assert block
    assert (LOCKS / "torch.txt").read_text(encoding="utf-8").partition("\n")[2] == block[0]


def test_cuda_packages_stand_in_their_own_lock_alone() -> None:
    cuda = {name for name in NAMES for package in pins(name) if package.startswith(("nvidia-", "cuda-", "triton"))}
    assert cuda == {"torch-cuda"}
    assert {"triton", "cuda-toolkit"} < pins("torch-cuda").keys()


@pytest.mark.parametrize("name", [*PHASES, "local", "dev"])
def test_the_locks_are_as_the_in_files_ask(name: str) -> None:
    """Fails when an .in file was changed and images/lock.py not run."""
    locked = pins(name) | (pins("local") if name == "dev" else {})
    assert asked_for(name)
    for requirement in asked_for(name):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is asked for in {name}.in and not locked"
        assert requirement.specifier.contains(version), f"{requirement} is asked for, {version} is locked"


def test_the_ranges_of_the_wheel_admit_what_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    locked = pins("local") | pins("dev")
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        name = canonicalize_name(requirement.name)
        if name in locked:
            assert requirement.specifier.contains(locked[name]), f"{requirement}: {locked[name]} is locked"
    assert set() == {canonicalize_name(Requirement(line).name) for line in project["dependencies"]} - locked.keys()


def test_the_build_backend_is_the_locked_one() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert build["requires"] == [f"hatchling=={pins('dev')['hatchling']}"]


def test_torch_is_accepted_in_its_cpu_builds_too(lock: ModuleType) -> None:
    hashes = lock.read_cpu_hashes(LOCKS / "torch-cpu.sha256")
    wheels = [lock.CPU_WHEEL.fullmatch(name) for name in hashes]
    assert {pins("train")["torch"]} == {wheel["version"] for wheel in wheels}
    assert {"11", "12", "13", "14"} == {wheel["minor"] for wheel in wheels}
    for name in ("train", "retrieve", "local"):
        text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
        torch = re.search(r"(?m)^torch==[^\n]*\n(?: +--hash[^\n]*\n)+", text)
        assert torch
        assert set() == set(hashes.values()) - set(re.findall(r"sha256:(\w+)", torch[0]))


def test_a_lock_is_read_as_it_was_written(lock: ModuleType) -> None:
    text = (LOCKS / "train.txt").read_text(encoding="utf-8")
    assert text.partition("\n")[2] == "".join(pin.render() for pin in lock.read_pins(text))


def test_a_lock_by_hand_is_read_in_one_line_or_several(lock: ModuleType) -> None:
    text = f"# by hand\nOne_Two[extra]==1.0 --hash=sha256:{'1' * 64}\n"
    text += f"six==2 ; os_name == 'nt' \\\n    --hash=sha256:{'2' * 64}\n"

    assert [("One_Two", "1.0", "", ("1" * 64,)), ("six", "2", "os_name == 'nt'", ("2" * 64,))] == [
        pin[:4] for pin in lock.read_pins(text)
    ]
    with pytest.raises(lock.InstallError, match="cannot read this line of a lock: numpy>=2"):
        lock.read_pins("numpy>=2 \\\n    --hash=sha256:00\n")


def test_a_cuda_package_that_something_else_needs_is_not_set_apart(lock: ModuleType) -> None:
    def pin(name: str, via: str) -> object:
        return lock.Pin(name=name, version="1", marker="", hashes=("0" * 64,), via=(via,))

    fine = [pin("nvidia-cublas", "torch"), pin("cuda-toolkit", "torch"), pin("nvidia-x", "cuda-toolkit")]
    assert lock.cuda_pins([*fine, pin("numpy", "faiss-cpu")]) == fine
    with pytest.raises(lock.LockError, match="nvidia-ml-py is needed by transformers"):
        lock.cuda_pins([pin("nvidia-ml-py", "transformers")])


def test_cpu_builds_are_read_from_pytorchs_index(lock: ModuleType) -> None:
    wheels = {
        "torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl": "1" * 64,
        "torch-2.13.0%2Bcpu-cp310-cp310-manylinux_2_28_x86_64.whl": "2" * 64,
        "torch-2.13.0%2Bcpu-cp311-cp311-win_amd64.whl": "3" * 64,
        "torch-2.12.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl": "4" * 64,
    }
    page = "".join(f'<a href="/whl/cpu/{name}#sha256={digest}">{name}</a>\n' for name, digest in wheels.items())
    found = lock.cpu_hashes_of_page(page, "2.13.0")
    assert found == {"torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": "1" * 64}


def test_a_wheel_in_find_links_must_be_the_known_one(
    lock: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "torch-9.9+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
    wheel.write_bytes(b"wheel")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert lock.check_local_wheels({}, "9.9") == {wheel.name: hashlib.sha256(b"wheel").hexdigest()}
    with pytest.raises(lock.LockError, match="another SHA-256"):
        lock.check_local_wheels({wheel.name: "0" * 64}, "9.9")
