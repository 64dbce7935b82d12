"""All specs by name, with pinned commits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml

from harness import paths
from harness.errors import SpecError, UnknownNameError
from harness.specs.backbone import BackboneSpec
from harness.specs.corpus import CorpusSpec
from harness.specs.loading import load_spec
from harness.specs.model import SpecModel
from harness.specs.source import FolderSource, HubSource
from harness.specs.suite import SuiteSpec
from harness.specs.task import JoinedTask, TaskSpec
from harness.specs.training import TrainingSpec
from harness.specs.translator import TranslatorSpec
from harness.specs.usable import check_pinned

#: The part of the lock, by a model's id on the hub.
FIELD = "revisions"


def read_pins(path: Path | None = None) -> dict[str, str]:
    """The commits by model; none where there is no lock.

    Raises:
        SpecError: it cannot be read, or holds something else than full commits.
    """
    path = path or paths.images_lock()
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SpecError("cannot be read", where=str(path), remedy="take it from version control") from error
    pins = (found.get(FIELD) or {}) if isinstance(found, dict) else {}
    if not isinstance(pins, dict) or not all(re.fullmatch(r"[0-9a-f]{40}", str(pin)) for pin in pins.values()):
        raise SpecError(
            "does not hold a full commit for every model", where=f"{path}, field '{FIELD}'",
            remedy="take it from version control",
        )  # fmt: skip
    return {str(name): str(pin) for name, pin in pins.items()}


def pinned(spec: BackboneSpec) -> BackboneSpec:
    """The spec with the locked commit, where it names none itself and the lock has one.

    Raises:
        SpecError: the lock cannot be read.
    """
    source = spec.source
    if not isinstance(source, HubSource) or source.pinned:
        return spec
    commit = read_pins().get(source.id)
    if commit is None:
        return spec
    return spec.model_copy(update={"source": source.model_copy(update={"revision": commit})})


SpecT = TypeVar("SpecT", TaskSpec, BackboneSpec, CorpusSpec, TrainingSpec, TranslatorSpec)


class Catalog:
    """Specs by name. Files are found by name alone and read on demand."""

    def __init__(self, tasks_dir: Path | None = None, backbones_dir: Path | None = None) -> None:
        self._tasks = tasks_dir or paths.tasks_dir()
        self._backbones = [backbones_dir] if backbones_dir else paths.backbone_dirs()
        self._read: dict[Path, SpecModel] = {}

    def task_files(self) -> dict[str, Path]:
        """Task names and their files, intermediate and target."""
        return _files(self._tasks / "intermediate") | _files(self._tasks / "target")

    def backbone_files(self) -> dict[str, Path]:
        """Backbone names and their image specs, a person's own before those that come with the project."""
        found: dict[str, Path] = {}
        for folder in reversed(self._backbones):
            found |= _files(folder)
        return dict(sorted(found.items()))

    def suite_files(self) -> dict[str, Path]:
        """Names of the shipped suites and their files."""
        return _files(self._tasks / "suites")

    def corpus_files(self) -> dict[str, Path]:
        """Names of the corpora and their files."""
        return _files(self._tasks / "corpora")

    def translator_files(self) -> dict[str, Path]:
        """Names of the translators and their files."""
        return _files(self._tasks / "translators")

    def task(self, name: str, *, where: str | None = None) -> TaskSpec:
        """The task of that name; one that joins others comes with their specs."""
        spec = self._load("task", name, self.task_files(), TaskSpec, where)
        if not spec.joins:
            return spec
        place = str(self.task_files()[name])
        parts = tuple(self.task(part, where=place) for part in spec.joins)
        for part in parts:
            if part.joins or (part.type, part.labels, part.metric) != (spec.type, spec.labels, spec.metric):
                raise SpecError(
                    f"'{part.name}' cannot share a head with the others it is joined with",
                    where=place,
                    remedy="join tasks of one type, with the same labels and metric, that join none themselves",
                )
        return JoinedTask.model_validate({**spec.model_dump(by_alias=True), "parts": parts})

    def backbone(self, name: str, *, where: str | None = None) -> BackboneSpec:
        """The backbone of that name, with what it leaves out taken from the one it is made from."""
        loaded = self._load("backbone", name, self.backbone_files(), BackboneSpec, where)
        spec = pinned(_located(loaded, self._where(name)))
        lineage = [name]
        parent = spec
        while parent.from_ is not None:
            if parent.from_ in lineage:
                cycle = " -> ".join([*lineage, parent.from_])
                raise SpecError(f"backbones are made from each other in a circle: {cycle}", where=self._where(name))
            lineage.append(parent.from_)
            parent = self._load("backbone", parent.from_, self.backbone_files(), BackboneSpec, self._where(name))
            spec = _inherit(spec, parent)
        if spec.public_pair is not None and spec.public_pair not in self.backbone_files():
            raise UnknownNameError(
                "backbone in 'public_pair'", spec.public_pair, self.backbone_files(), where=self._where(name)
            )
        return spec

    def unpinned(self, name: str) -> str | None:
        """The model of the hub of a spec that says UNPINNED, whatever the lock of images has for it; else None."""
        source = self._load("backbone", name, self.backbone_files(), BackboneSpec, None).source
        return source.id if isinstance(source, HubSource) and not source.pinned else None

    def corpus(self, name: str, *, where: str | None = None) -> CorpusSpec:
        """The corpus of that name."""
        return self._load("corpus", name, self.corpus_files(), CorpusSpec, where)

    def translator(self, name: str, *, where: str | None = None) -> TranslatorSpec:
        """The translator of that name, or one of the user's own by path; it has a pinned revision."""
        if name.endswith((".yaml", ".yml")) or "/" in name:
            file = Path(name).expanduser()
            spec = load_spec(file, TranslatorSpec)
        else:
            files = self.translator_files()
            spec = self._load("translator", name, files, TranslatorSpec, where)
            file = files[name]
        if spec.source.kind == "folder":
            return spec.model_copy(update={"source": _absolute(spec.source, file)})
        check_pinned(spec.source, f"translator {spec.name}")
        return spec

    def training(self, name: str, *, where: str | None = None) -> TrainingSpec:
        """The training recipe of that name."""
        return self._load("training recipe", name, _files(self._tasks / "training"), TrainingSpec, where)

    def suite(self, name_or_path: str) -> SuiteSpec:
        """A shipped suite by name, or one of the user's own by path."""
        if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path:
            return load_spec(Path(name_or_path), SuiteSpec)
        files = self.suite_files()
        if name_or_path not in files:
            raise UnknownNameError("suite", name_or_path, files)
        return load_spec(files[name_or_path], SuiteSpec)

    def _where(self, name: str) -> str:
        return str(self.backbone_files().get(name, name))

    def _load(self, kind: str, name: str, files: dict[str, Path], model: type[SpecT], where: str | None) -> SpecT:
        if name not in files:
            raise UnknownNameError(kind, name, files, where=where)
        path = files[name]
        if path not in self._read:
            spec = load_spec(path, model)
            if spec.name != name:
                raise SpecError(f"field 'name' is '{spec.name}', the file says '{name}'", where=str(path))
            self._read[path] = spec
        found = self._read[path]
        assert isinstance(found, model), found
        return found


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _located(spec: BackboneSpec, where: str) -> BackboneSpec:
    """A folder that a spec names relative to itself, made absolute."""
    source = spec.source
    if source is None or source.kind != "folder":
        return spec
    return spec.model_copy(update={"source": _absolute(source, Path(where))})


def _absolute(source: FolderSource, spec: Path) -> FolderSource:
    path = (spec.parent / Path(source.path).expanduser()).resolve()
    return source.model_copy(update={"path": str(path)})


def _inherit(child: BackboneSpec, parent: BackboneSpec) -> BackboneSpec:
    inherited = (
        "architecture",
        "layers",
        "hidden_size",
        "parameters",
        "max_length",
        "tokenizer",
        "template",
        "requirements",
        "licence",
    )
    updates = {name: getattr(parent, name) for name in inherited if getattr(child, name) is None}
    for name in ("prefix", "pooling", "summary", "languages", "unattested"):
        if name not in child.model_fields_set:
            updates[name] = getattr(parent, name)
    updates["needs"] = (*parent.needs, *child.needs)
    updates["saw"] = (*parent.saw, *child.saw)  # what the origin has seen, it has seen too
    return child.model_copy(update=updates)
