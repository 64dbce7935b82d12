"""The built wheel runs far from the checkout: its specs, templates, image specs and locks come with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASK = """
import json, sys
from pathlib import Path
import harness, leaderboard, tasks
from harness.paths import images_dir, tasks_dir
pages = Path(leaderboard.__file__).parent
print(json.dumps({
    "version": harness.__version__,
    "homes": sorted({str(Path(module.__file__).parent.parent) for module in (harness, leaderboard, tasks)}),
    "backbones": sorted(path.name for path in (images_dir() / "backbones").glob("*.yaml")),
    "locks": sorted(path.name for path in (images_dir() / "locks").glob("*.txt")),
    "specs": sorted(str(path.relative_to(tasks_dir())) for path in tasks_dir().rglob("*.yaml")),
    "pages": sorted(
        str(path.relative_to(pages))
        for name in ("templates", "static")
        for path in (pages / name).rglob("*")
        if path.is_file()
    ),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the locked backend and no network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files, as an installer lays them out."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed: Path, folder: Path, *arguments: str) -> str:
    """Run Python in a folder with nothing of ours on its path but the installed wheel."""
    # -S leaves the checkout's own .pth file out; the other packages come from where this Python has them.
    paths = [str(installed), *(path for path in sys.path if path.endswith("site-packages"))]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    settings["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-P", "-S", *arguments]
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_checkout(folder: str, pattern: str) -> list[str]:
    """Files of the checkout, relative to the folder."""
    base = ROOT / folder
    return sorted(str(path.relative_to(base)) for path in base.rglob(pattern) if path.is_file())


def test_the_wheel_holds_what_the_checkout_holds(installed: Path, tmp_path: Path) -> None:
    found = json.loads(python(installed, tmp_path, "-c", ASK))
    assert found["homes"] == [str(installed)]
    assert found["backbones"] == in_checkout("images/backbones", "*.yaml") != []
    assert found["locks"] == in_checkout("images/locks", "*.txt") != []
    assert found["specs"] == in_checkout("tasks", "*.yaml") != []
    pages = [f"{name}/{path}" for name in ("static", "templates") for path in in_checkout(f"leaderboard/{name}", "*")]
    assert found["pages"] == pages != []


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    """No tests, caches, environments or data; one version, the package's own."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    info = next(name for name in tops if name.endswith(".dist-info"))
    assert tops == {"harness", "leaderboard", "tasks", info}
    assert [name for name in names if "__pycache__" in name or "/." in name] == []


def test_the_installed_command_answers_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['codestilts', '--help']; from harness.cli import main; sys.exit(main())"
    assert "doctor" in python(installed, tmp_path, "-c", code)
    assert list(tmp_path.iterdir()) == [], "asking for help leaves nothing behind"
