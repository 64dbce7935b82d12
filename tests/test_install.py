"""``make install``: which build of torch comes, what is left after a failure, and when nothing is done.

Three tests drive the real pip against a package index of their own; the others replace pip, to be quick.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.wheels import copy_scripts, index, pin, wheel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="builds of torch differ on Linux only")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The installer with locks and an index of its own: torch 1.0 as a CUDA build there, as a CPU build elsewhere."""
    checkout = tmp_path / "check out"  # a space, which a plain first line of a script could not name
    copy_scripts(checkout / "images", monkeypatch)
    modules = {name: importlib.import_module(name) for name in ("install", "torch_build", "quiet_pip")}
    wheels = tmp_path / "wheels"
    cuda_torch = wheel(wheels, "torch", "1.0", requires=('nvidia-thing==2; platform_system == "Linux"', "alpha"))
    cpu_torch = wheel(tmp_path / "links", "torch", "1.0+cpu", requires=("alpha",))
    alpha, nvidia, beta = (wheel(wheels, *it) for it in (("alpha", "3.1"), ("nvidia_thing", "2"), ("beta", "4")))
    locks = checkout / "images" / "locks"
    locks.mkdir()
    (locks / "local.txt").write_text(pin(alpha) + pin(cuda_torch, cpu_torch), encoding="utf-8")
    (locks / "torch-cuda.txt").write_text(pin(nvidia), encoding="utf-8")
    (locks / "dev.txt").write_text(pin(beta), encoding="utf-8")
    for variable in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", index(tmp_path / "index", cuda_torch, alpha, nvidia, beta))
    monkeypatch.setattr(modules["torch_build"], "has_nvidia_gpu", lambda: False)
    return SimpleNamespace(
        **modules, checkout=checkout, locks=locks, venv=tmp_path / "venv", tmp=tmp_path,
        links=cpu_torch.parent, cpu_index=index(tmp_path / "cpu-index", cpu_torch),
    )  # fmt: skip


@pytest.fixture
def real_pip(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The world, with true environments that borrow this one's pip: giving them their own takes seconds."""
    pip = importlib.util.find_spec("pip")
    assert pip, "make install-dev makes environments with pip"

    def create(venv: Path, python: str) -> None:
        subprocess.run([python, "-m", "venv", "--without-pip", str(venv)], check=True)
        (world.quiet_pip.site_packages(venv) / "pip").symlink_to(Path(str(pip.origin)).parent)

    monkeypatch.setattr(world.install, "create", create)
    return world


@pytest.fixture
def fake_pip(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The world, with a pip that writes the metadata of what it is told to install; ``cpu_offered`` is its index."""
    world.cpu_offered = False
    world.calls, world.arguments = [], []

    def create(venv: Path, python: str) -> None:
        (venv / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
        (venv / "bin").mkdir()
        (venv / "bin" / "python").touch()
        (venv / "pyvenv.cfg").touch()

    def run_pip(venv: Path, arguments: Sequence[str], *, label: str, total: int = 0) -> None:
        world.calls.append(label)
        world.arguments.append(list(arguments))
        (venv / "install.log").touch()
        text = Path(arguments[-1]).read_text(encoding="utf-8") if arguments[-1].endswith(".txt") else ""
        for name, version in re.findall(r"(?m)^([a-z-]+)={2,3}(\S+)", text):
            if version.endswith("+cpu") and not world.cpu_offered:
                raise world.quiet_pip.NotOfferedError("not offered")
            folder = world.quiet_pip.site_packages(venv) / f"{name}-{version}.dist-info"
            if list(folder.parent.glob(f"{name}-*.dist-info")):
                continue
            folder.mkdir()
            needs = "Requires-Dist: nvidia-thing\n" if (name, version) == ("torch", "1.0") else ""
            (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n{needs}", encoding="utf-8")

    monkeypatch.setattr(world.install, "create", create)
    monkeypatch.setattr(world.install, "run_pip", run_pip)
    monkeypatch.setattr(world.quiet_pip, "run_pip", run_pip)
    return world


def run(world: SimpleNamespace, *arguments: str) -> int:
    return world.install.main(["--venv", str(world.venv), *arguments])


def installed(world: SimpleNamespace) -> set[str]:
    return {
        path.name.removesuffix(".dist-info") for path in world.quiet_pip.site_packages(world.venv).glob("*.dist-info")
    }


def test_the_index_build_brings_its_cuda_packages(
    real_pip: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(real_pip) == 0
    assert installed(real_pip) == {"alpha-3.1", "nvidia_thing-2", "torch-1.0"}
    said = capsys.readouterr().err
    assert "TORCH=cpu TORCH_INDEX" in said, "a machine without a GPU is told of the smaller build"
    assert "Processing" not in said, "pip's noise goes to the log"
    assert "Processing " in (real_pip.venv / "install.log").read_text(encoding="utf-8")


def test_without_a_gpu_a_cpu_build_in_find_links_is_taken(
    real_pip: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the index offers the CUDA build of the same version, which pip by itself would prefer."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(real_pip.links))
    assert run(real_pip) == 0
    assert installed(real_pip) == {"alpha-3.1", "torch-1.0+cpu"}


def test_a_file_that_is_not_the_locked_one_is_refused(
    real_pip: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = real_pip.locks / "local.txt"
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock.read_text(encoding="utf-8"))
    lock.write_text(text, encoding="utf-8")
    assert run(real_pip, "--torch-index", real_pip.cpu_index) == 1
    assert "a file that is not the locked one" in capsys.readouterr().err
    assert [path.name for path in real_pip.venv.iterdir()] == ["install.log"]


def test_with_a_gpu_the_cuda_build_is_taken_though_a_cpu_build_is_at_hand(
    fake_pip: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pip.cpu_offered = True
    monkeypatch.setattr(fake_pip.torch_build, "has_nvidia_gpu", lambda: True)
    assert run(fake_pip) == 0
    assert installed(fake_pip) == {"alpha-3.1", "nvidia-thing-2", "torch-1.0"}


def test_the_cpu_build_comes_from_the_index_named_for_it(fake_pip: SimpleNamespace) -> None:
    fake_pip.cpu_offered = True
    assert run(fake_pip, "--torch-index", fake_pip.cpu_index) == 0
    assert installed(fake_pip) == {"alpha-3.1", "torch-1.0+cpu"}
    assert [call for call in fake_pip.arguments if "--index-url" in call] == [fake_pip.arguments[0]]
    assert fake_pip.cpu_index in fake_pip.arguments[0]


def test_no_cpu_build_found_is_one_sentence_and_nothing_half_installed(
    fake_pip: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fake_pip, "--torch", "cpu") == 1
    assert [path.name for path in fake_pip.venv.iterdir()] == ["install.log"]
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("install: pip found no CPU build of torch")
    assert last.endswith("make install TORCH=cpu TORCH_INDEX=URL.")
    assert run(fake_pip) == 0, "and what is left does not stand in the way"


def test_a_second_call_does_nothing_and_dev_only_adds(
    fake_pip: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fake_pip) == 0
    capsys.readouterr()
    fake_pip.calls.clear()
    assert run(fake_pip) == 0
    assert fake_pip.calls == []
    assert capsys.readouterr().err == ""
    assert run(fake_pip, "--dev") == 0
    assert fake_pip.calls == ["development packages"]
    assert run(fake_pip) == 0
    assert run(fake_pip, "--dev") == 0
    assert fake_pip.calls == ["development packages"]
    assert "beta-4" in installed(fake_pip)


@pytest.mark.parametrize("change", ["lock", "half made", "moved checkout", "other build", "python gone"])
def test_an_environment_that_does_not_fit_is_made_anew(fake_pip: SimpleNamespace, change: str) -> None:
    assert run(fake_pip) == 0
    (fake_pip.venv / "marker").touch()
    stamp = fake_pip.venv / "codestilts.json"
    match change:
        case "lock":
            with (fake_pip.locks / "local.txt").open("a", encoding="utf-8") as lock:
                lock.write("# one more line\n")
        case "half made":
            stamp.unlink()
        case "moved checkout":
            moved = json.loads(stamp.read_text(encoding="utf-8")) | {"checkout": "/elsewhere"}
            stamp.write_text(json.dumps(moved), encoding="utf-8")
        case "python gone":
            (fake_pip.venv / "bin" / "python").unlink()
    fake_pip.cpu_offered = True
    assert run(fake_pip, "--torch", "cpu" if change == "other build" else "auto") == 0
    assert not (fake_pip.venv / "marker").exists()
    assert "torch-1.0+cpu" in installed(fake_pip)


def test_a_folder_that_is_no_environment_is_left_alone(
    fake_pip: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_pip.venv.mkdir()
    (fake_pip.venv / "thesis.tex").touch()
    assert run(fake_pip) == 1
    assert (fake_pip.venv / "thesis.tex").exists()
    assert "is no virtual environment; move it away" in capsys.readouterr().err


def test_the_command_runs_the_checkout_from_anywhere(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    checkout = world.checkout
    (checkout / "harness").mkdir()
    (checkout / "harness" / "cli.py").write_text("import sys\ndef main():\n    print(sys.argv)\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout / ".venv")], check=True)
    world.install.link_checkout(checkout / ".venv")
    command = [str(checkout / ".venv" / "bin" / "codestilts"), "run", "a b"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=True)
    assert done.stdout == "['codestilts', 'run', 'a b']\n"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("3 10 cpython", "is Python 3.10 (cpython)"),
        ("3 15 cpython", "is Python 3.15 (cpython)"),
        ("3 12 pypy", "is Python 3.12 (pypy)"),
        ("hello", "is no Python"),
    ],
)
def test_an_unsuitable_python_is_named(world: SimpleNamespace, answer: str, sentence: str) -> None:
    python = world.tmp / "python"
    python.write_text(f"#!/bin/sh\necho {answer}\n", encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(world.quiet_pip.InstallError) as caught:
        world.install.check_python(str(python))
    assert sentence in str(caught.value)


def test_contradicting_wishes_are_refused(world: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(world, "--torch", "cuda", "--torch-index", "file:///nowhere") == 1
    assert "leave it out with TORCH=cuda" in capsys.readouterr().err


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    fake_pip: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000_000))
    assert run(fake_pip) == 1
    assert "3 GB are needed" in capsys.readouterr().err
    assert fake_pip.calls == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["ERROR: [Errno 28] No space left on device\n"], "the disk is full"),
        (["WARNING: Retrying (Retry(total=0)) after Max retries exceeded\n"], "the package index cannot be reached"),
        (["ERROR: something new\n", "more\n"], "pip failed: ERROR: something new"),
        ([], "pip failed: "),
    ],
)
def test_pips_last_words_become_one_sentence(world: SimpleNamespace, said: list[str], expected: str) -> None:
    sentence = world.quiet_pip.explain(said, Path("install.log"))
    assert sentence.startswith(expected)
    assert "install.log" in sentence
    assert "\n" not in sentence
