"""Write the image spec of a new backbone from its model's files; what they do not say is marked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from transformers import PreTrainedConfig

from harness import paths
from harness.errors import SpecError
from harness.phases.convert import positions
from harness.specs.catalog import Catalog
from harness.specs.loading import FILL_IN
from harness.specs.model import Name
from harness.training.checkpoint import load_tokenizer
from harness.training.encoder import Tensors, blank_encoder, fitting, is_causal, read_config
from harness.training.facts import DTYPES, count, dtype_name, tokenizer_kind
from harness.training.json_files import read_json
from harness.training.published import MLM_HEADS, published_mlm_head, read_weights, without_prefix
from tasks.errors import DataError, UserError

#: Pieces of one input where neither positions nor the tokenizer limit them (T5 counts distances).
_UNLIMITED = 512
#: transformers writes some 1e30 where a tokenizer has no limit.
_NO_LIMIT = 10**6


def describe(folder: Path, *, weights: bool) -> dict[str, Any]:
    """Fields of a spec, by their names there.

    Args:
        folder: a published model in transformers' layout: ``config.json`` and a tokenizer.
        weights: whether its weights are there, too. If so they are asked for their type and for a
            masked-language-modelling head; else its config is, and where that says nothing the field is left out.

    Raises:
        UserError: no config, or one of a model that cannot be used; no fast tokenizer; damaged weights.
    """
    config = read_config(folder)
    tokenizer = load_tokenizer(folder)
    published = read_json(folder / "config.json")
    names = [str(name) for name in published.get("architectures") or ()]
    limits = (positions(config), _tokenizer_limit(folder))
    size = parameters(config)
    tensors = _tensors(folder, config) if weights else None
    fields: dict[str, Any] = {
        "architecture": config.model_type,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "parameters": size,
        "max_length": min([limit for limit in limits if limit is not None], default=_UNLIMITED),
        "tokenizer": {"kind": tokenizer_kind(tokenizer), "vocab_size": len(tokenizer)},
        "pooling": "last" if is_causal(config) else "mean",
    }
    found = {
        "mlm_head": _claims_head(config, names) if tensors is None else published_mlm_head(tensors, config) is not None,
        "dtype": _claimed_dtype(published) if tensors is None else _dtype(tensors),
    }
    return fields | {name: value for name, value in found.items() if value is not None}


def parameters(config: PreTrainedConfig) -> int:
    """Weights of an encoder as it is used here, by its config alone: nothing is loaded, and no memory taken."""
    return count(blank_encoder(config))


def _tensors(folder: Path, config: PreTrainedConfig) -> Tensors:
    """The weights of a folder, which fit its config."""
    tensors, encoder = read_weights(folder), blank_encoder(config)
    try:
        fitting(encoder, without_prefix(tensors, encoder), where=folder.name, source=True)
    except DataError as error:
        raise UserError(
            f"its weights are not those of its config.json: {error.what}",
            where=str(folder),
            remedy="use the config.json that was published with them",
        ) from error
    return tensors


def _dtype(tensors: Tensors) -> str | None:
    """By the weights; None where they are of several types, or of one that specs have no name for."""
    found = dtype_name({tensor.dtype for tensor in tensors.values()})
    return found if found in DTYPES.values() else None


def _claimed_dtype(published: dict[str, Any]) -> str | None:
    """By the config alone, which mostly says in which type the weights were saved."""
    said = published.get("dtype") or published.get("torch_dtype")
    return next((name for dtype, name in DTYPES.items() if str(dtype) == f"torch.{said}"), None)


def _tokenizer_limit(folder: Path) -> int | None:
    file = folder / "tokenizer_config.json"
    limit = read_json(file).get("model_max_length") if file.is_file() else None
    return int(limit) if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT else None


def _claims_head(config: PreTrainedConfig, names: list[str]) -> bool | None:
    """By the config alone: a class with a head says that there is one; any other says nothing of the weights."""
    if config.model_type not in MLM_HEADS:
        return False
    return True if any(name.endswith(("ForMaskedLM", "ForPreTraining")) for name in names) else None


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
    own = paths.own_images_dir()
    if own is None:
        raise SpecError(
            "there is no folder for specs of your own", where="images/backbones", remedy="make it here, then run again"
        )
    return own / "backbones" / f"{name}.yaml"


def _from_folder(folder: Path, note: Note) -> Found:
    from harness.data.hub.snapshot import needed_files

    needed_files([path.name for path in folder.iterdir()], where=str(folder))
    note(0.1, f"reading {folder}")
    return (
        {"source": {"kind": "folder", "path": str(folder.resolve())}, **_needing(describe(folder, weights=True))},
        _card_of(folder),
    )


def _from_hub(name: str, revision: str | None, note: Note) -> Found:
    from harness.data.hub.cards import CARD
    from harness.data.hub.download import download
    from harness.data.hub.repository import Repository, look, newest_commit
    from harness.data.hub.snapshot import CONFIG, TOKENIZER, needed_files

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
    from harness.data.hub.cards import CARD, read_card
    from harness.specs.languages import XTREME

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
