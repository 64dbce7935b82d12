"""``images/in_addition.py``: what a backbone's own packages need and do not find stops the build, with names."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.wheels import wheel

IMAGES = Path(__file__).resolve().parents[1] / "images"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(IMAGES))
    return importlib.import_module("in_addition")


def unpack(folder: Path, name: str, version: str, *requires: str) -> None:
    """Put a package into the folder of additions."""
    with zipfile.ZipFile(wheel(folder.parent / "wheels", name, version, requires)) as archive:
        archive.extractall(folder)


def test_what_is_there_or_not_needed_here_lacks_nothing(script: ModuleType, tmp_path: Path) -> None:
    elsewhere = ('nowhere; sys_platform == "win32"', "nowhere; extra == 'x'")
    unpack(tmp_path / "extra", "alpha", "1.0", "numpy>=1", "beta>=2", *elsewhere)
    unpack(tmp_path / "extra", "beta", "2.1")

    assert [] == list(script.lacks(tmp_path / "extra"))


@pytest.mark.parametrize(
    ("needed", "held"),
    [("nowhere-at-all>=1", "the image has none"), ("numpy<1", "the image has "), ("beta>=3", "the image has 2.1")],
)
def test_what_is_lacking_is_named_with_what_is_there(
    script: ModuleType, tmp_path: Path, needed: str, held: str
) -> None:
    unpack(tmp_path / "extra", "alpha", "1.0", needed)
    unpack(tmp_path / "extra", "beta", "2.1")

    (lacking,) = script.lacks(tmp_path / "extra")

    assert lacking.startswith(f"alpha 1.0 needs {needed}, and {held}")
    with pytest.raises(script.InstallError, match="add it to the backbone's lock"):
        script.refuse([lacking])
