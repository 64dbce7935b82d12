"""What the Dockerfile runs while an image is built. Standard library only, with the base image's own Python.

    in_image.py torch             put torch into a folder of its own: for a base that brings none
    in_image.py link-torch        let the base's Python import it from there
    in_image.py packages LOCK     make the environment: every package of a lock, torch left to the base
    in_image.py extra             put the packages of extra.txt beside the environment
    in_image.py close             a user without rights; no compilers

Wheels lying beside this file are all that is installed from; without any, the package index is asked, as a pip.conf
here says. Every file is checked against the locks' hashes. TORCH_BUILD is ``cpu``, ``cuda`` or ``any``, TORCH_INDEX the
address of PyTorch's CPU wheel index.
"""

# ruff: noqa: INP001 - run as a script

from __future__ import annotations

import compileall
import json
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata, util
from pathlib import Path

BUILD = Path(__file__).resolve().parent
HOME = Path("/opt/codestilts")
TORCH = HOME / "torch"
VENV = HOME / "venv"
EXTRA = HOME / "extra"
ABOUT = "about.json"
USER, UID = "codestilts", 10001
#: What each image must be able to import; a lock that lacks one of these is found out here, not in the first stage.
IMPORTS = {
    "fetch": ("datasets", "huggingface_hub", "numpy", "pydantic", "yaml"),
    "train": ("datasets", "numpy", "pydantic", "safetensors", "tokenizers", "torch", "transformers"),
    "retrieve": ("faiss", "numpy", "pydantic", "safetensors", "sentence_transformers", "torch", "transformers"),
    "report": ("jinja2", "numpy", "pydantic", "scipy"),
}
COMPILER = re.compile(
    r"(?:[a-z0-9_]+-linux-gnu-)?(?:gcc|g\+\+|cc|c\+\+|c89|c99|cpp|clang|clang\+\+|as|ld|ld\.\w+|nvcc|cicc|make|cmake)"
    r"(?:-\d+(?:\.\d+)?)?"
)
TESTS = re.compile(r"/tests?/")
COMPILER_PARTS = ("cc1", "cc1plus", "collect2", "lto1")


def main(arguments: list[str]) -> int:
    """Run one step of the build; a fault is one sentence and exit code 1."""
    from quiet_pip import InstallError

    try:
        match arguments:
            case ["torch"]:
                install_torch_alone()
            case ["packages", target]:
                install_packages(target)
            case ["extra"]:
                install_extra()
            case _:
                sys.stderr.write(f"usage: {__doc__}")
                return 2
    except InstallError as error:
        sys.stderr.write(f"in_image: {error}\n")
        return 1
    return 0


def use_what_lies_here() -> None:
    """Tell pip where packages come from, and which certificates to trust."""
    os.environ["PIP_NO_CACHE_DIR"] = "1"
    if any(BUILD.glob("*.whl")):
        os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(BUILD))
    if (BUILD / "ca.pem").is_file():
        os.environ["PIP_CERT"] = str(BUILD / "ca.pem")
    if (BUILD / "pip.conf").is_file():
        os.environ["PIP_CONFIG_FILE"] = str(BUILD / "pip.conf")


def make_environment(folder: Path, *, see_base: bool) -> None:
    """Make a virtual environment with pip; the base's own pip serves where its Python brings none to put there."""
    wheel = pip_wheel()
    options = ["--system-site-packages"] if see_base or wheel is None else []
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", *options, str(folder)], check=True)
    if wheel is not None:
        put_pip(wheel, folder)


def pip_wheel() -> Path | None:
    """The pip that Python brings to put into environments; Debian keeps it in a folder of its own."""
    ensurepip = util.find_spec("ensurepip")
    folders = [Path(ensurepip.origin).parent / "_bundled"] if ensurepip and ensurepip.origin else []
    folders += [Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels")]
    return next((path for folder in folders for path in sorted(folder.glob("pip-*.whl"))), None)


def put_pip(wheel: Path, folder: Path) -> None:
    """Unpack pip into an environment: a hundred times faster than ensurepip, which installs it and compiles it all."""
    from quiet_pip import site_packages

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages(folder))


def install_torch_alone() -> None:
    """Leave torch in ``TORCH``, a folder that ``link_torch`` puts on the base's path."""
    from quiet_pip import pip_install, site_packages
    from torch_build import install_build, installed_build

    use_what_lies_here()
    scratch = Path("/tmp/torch")  # noqa: S108 - the build's own file system
    make_environment(scratch, see_base=False)
    build, index = os.environ.get("TORCH_BUILD", "any"), os.environ.get("TORCH_INDEX", "")
    install_build(scratch, (BUILD / "torch.txt").read_text(encoding="utf-8"), build, index)
    if installed_build(scratch) == "cuda":
        pip_install(scratch, ["-r", str(BUILD / "torch-cuda.txt")], label="torch's CUDA packages", total=0)
    remove_pip(site_packages(scratch))
    HOME.mkdir(parents=True, exist_ok=True)
    shutil.move(site_packages(scratch), TORCH)
    compile_all(TORCH)


def link_torch() -> None:
    """Put ``TORCH`` on the path of the base's Python."""
    folder = Path(sysconfig.get_path("purelib"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "codestilts-torch.pth").write_text(f"{TORCH}\n", encoding="utf-8")


def install_packages(target: str) -> None:
    """Make the environment of one image, and say in ``about.json`` what is in it.

    Raises:
        InstallError: the base brings no torch, or another one than the lock's.
    """
    from quiet_pip import LOG, InstallError, pip_install, read_pins, site_packages
    from torch_build import without_torch

    use_what_lies_here()
    lock = (BUILD / f"{target}.txt").read_text(encoding="utf-8")
    packages = {pin.name: pin.version for pin in read_pins(lock)}
    torch = packages.pop("torch", None)
    if torch:
        found = torch_of_base()
        if found.partition("+")[0] != torch:
            raise InstallError(
                f"the base image brings {f'torch {found}' if found else 'no torch'}, and the lock says {torch}; "
                "lock a base that brings it, or have it added: codestilts images lock --torch cpu."
            )
    make_environment(VENV, see_base=torch is not None)
    request = BUILD / "packages.txt"
    request.write_text(without_torch(lock), encoding="utf-8")
    # What the base happens to have in the locked version is installed none the less: from the file with the hash.
    pip_install(VENV, ["--ignore-installed", "-r", str(request)], label=f"packages of {target}", total=len(packages))
    if target != "fetch":  # which downloads with pip
        remove_pip(site_packages(VENV))
    (VENV / LOG).unlink()
    (site_packages(VENV) / "codestilts-extra.pth").write_text(f"{EXTRA}\n", encoding="utf-8")
    compile_all(site_packages(VENV))
    (VENV / ABOUT).write_text(json.dumps(about(target), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def install_extra() -> None:
    """Leave the packages of ``extra.txt`` in ``EXTRA``, where the environment that is there already looks for them."""
    from quiet_pip import LOG, pip_install

    use_what_lies_here()
    wheel = pip_wheel()
    if wheel is not None:
        put_pip(wheel, VENV)
    pip_install(VENV, ["--target", str(EXTRA), "-r", str(BUILD / "extra.txt")], label="more packages", total=0)
    (VENV / LOG).unlink()
    compile_all(EXTRA)


def torch_of_base() -> str:
    """Version of the torch that the base's Python finds; empty where it finds none."""
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return ""


def about(target: str) -> dict[str, object]:
    """Import everything the image is for, and say what was found.

    Raises:
        InstallError: something cannot be imported.
    """
    from quiet_pip import InstallError

    ask = f"import {', '.join(IMPORTS[target])}\n"
    if "torch" in IMPORTS[target]:
        ask += "print(torch.__version__, torch.version.cuda or '', *torch.cuda.get_arch_list(), sep='\\n')\n"
    done = subprocess.run(
        [str(VENV / "bin" / "python"), "-c", ask],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word why"])[-1]
        raise InstallError(f"the image of {target} cannot import what it is for ({said[:400]}).")
    found: dict[str, object] = {"target": target, "python": platform.python_version()}
    if done.stdout:
        torch, cuda, *architectures = done.stdout.splitlines()
        found |= {"torch": torch, "cuda": cuda, "architectures": [name for name in architectures if name]}
    return found


def remove_pip(folder: Path) -> None:
    """Nothing is installed in a finished image."""
    for path in [*folder.glob("pip"), *folder.glob("pip-*.dist-info")]:
        shutil.rmtree(path)


def compile_all(folder: Path) -> None:
    """Byte code beside every module but tests: containers start on a file system that takes none."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH  # nothing in an image changes any more
    compileall.compile_dir(folder, quiet=2, workers=0, rx=TESTS, force=True, invalidation_mode=unchecked)


def close() -> None:
    """Add the user that containers run as where nobody names another, and take compilers away."""
    passwd, group = Path("/etc/passwd"), Path("/etc/group")
    if f"{USER}:" not in passwd.read_text(encoding="utf-8"):
        with passwd.open("a", encoding="utf-8") as file:
            file.write(f"{USER}:x:{UID}:{UID}::/tmp:/usr/sbin/nologin\n")
        with group.open("a", encoding="utf-8") as file:
            file.write(f"{USER}:x:{UID}:\n")
    for path in compilers():
        path.unlink()


def compilers() -> list[Path]:
    """Compilers, assemblers and linkers of the base."""
    folders = [Path(name) for name in ("/usr/bin", "/usr/local/bin", "/usr/local/cuda/bin", "/opt/conda/bin")]
    found = [
        path for folder in folders if folder.is_dir() for path in folder.iterdir() if COMPILER.fullmatch(path.name)
    ]
    for folder in (Path("/usr/lib/gcc"), Path("/usr/libexec/gcc")):
        found += [path for path in folder.rglob("*") if path.name in COMPILER_PARTS]
    return sorted(found)


if __name__ == "__main__":
    # The two steps below run in stages that are shipped, where only this file lies.
    if sys.argv[1:] == ["close"]:
        close()
    elif sys.argv[1:] == ["link-torch"]:
        link_torch()
    else:
        sys.exit(main(sys.argv[1:]))
