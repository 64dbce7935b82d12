"""What an image is built from, and the lock that says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import paths
from harness.errors import SpecError
from harness.plan.stage import Phase
from harness.plan.stage_list import LOCK_OF_PHASE
from harness.runners.images import lockfile, recipe
from harness.runners.images.additions import Addition
from harness.runners.images.found import reference_of
from harness.runners.images.lockfile import Base, ImagesLock
from harness.runners.images.pins import relocked
from harness.runners.images.targets import TARGET_OF_PHASE, Target, phases_of
from harness.specs.packages import Pin

BASE = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def test_the_projects_lock_is_what_images_lock_would_write(tmp_path: Path) -> None:
    """Fails when the Dockerfile, a dependency lock or what runs in a build was changed and not locked again."""
    path = paths.images_dir() / "images.lock.yaml"

    lockfile.write_lock(relocked(lockfile.read_lock(path), plain=None, torch=None, torch_build=None), tmp_path / "lock")

    assert (tmp_path / "lock").read_text() == path.read_text(), "run: codestilts images lock"


def test_the_projects_bases_are_pinned_by_a_registrys_digest_with_its_source() -> None:
    lock = lockfile.read_lock(paths.images_dir() / "images.lock.yaml")

    assert {"registry"} == {lock.plain.kind, lock.torch.kind}
    assert lock.torch_build == "base"
    assert f"pytorch/pytorch@{lock.torch.digest}" == lock.torch.reference
    assert lock.plain.source
    assert lock.torch.source
    assert lock.images.keys() == set(Target)


def test_every_phase_runs_in_the_image_of_its_own_lock() -> None:
    assert set(Phase) == TARGET_OF_PHASE.keys()
    assert {TARGET_OF_PHASE[phase].value for phase in LOCK_OF_PHASE} == set(LOCK_OF_PHASE.values())
    assert phases_of(Target.FETCH) == (Phase.FETCH,)
    assert [Phase.FETCH] == [phase for phase in Phase if phase not in LOCK_OF_PHASE]


@pytest.mark.parametrize(
    ("target", "stages"),
    [
        ("fetch", ["plain", "install-fetch", "fetch"]),
        ("train", ["model", "install-train", "train"]),
        ("retrieve", ["model", "install-retrieve", "retrieve"]),
        ("report", ["plain", "install-report", "report"]),
        ("torch", ["install-torch", "torch"]),
        ("extra", ["install-extra", "extra"]),
        ("weights", ["weights"]),
    ],
)
def test_a_build_is_handed_only_the_stages_it_stands_on(target: str, stages: list[str]) -> None:
    text = recipe.dockerfile_for(target)

    assert re.findall(r"(?m)^FROM \S+ AS (\S+)", text) == stages
    assert text.startswith("ARG BASE\nARG TORCH_BASE=${BASE}\nFROM ")


@pytest.mark.parametrize("target", [*Target, "torch"])
def test_every_file_a_build_copies_is_sent(target: str) -> None:
    copied = re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", recipe.dockerfile_for(target))
    names = {name for line in copied for name in line.split()} - {"wheel[s]", "ca.pe[m]", "pip.con[f]"}

    assert names == set(recipe.files_for(target))
    assert all(path.is_file() for path in recipe.files_for(target).values())


def test_every_file_that_adds_packages_is_sent() -> None:
    (copied,) = re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", recipe.dockerfile_for("extra"))
    added = Addition(image="train+mine", target="extra", digest=BASE, pins=(Pin(name="a", version="1", hashes=()),))

    assert set(copied.split()) - {"wheel[s]", "ca.pe[m]", "pip.con[f]", "locks/extra.txt"} == set(
        recipe.added_files(added)
    )
    assert all(path.is_file() for path in recipe.added_files(added).values())


def test_an_image_of_a_backbones_own_changes_with_what_it_adds_and_with_what_it_stands_on() -> None:
    one, two = (Addition(image="fetch+mine", target="weights", digest=digest) for digest in (BASE, OTHER))

    assert 3 == len({recipe.added_digest(BASE, one), recipe.added_digest(BASE, two), recipe.added_digest(OTHER, one)})


@pytest.mark.parametrize(
    ("image", "reference"),
    [("train", "codestilts/train:111111111111"), ("fetch+mini_LM+code", "codestilts/fetch-mini-lm-code:111111111111")],
)
def test_an_image_has_a_name_that_repositories_may_have(image: str, reference: str) -> None:
    assert reference == reference_of(image, BASE)


def test_the_last_user_is_not_root() -> None:
    for target in Target:
        assert re.findall(r"(?m)^USER (\S+)", recipe.dockerfile_for(target))[-1] == "codestilts"


def test_a_recipe_changes_with_the_base_and_the_torch_that_is_added() -> None:
    digests = [
        recipe.recipe_digest("train", base=base, torch_build=build)
        for base in (BASE, OTHER)
        for build in ("base", "cpu")
    ]

    assert len(set(digests)) == 4
    assert digests[0] == recipe.recipe_digest("train", base=BASE)


def test_a_recipe_leaves_alone_what_other_images_are_built_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new lock of report must not cost a build of train."""
    images = tmp_path / "images"
    (images / "locks").mkdir(parents=True)
    for path in [*paths.images_dir().glob("locks/*.txt"), *paths.images_dir().glob("*.py")]:
        (images / path.relative_to(paths.images_dir())).write_bytes(path.read_bytes())
    dockerfile = (paths.images_dir() / "Dockerfile").read_text()
    (images / "Dockerfile").write_text(dockerfile)
    monkeypatch.setattr(paths, "images_dir", lambda: images)
    before = {target: recipe.recipe_digest(target, base=BASE) for target in Target}

    (images / "locks" / "report.txt").write_text("numpy==1.0\n")
    (images / "Dockerfile").write_text("# a word more\n" + dockerfile.replace("packages fetch", "packages  fetch"))

    changed = {target for target in Target if recipe.recipe_digest(target, base=BASE) != before[target]}
    assert changed == {Target.FETCH, Target.REPORT}


def test_the_key_of_a_stage_says_which_base_and_which_added_torch() -> None:
    plain, torch = Base(image="a:1", digest=BASE), Base(image="b:1", digest=OTHER)
    brought = ImagesLock(schema=1, plain=plain, torch=torch, torch_build="base")
    added = brought.model_copy(update={"torch_build": "cpu"})

    assert brought.environment(Target.TRAIN) == OTHER
    assert added.environment(Target.TRAIN) == f"{OTHER}+torch-cpu"
    assert added.environment(Target.REPORT) == BASE


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("python:3.12-slim", f"python@{BASE}"),
        ("registry.example:5000/team/base:1", f"registry.example:5000/team/base@{BASE}"),
        ("registry.example:5000/team/base", f"registry.example:5000/team/base@{BASE}"),
    ],
)
def test_a_base_is_asked_for_by_digest_never_by_its_tag(image: str, reference: str) -> None:
    assert Base(image=image, digest=BASE).reference == reference


def test_without_a_lock_a_base_must_be_named() -> None:
    with pytest.raises(SpecError, match="--base"):
        relocked(None, plain=None, torch=None, torch_build=None)


def test_one_base_serves_all_images_and_another_may_serve_those_with_torch() -> None:
    one, two = Base(image="a:1", digest=BASE), Base(image="b:1", digest=OTHER)

    lock = relocked(None, plain=one, torch=None, torch_build="cpu")
    assert (lock.plain, lock.torch) == (one, one)
    lock = relocked(lock, plain=None, torch=two, torch_build="base")
    assert (lock.plain, lock.torch, lock.torch_build) == (one, two, "base")


def test_a_lock_that_was_edited_badly_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.yaml"
    path.write_text("schema: 1\nplain:\n  image: a:1\n  digest: latest\n")

    with pytest.raises(SpecError, match=r"images\.lock\.yaml, line 4: field 'plain\.digest'"):
        lockfile.read_lock(path)
    with pytest.raises(SpecError, match="write it: codestilts images lock"):
        lockfile.read_lock(tmp_path / "none.yaml")


def test_the_lock_is_written_once_and_then_left_alone(tmp_path: Path) -> None:
    lock = relocked(None, plain=Base(image="a:1", digest=BASE), torch=None, torch_build="cpu")

    assert lockfile.write_lock(lock, tmp_path / "lock")
    assert not lockfile.write_lock(lock, tmp_path / "lock")
    assert lockfile.read_lock(tmp_path / "lock") == lock
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
