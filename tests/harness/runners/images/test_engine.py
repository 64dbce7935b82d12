"""Images on a real engine: built without network, held against the lock, pushed, pulled and removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from harness.cli import main
from harness.errors import EnvironmentFault, SpecError
from harness.runners.images import engine, found, lockfile, shelf
from harness.runners.images import registry as registries
from harness.runners.images.build import Built
from harness.runners.images.found import FoundImage, Problem, images_for, look
from harness.runners.images.lockfile import ImagesLock
from harness.runners.images.pins import base_from, relocked, with_ids, with_published
from harness.runners.images.targets import Target
from tests.harness.runners.images.conftest import TEST_LABEL, Bench, quiet, requirement

pytestmark = [
    pytest.mark.docker,
    pytest.mark.images,
    # A command's connection to the engine ends with its process; here the process goes on.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ZEROS = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def built(bench: Bench) -> Built:
    return bench.build()


@pytest.fixture
def other(bench: Bench, built: Built) -> Iterator[str]:
    """Another image that carries the name of ours, and its labels."""
    made = bench.client.create_container(built.id, command=["other"])
    name, _, tag = built.reference.partition(":")
    identity = str(bench.client.commit(made, repository=name, tag=tag, message="other")["Id"])
    bench.client.remove_container(made)
    yield identity
    bench.client.tag(built.id, name, tag, force=True)
    bench.client.remove_image(identity)


def pinned(lock: ImagesLock, **more: str) -> ImagesLock:
    """The lock with more said about ``report``."""
    image = lock.images[Target.REPORT].model_copy(update=more)
    return lock.model_copy(update={"images": {**lock.images, Target.REPORT: image}})


def problem(found_image: FoundImage | Problem) -> Problem:
    assert isinstance(found_image, Problem)
    return found_image


# -- building ----------------------------------------------------------------------------------------------------------


def test_an_image_is_built_once(bench: Bench, built: Built) -> None:
    again = bench.build()

    assert built.made
    assert not again.made
    assert (again.id, again.reference) == (built.id, built.reference)


def test_it_says_what_it_is_and_runs_as_a_user_without_rights(bench: Bench, built: Built) -> None:
    config = bench.client.inspect_image(built.id)["Config"]

    assert config["User"] == "codestilts"
    assert config["Labels"]["org.opencontainers.image.title"] == "codestilts report"
    assert config["Labels"]["codestilts.phases"] == "score stats"
    assert config["Labels"]["codestilts.lock"] == bench.lock.images[Target.REPORT].requirements
    assert config["Labels"]["codestilts.base"] == bench.lock.plain.digest
    assert {"org.opencontainers.image.version", "org.opencontainers.image.revision"} <= config["Labels"].keys()
    assert bench.run(built.id, "id", "-u") == (0, "10001\n")


def test_nothing_can_be_installed_or_compiled_in_it(bench: Bench, built: Built) -> None:
    tools = "gcc cc g++ clang as ld make pip pip3"

    status, output = bench.run(built.id, "sh", "-c", f"for tool in {tools}; do command -v $tool; done")
    assert (status, output) == (127, "")

    status, output = bench.run(built.id, "python", "-m", "pip", "--version")
    assert status == 1
    assert "No module named pip" in output


def test_its_packages_come_with_their_byte_code_and_work_for_any_user(bench: Bench, built: Built) -> None:
    ask = (
        "import jinja2, sys; print(jinja2.__file__, jinja2.__cached__); print(open(sys.prefix + '/about.json').read())"
    )

    status, output = bench.run(built.id, "python", "-c", ask, user="4321:4321")

    assert status == 0, output
    path, cached, about = output.split(maxsplit=2)
    assert path.startswith("/opt/codestilts/venv/")
    assert bench.run(built.id, "test", "-f", cached) == (0, "")
    assert json.loads(about)["target"] == "report"


def test_what_packages_were_installed_in_is_not_kept(bench: Bench, built: Built) -> None:
    held = bench.client.images(quiet=True, filters={"label": f"{TEST_LABEL}={bench.mark}"})

    assert held == [built.id]


def test_a_build_with_wheels_has_no_network_and_leaves_no_wheel_behind(bench: Bench, built: Built) -> None:
    history = " ".join(step["CreatedBy"] for step in bench.client.history(built.id))

    assert "wheel" not in history
    assert bench.run(built.id, "ls", "/build")[0] != 0


def test_a_package_that_cannot_be_imported_fails_the_build_in_one_sentence(bench: Bench, built: Built) -> None:
    broken = requirement(bench.wheels, "scipy", "raise RuntimeError('built for another machine')", version="2.0")

    with bench.locked(broken) as lock, pytest.raises(EnvironmentFault) as caught:
        bench.build(lock)

    assert "the image report could not be built" in str(caught.value)
    assert "cannot import what it is for" in str(caught.value)
    assert "built for another machine" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wheel_that_is_missing_is_named_before_anything_is_built(bench: Bench, built: Built) -> None:
    lacking = "flask==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"

    with (
        bench.locked(lacking) as lock,
        pytest.raises(SpecError, match=r"no wheel with a locked hash of flask; fill it"),
    ):
        bench.build(lock)


def test_a_lock_that_is_older_than_the_files_is_refused(bench: Bench, built: Built) -> None:
    lock = pinned(bench.lock, recipe=ZEROS)

    with pytest.raises(SpecError, match=f"images.lock.yaml says {ZEROS}; write the lock anew"):
        bench.build(lock)
    assert ZEROS in problem(look(bench.client, lock, Target.REPORT)).what


def test_a_base_that_is_another_one_now_is_refused_naming_both(bench: Bench, built: Built) -> None:
    held = bench.client.inspect_image(built.id)["Id"]
    base = lockfile.Base(image=built.reference, digest=ZEROS, kind="local")

    with pytest.raises(EnvironmentFault) as caught:
        bench.build(relocked(None, plain=base, torch=None, torch_build="cpu"))

    assert f"must be {ZEROS}, and the engine holds {held}" in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_base_that_cannot_be_pulled_is_one_sentence_with_another_way(bench: Bench, built: Built) -> None:
    base = lockfile.Base(image="127.0.0.1:9/nobody:1", digest=ZEROS)

    with pytest.raises(EnvironmentFault, match=r"could not pull the base 127\.0\.0\.1:9/nobody.*debootstrap_base\.py"):
        bench.build(relocked(None, plain=base, torch=None, torch_build="cpu"))


def test_a_base_is_pinned_by_what_the_engine_knows_of_it(bench: Bench, built: Built) -> None:
    base = base_from(built.reference, "", lambda: bench.client)

    assert (base.digest, base.kind) == (built.id, "local")
    with pytest.raises(SpecError, match="has no digest, and the engine holds no such image"):
        base_from("codestilts-nowhere:1", "", lambda: bench.client)


# -- the engine beside the lock ----------------------------------------------------------------------------------------


def test_the_image_is_found_for_its_phase(bench: Bench, built: Built) -> None:
    image = images_for(bench.client, bench.lock, [Target.REPORT])[Target.REPORT]

    assert image.id == built.id
    assert image.environment == bench.lock.plain.digest


def test_images_that_are_not_there_are_all_named_at_once(bench: Bench, built: Built) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        images_for(bench.client, bench.lock, Target)

    message = str(caught.value)
    assert caught.value.exit_code == 3
    for target in (Target.FETCH, Target.TRAIN, Target.RETRIEVE):
        assert f"{target}: the engine holds no image {found.REPOSITORY}/{target}:" in message
    assert "report:" not in message
    assert message.endswith("codestilts images build.")


def test_a_pinned_image_is_what_runs_whatever_carries_its_name(bench: Bench, built: Built, other: str) -> None:
    lock = with_ids(bench.lock, bench.client)

    assert lock.images[Target.REPORT].id == other, "the lock pins what carries the name when it is written"
    assert images_for(bench.client, pinned(lock, id=built.id), [Target.REPORT])[Target.REPORT].id == built.id


def test_an_image_with_another_id_is_refused_naming_both(bench: Bench, built: Built) -> None:
    looked = problem(look(bench.client, pinned(bench.lock, id=ZEROS), Target.REPORT))

    assert f"has the id {built.id}, and images.lock.yaml says {ZEROS}" in looked.what
    assert "codestilts images lock --ids" in looked.remedy


def test_an_image_of_another_recipe_by_the_same_name_is_refused_naming_both(bench: Bench, built: Built) -> None:
    lock = bench.lock
    name, _, tag = found.reference_of(Target.FETCH, lock.images[Target.FETCH].recipe).partition(":")
    bench.client.tag(built.id, name, tag)
    try:
        looked = problem(look(bench.client, lock, Target.FETCH))
    finally:
        bench.client.remove_image(f"{name}:{tag}")

    assert lock.images[Target.REPORT].recipe in looked.what
    assert lock.images[Target.FETCH].recipe in looked.what


def test_check_says_the_same_on_the_command_line(
    bench: Bench, built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "check", "report"]) == 0
    assert built.id in capsys.readouterr().out

    assert main(["images", "check", "--json"]) == 1
    entries = json.loads(capsys.readouterr().out)
    assert {entry["target"]: entry["ok"] for entry in entries} == {
        "fetch": False, "train": False, "retrieve": False, "report": True,
    }  # fmt: skip
    assert main(["images", "list"]) == 0
    assert re.search(rf"(?m)^locked +{found.REPOSITORY}/report:", capsys.readouterr().out)


# -- a registry --------------------------------------------------------------------------------------------------------


def test_what_was_pushed_is_pulled_by_its_digest_on_a_host_that_never_built(
    bench: Bench, built: Built, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = f"{registry}/team"
    assert main(["images", "push", where, "report", "--json"]) == 0
    (pushed,) = json.loads(capsys.readouterr().out)
    assert re.fullmatch(rf"{where}/{found.REPOSITORY}/report@sha256:[0-9a-f]{{64}}", pushed["reference"])
    assert main(["images", "lock", "--published", where]) == 0
    capsys.readouterr()
    lock = lockfile.read_lock(bench.lock_path)
    assert lock.images[Target.REPORT].published == pushed["reference"]
    assert images_for(bench.client, lock, [Target.REPORT])[Target.REPORT].id == built.id

    forget(bench, built)
    assert "codestilts images pull" in problem(look(bench.client, lock, Target.REPORT)).remedy
    assert main(["images", "pull", "report"]) == 0
    assert pushed["reference"] in capsys.readouterr().out
    assert images_for(bench.client, lock, [Target.REPORT])[Target.REPORT].id == built.id

    bench.client.tag(built.id, *built.reference.split(":"))
    lockfile.write_lock(bench.lock, bench.lock_path)


def test_a_digest_that_the_registry_has_not_is_one_sentence(bench: Bench, built: Built, registry: str) -> None:
    lock = pinned(bench.lock, published=f"{registry}/team/{found.REPOSITORY}/report@{ZEROS}")

    with pytest.raises(EnvironmentFault, match="could not pull"):
        registries.pull(bench.client, lock, Target.REPORT, quiet)
    assert ZEROS in problem(look(bench.client, lock, Target.REPORT)).what


def test_a_registry_out_of_reach_is_one_sentence(bench: Bench, built: Built) -> None:
    image = images_for(bench.client, bench.lock, [Target.REPORT])[Target.REPORT]

    with pytest.raises(EnvironmentFault, match=r"could not push 127\.0\.0\.1:9/"):
        registries.push(bench.client, image, "127.0.0.1:9", quiet)
    assert engine.inspect(bench.client, f"127.0.0.1:9/{found.REPOSITORY}/report:{built.reference[-12:]}") is None


def test_only_what_was_published_can_be_pinned_and_pulled(bench: Bench, built: Built) -> None:
    with pytest.raises(SpecError, match="push them first"):
        registries.published_in(bench.client, bench.lock, "registry.example.org")
    with pytest.raises(SpecError, match="names no published image of report"):
        registries.pull(bench.client, bench.lock, Target.REPORT, quiet)
    assert with_published(bench.lock, {}) == bench.lock


# -- cleaning ----------------------------------------------------------------------------------------------------------


def test_clean_removes_old_images_of_ours_and_nothing_else(bench: Bench, built: Built) -> None:
    name = found.REPOSITORY
    made = bench.client.create_container(built.id, command=["derived"])
    derived = bench.client.commit(made, repository=f"somebody-{bench.mark}", tag="1")["Id"]
    newer = pinned(bench.lock, recipe=ZEROS)
    try:
        assert cleaned(bench, bench.lock, dry_run=False) == []

        (gone,) = cleaned(bench, newer, dry_run=True)
        assert built.reference in gone.image.names
        assert engine.inspect(bench.client, built.id), "a dry run removes nothing"

        (kept,) = cleaned(bench, newer, dry_run=False)
        assert "container" in kept.kept, "an image in use stays, with the reason"
    finally:
        bench.client.remove_container(made)
    try:
        bench.client.tag(built.id, *built.reference.split(":"))
        cleaned(bench, newer, dry_run=False)

        assert engine.inspect(bench.client, built.reference) is None
        assert engine.inspect(bench.client, derived), f"what somebody made from {name} is not ours"
    finally:
        bench.client.remove_image(derived)


def cleaned(bench: Bench, lock: ImagesLock, *, dry_run: bool) -> list[shelf.Removed]:
    """What cleaning did to images with names; builds of others may have left some without."""
    done = shelf.clean(bench.client, lock, everything=False, dry_run=dry_run)
    return [entry for entry in done if entry.image.names]


def forget(bench: Bench, built: Built) -> None:
    """Take the image and all its names off the engine."""
    image = bench.client.inspect_image(built.id)
    for name in (*image["RepoTags"], *image["RepoDigests"]):
        if engine.inspect(bench.client, name):
            bench.client.remove_image(name)
    assert engine.inspect(bench.client, built.id) is None
