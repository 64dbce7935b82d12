"""Writes the image spec of a new backbone; what a person must say is left marked, and refused until it is said."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from harness import resources
from harness.errors import SpecError
from harness.specs.catalog import Catalog
from harness.specs.loading import FILL_IN
from harness.specs.model import Name

#: What no file of weights says, with what to write there.
_TO_SAY = (
    ("family", "code, text or mixed: what it was pretrained on"),
    ("saw", "a list of {what: labelled data or code it was trained on, source: who says so}; [] if nobody says any"),
    ("languages", "a list of those of XTREME's 40 languages that its pretraining text holds, as [en, de]"),
    ("pretraining", "{data: what it was pretrained on, source: who says so}"),
    ("licence", "of the weights, as their publisher names it"),
)
_CONFIRM = "from its model card: confirm it, or correct it"

Note = Callable[[float, str], None]
#: Fields by what the model's files say, and by what its card does.
Found = tuple[dict[str, Any], dict[str, Any]]


def write_spec(name: str, origin: str, revision: str | None, note: Note) -> Path:
    """Write ``images/backbones/NAME.yaml`` among a person's own specs; the path.

    Args:
        name: of the backbone.
        origin: a folder of this machine, or a model's id on the hub. What is a folder here is taken as one.
        revision: the full commit of a model of the hub; None: the one that its main branch is at now.
        note: hears what is being done.

    Raises:
        SpecError: the name is taken or none, or the model cannot be used.
        EnvironmentFault: the hub cannot be reached.
    """
    target = _target(name)
    folder = Path(origin).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise SpecError("a folder has no revision", where="--revision", remedy="leave it out")
        spec, said = _from_folder(folder, note)
    elif folder.exists():
        raise SpecError("a file, not a folder", where=origin, remedy="name the folder that the model's files lie in")
    elif origin.startswith((".", "/", "~")):
        raise SpecError("no such folder", where=origin, remedy="check the path")
    else:
        spec, said = _from_hub(origin, revision, note)
    text = _text({"name": name, "title": name, **spec}, said)
    with target.open("x", encoding="utf-8") as file:
        file.write(text)
    return target


def _target(name: str) -> Path:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise SpecError(
            f"'{name}' is no name of a backbone", where="NAME", remedy="use small letters, digits and _ . + -"
        ) from None
    taken = Catalog().backbone_files().get(name)
    if taken is not None:
        raise SpecError(f"there is a backbone '{name}' already", where=str(taken), remedy="choose another name")
    own = resources.own_images_dir()
    if own is None:
        raise SpecError(
            "there is no folder for specs of your own", where="images/backbones", remedy="make it here, then run again"
        )
    return own / "backbones" / f"{name}.yaml"


def _from_folder(folder: Path, note: Note) -> Found:
    from harness.adding.describe import describe
    from harness.hub.snapshot import needed_files

    needed_files([path.name for path in folder.iterdir()], where=str(folder))
    note(0.1, f"reading {folder}")
    return (
        {"source": {"kind": "folder", "path": str(folder.resolve())}, **_needing(describe(folder, weights=True))},
        _card_of(folder),
    )


def _from_hub(name: str, revision: str | None, note: Note) -> Found:
    from harness.adding.describe import describe
    from harness.hub.cards import CARD
    from harness.hub.download import download
    from harness.hub.repository import Repository, look, newest_commit
    from harness.hub.snapshot import CONFIG, TOKENIZER, needed_files

    say = lambda text: note(0.0, text)  # noqa: E731
    commit = revision or newest_commit("model", name, say)
    listing = look(Repository(kind="model", id=name, revision=commit), say)
    needed = needed_files(listing.files, where=f"model {name}")
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / name.rsplit("/", 1)[-1]
        small = [file for file in needed if file == CONFIG or file in TOKENIZER]
        small += [CARD] if CARD in listing.files else []
        download(listing, listing.named(small), folder, progress=note)
        fields = describe(folder, weights=False)
        said = _card_of(folder)
    return {"source": {"kind": "hub", "id": name, "revision": commit}, **_needing(fields, gated=listing.gated)}, said


def _needing(fields: dict[str, Any], *, gated: bool = False) -> dict[str, Any]:
    """Fields with what a person will have to allow."""
    needs = []
    if gated:
        needs.append({"flag": "gated", "why": "its publisher lets in only accounts that have accepted the terms"})
    if fields["pooling"] == "last":
        needs.append({"flag": "decoder", "why": "a piece sees only what stands before it"})
    return fields | ({"needs": needs} if needs else {})


def _card_of(folder: Path) -> dict[str, Any]:
    """What a model card says of the fields that files do not: its words are somebody's, so they are to be confirmed."""
    from harness.hub.cards import CARD, read_card
    from harness.languages import XTREME

    file = folder / CARD
    if not file.is_file():
        return {}
    card = read_card(file.read_text(encoding="utf-8", errors="replace"))
    found: dict[str, Any] = {}
    if languages := [language for language in XTREME if language in card.languages]:
        found["languages"] = languages
    if card.data:
        found["pretraining"] = {"data": ", ".join(card.data), "source": "its model card"}
    if card.licence is not None:
        found["licence"] = card.licence
    if len(card.base) == 1:
        found["initialised_from"] = {"what": card.base[0], "source": "its model card"}
    return found


def _text(spec: dict[str, Any], said: dict[str, Any]) -> str:
    lines = ["# Written from the model's own files. Say what they do not: every value that is FILL-IN."]
    lines += [f"{field}: {FILL_IN}  # {what}" for field, what in _TO_SAY if field not in said]
    lines += [f"{field}: {_line(value)}  # {_CONFIRM}" for field, value in said.items()]
    rest = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=None)
    return "\n".join(lines) + "\n" + rest


def _line(value: Any) -> str:
    """A value on one line, so that a comment can stand behind it."""
    text: str = yaml.safe_dump([value], sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True)
    return text.strip().removeprefix("[").removesuffix("]")
