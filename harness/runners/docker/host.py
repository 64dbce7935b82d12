"""Containers of a Docker engine as the place where stages run: swept, looked at, and then a runner."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from docker import APIClient

import harness
import leaderboard
import tasks
from harness.data.release import ReleaseFiles
from harness.errors import EnvironmentFault, SpecError, first_of
from harness.plan.stage import Plan, Stage
from harness.provenance import engine_offers_gpus
from harness.runners.base import MARK, Runner, RunnerRequest
from harness.runners.docker import confinement, faults, gpu_probe, labels
from harness.runners.docker.confinement import NOBODY, Person
from harness.runners.docker.runner import DockerRunner, Settings, StageImage
from harness.runners.gpus import chosen_gpus, wants_gpu
from harness.runners.images import engine
from harness.runners.images.found import FoundImage, look
from harness.runners.images.lockfile import ImagesLock, read_lock
from harness.runners.images.targets import Target, addition_of, image_of, target_of
from harness.runners.preflight import Problem


def problems(release: ReleaseFiles, stages: Iterable[Stage], who: Person) -> list[Problem]:
    """Release files that are links out of their folder, and files and folders that ``who`` may not read."""
    found = []
    if links := release.leading_out():
        what = f"{first_of(links)} below --data is a link that leads out of it, where containers do not see"
        found.append(Problem(what=what, remedy="put the files themselves there (cp -L)"))
    if who != NOBODY:  # stages are the caller, and what that may not read the plan has said already
        return found
    folders = {Path(folder) for stage in stages for folder in stage.folders.values()}
    reads: list[tuple[Path, tuple[Path, ...]]] = [(folder, (folder,)) for folder in sorted(folders)]
    if release.folder is not None:
        reads.append((release.folder, tuple(release.folder / path for path in release.paths)))
    for root, paths in reads:
        closed = sorted({str(path) for one in paths for path in _closed(root.resolve(), one)})
        if closed:
            what = f"root runs this, so stages are user {NOBODY.user}, who may not read {first_of(closed)}"
            found.append(Problem(what=what, remedy=f"chmod -R a+rX {root}, or run as a user of the group docker"))
    return found


def _closed(root: Path, path: Path) -> Iterator[Path]:
    """Of a path below ``root`` and all in it, and of the folders from ``root`` to it, what nobody may not read."""
    path = path.resolve()
    for folder in (root, *reversed(path.parents)):
        if folder.is_relative_to(root) and not _open(folder):
            yield folder
    yield from (one for one in (path, *path.rglob("*")) if not _open(one))


def _open(path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:  # a link to nothing
        return True
    digit = 6 if found.st_uid == NOBODY.user else 3 if found.st_gid == NOBODY.group else 0
    wanted = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
    return found.st_mode >> digit & wanted == wanted


#: Docker 20.10: the first with what we tell it to keep in, and the oldest we try.
OLDEST_API = (1, 41)


class DockerHost:
    """A Docker engine on this machine."""

    def __init__(self, wish: RunnerRequest) -> None:
        self._request = wish
        self._client: APIClient | None = None
        self._images: dict[str, FoundImage] = {}
        self._gpus: tuple[str, ...] = ()
        self._info: Mapping[str, Any] = {}

    def sweep(self, store: Path) -> None:
        """Remove what dead runs left on the engine. With no engine nothing of them can be running."""
        try:
            labels.sweep(self._connected(), labels.of_store(store))
        except (EnvironmentFault, *faults.ENGINE_ERRORS):
            return
        (store / MARK).unlink(missing_ok=True)

    def problems(self, plan: Plan, release: ReleaseFiles) -> list[Problem]:
        """Engine, images, GPUs, and files of this machine that a container would not find or could not read."""
        files = partial(problems, release, plan.stages)
        try:
            client = self._connected()
            self._info = client.info()
            version = str(client.version()["ApiVersion"])
        except EnvironmentFault as fault:
            return [Problem(what=fault.what, remedy=fault.remedy or ""), *files(confinement.person())]
        except faults.ENGINE_ERRORS as error:
            return [Problem(what=faults.judge(error)[1].rstrip(".")), *files(confinement.person())]
        found = files(confinement.person(tuple(self._info.get("SecurityOptions") or ())))
        if tuple(int(part) for part in version.split(".")) < OLDEST_API:
            what = f"the Docker engine is too old (API {version})"
            found.append(Problem(what=what, remedy="use Docker 20.10 or later"))
        found += self._image_problems(client, plan.stages)
        on_gpus = [stage for stage in plan.stages if wants_gpu(stage)]
        if on_gpus:
            bf16 = any(stage.environment.precision == "bf16" for stage in on_gpus)
            found += self._gpu_problems(client, bf16=bf16)
        return found

    def runner(self, store: Path, run: str) -> Runner:
        """A runner over a copy of our packages, so that edits to them reach no stage of this run."""
        code = store / "tmp" / run / "code"
        if not code.exists():  # a run may ask twice
            copy_packages(code)
        (store / MARK).touch()
        settings = Settings(
            slots=max(self._request.workers, len(self._gpus)),
            images={image: _stage_image(found) for image, found in self._images.items()},
            code=code.resolve(),
            store=labels.of_store(store),
            run=run,
            gpus=self._gpus,
            cdi=self._cdi(),
            security=tuple(self._info.get("SecurityOptions") or ()),
        )
        return DockerRunner(self._connected(), settings, mark=store / MARK)

    def close(self) -> None:
        """Let go of the engine."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> APIClient:
        if self._client is None:
            self._client = engine.connect()
        return self._client

    def _image_problems(self, client: APIClient, stages: Collection[Stage]) -> list[Problem]:
        try:
            lock: ImagesLock = read_lock()
        except SpecError as error:
            return [Problem(what=str(error).rstrip("."))]
        found = []
        for image in sorted({image_of(stage) for stage in stages}):
            looked = look(client, lock, image)
            if isinstance(looked, FoundImage):
                self._images[image] = looked
            else:
                found.append(Problem(what=f"image {image}: {looked.what}", remedy=looked.remedy))
        return found

    def _gpu_problems(self, client: APIClient, *, bf16: bool) -> list[Problem]:
        image = next((found for name, found in sorted(self._images.items()) if target_of(name).needs_torch), None)
        if image is None:  # without it nobody can say what its torch can do, and that it lacks is said already
            if engine_offers_gpus(dict(self._info)):
                return []
            return [_no_gpus("it has no NVIDIA runtime")]
        try:
            answer = gpu_probe.ask(client, image.id, cdi=self._cdi())
        except faults.ENGINE_ERRORS as error:
            return [_no_gpus(faults.short(error))]
        except ValueError as error:
            return [Problem(what=f"torch in the image {image.reference} could not be asked about GPUs ({error})")]
        found = gpu_probe.judge(answer, bf16=bf16)
        if not found:
            self._gpus = chosen_gpus(self._request.gpus, gpu_probe.ids(answer))
        return found

    def _cdi(self) -> bool:
        """Whether the engine knows GPUs by CDI names only."""
        return engine_offers_gpus(dict(self._info)) and "nvidia" not in (self._info.get("Runtimes") or {})


def _stage_image(found: FoundImage) -> StageImage:
    about = {"name": found.reference, "base": found.environment, "recipe": found.recipe}
    baked = target_of(found.target) is Target.FETCH and bool(addition_of(found.target))
    return StageImage(id=found.id, about=about, baked=baked)


def copy_packages(code: Path) -> None:
    """Copy our packages, readable for whomever stages run as."""
    for package in (harness, tasks, leaderboard):
        folder = Path(str(package.__file__)).parent
        shutil.copytree(folder, code / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (code, *code.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _no_gpus(why: str) -> Problem:
    remedy = "install the NVIDIA container toolkit and restart the engine, or run the same on the CPU with --device cpu"
    return Problem(what=f"the Docker engine cannot give containers a GPU ({why})", remedy=remedy)
