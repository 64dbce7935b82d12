"""Images of a backbone's own: locked, built on a phase's, checked, listed, pushed, pulled and removed like others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.cli import main
from harness.errors import SpecError
from harness.runners.images import engine, found, lockfile
from harness.runners.images.additions import addition
from harness.runners.images.found import Problem, look
from harness.runners.images.lockfile import ImagesLock
from harness.runners.images.pins import relocked
from harness.runners.images.targets import Target
from tests.harness.runners.images.conftest import Bench, requirement

COMMIT = "0123456789abcdef" * 2 + "01234567"
PIN = f"one==1.0 --hash=sha256:{'0' * 64}\n"
SPEC = {
    "name": "mine", "title": "Mine", "family": "text", "architecture": "bert", "layers": 2, "hidden_size": 32,
    "max_length": 48, "source": {"kind": "hub", "id": "me/mine", "revision": COMMIT},
}  # fmt: skip


def write(folder: Path, **changes: object) -> None:
    fields = SPEC | changes
    (folder / f"{fields['name']}.yaml").write_text(yaml.safe_dump(fields))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with specs of one's own and a lock of images on a base that nobody needs to have."""
    folder = tmp_path / "images" / "backbones"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text(PIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(lockfile.LOCK_VARIABLE, str(tmp_path / "lock.yaml"))
    lockfile.write_lock(
        relocked(None, plain=lockfile.Base(image="a:1", digest="sha256:" + "1" * 64), torch=None, torch_build="base"),
        tmp_path / "lock.yaml",
    )
    return folder


def locked(own: Path) -> ImagesLock:
    return lockfile.read_lock(own.parents[1] / "lock.yaml")


def test_the_lock_names_what_backbones_ask_for_and_lets_it_go_again(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(own, requirements="mine.txt")
    write(own, name="other", bake=True, source={**SPEC["source"], "files": {"config.json": "1" * 64}})  # type: ignore[dict-item]
    assert main(["images", "lock"]) == 0
    before = locked(own)
    assert {"train+mine", "retrieve+mine", "fetch+other"} == before.images.keys() - {
        "train",
        "retrieve",
        "fetch",
        "report",
    }

    (own / "mine.txt").write_text(PIN + f"two==1 --hash=sha256:{'0' * 64}\n")
    assert main(["images", "lock"]) == 0
    assert {"train+mine", "retrieve+mine"} == {
        name for name, image in locked(own).images.items() if image != before.images[name]
    }

    for path in own.glob("*.yaml"):
        path.unlink()
    assert main(["images", "lock"]) == 0
    assert set(Target) == locked(own).images.keys()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bake": True}, "left out: backbone mine: nobody has seen its files yet"),
        ({"requirements": "none.txt"}, "there is no 'none.txt' beside the spec"),
        ({"layers": "many"}, "field 'layers'"),
        ({"bake": True, "source": {**SPEC["source"], "revision": "UNPINNED"}}, "nobody has vouched"),  # type: ignore[dict-item]
    ],
)
def test_what_cannot_be_locked_is_left_out_and_said(
    own: Path, changes: dict[str, object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(own, **changes)

    assert main(["images", "lock"]) == 1

    assert message in capsys.readouterr().err
    assert "train" in locked(own).images
    assert not any("+" in name for name in locked(own).images)


def test_an_image_that_nobody_asks_for_any_more_is_a_problem_with_its_remedy(own: Path) -> None:
    write(own, bake=True, source={**SPEC["source"], "files": {"config.json": "1" * 64}})  # type: ignore[dict-item]
    assert main(["images", "lock"]) == 0
    lock = locked(own)
    write(own)

    with pytest.raises(SpecError, match="does not say 'bake: true' any more"):
        addition("fetch+mine")
    looked = look(None, lock, "fetch+mine")  # type: ignore[arg-type] # the engine is not asked
    assert isinstance(looked, Problem)
    assert "codestilts images lock" in looked.remedy


def test_an_unknown_image_is_one_sentence(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "check", "train+nobody"]) == 2

    assert "unknown image 'train+nobody'" in capsys.readouterr().err


# -- on the engine -----------------------------------------------------------------------------------------------------

TRAIN = ("datasets", "numpy", "pydantic", "safetensors", "tokenizers", "transformers")
TORCH = """
__version__ = "0"
class version:
    cuda = None
class cuda:
    get_arch_list = staticmethod(list)
"""


@pytest.fixture(scope="module")
def built(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A backbone whose packages are in an image of its own, built by the command; the working directory."""
    home = tmp_path_factory.mktemp("home")
    folder, wheels = home / "images" / "backbones", bench.wheels
    folder.mkdir(parents=True)
    write(folder, requirements="mine.txt")
    (folder / "mine.txt").write_text(requirement(wheels, "own_words", "WORD = 'own'\n"))
    lines = [requirement(wheels, name) for name in TRAIN] + [requirement(wheels, "small_torch", TORCH, module="torch")]
    (bench.folder / "locks" / "train.txt").write_text("".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv(lockfile.LOCK_VARIABLE, str(home / "lock.yaml"))
        lockfile.write_lock(relocked(None, plain=bench.lock.plain, torch=None, torch_build="base"), home / "lock.yaml")
        assert main(["images", "lock"]) == 0
        assert main(["images", "build", "train+mine", "--wheelhouse", str(wheels)]) == 0
        yield home


def image(home: Path, name: str) -> str:
    """What it is called on the engine."""
    return found.reference_of(name, lockfile.read_lock(home / "lock.yaml").images[name].recipe)


pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.docker
@pytest.mark.images
def test_packages_come_beside_the_environment_and_nothing_else_changes(bench: Bench, built: Path) -> None:
    name = image(built, "train+mine")

    ask = "import own_words, numpy; print(own_words.WORD, own_words.__file__, own_words.__cached__, numpy.__file__)"
    status, output = bench.run(name, "python", "-c", ask, user="4321:4321")

    assert status == 0, output
    word, path, cached, other = output.split()
    assert ("own", "/opt/codestilts/extra/own_words.py") == (word, path)
    assert other.startswith("/opt/codestilts/venv/")
    assert (0, "") == bench.run(name, "test", "-f", cached)
    assert bench.run(name, "id", "-u") == (0, "10001\n")
    assert bench.run(name, "python", "-m", "pip", "--version")[0] == 1
    labels = bench.client.inspect_image(name)["Config"]["Labels"]
    assert "train+mine" == labels["codestilts.image"]
    assert "convert" in labels["codestilts.phases"]
    status, output = bench.run(image(built, "train"), "python", "-c", "import own_words")
    assert status == 1, "the phase's own image stays as it is"


@pytest.mark.docker
@pytest.mark.images
def test_they_are_checked_listed_pushed_pulled_and_removed_like_others(
    bench: Bench, built: Path, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "check", "train+mine"]) == 0
    assert main(["images", "check", "retrieve+mine"]) == 1
    capsys.readouterr()
    assert main(["images", "list", "--json"]) == 0
    shelf = [entry for entry in json.loads(capsys.readouterr().out) if bench.mark in str(entry["names"])]
    assert {"train+mine": True} == {entry["target"]: entry["locked"] for entry in shelf if "+" in entry["target"]}

    assert main(["images", "push", registry, "train+mine", "--json"]) == 0
    (pushed,) = json.loads(capsys.readouterr().out)
    assert "/train-mine@sha256:" in pushed["reference"]
    assert main(["images", "lock", "--published", registry]) == 0
    assert pushed["reference"] == lockfile.read_lock(built / "lock.yaml").images["train+mine"].published
    held = bench.client.inspect_image(image(built, "train+mine"))
    for name in (*held["RepoTags"], *held["RepoDigests"]):
        if engine.inspect(bench.client, name):
            bench.client.remove_image(name)
    assert main(["images", "check", "train+mine"]) == 1
    assert main(["images", "pull", "train+mine"]) == 0
    assert main(["images", "check", "train+mine"]) == 0

    (built / "images" / "backbones" / "mine.yaml").unlink()
    assert main(["images", "lock"]) == 0
    capsys.readouterr()
    assert main(["images", "clean", "--dry-run", "--json"]) == 0
    gone = {entry["image"]["target"] for entry in json.loads(capsys.readouterr().out) if bench.mark in str(entry)}
    assert "train+mine" in gone
