"""What the header of a model card says: YAML between two lines of dashes, written by whoever published the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

CARD = "README.md"


def header(text: str | None) -> dict[str, Any]:
    """The fields of a card's header; none where it has no header, or one that cannot be understood."""
    parts = (text or "").replace("\r\n", "\n").split("---\n", 2)
    if len(parts) < 3 or parts[0].strip("\ufeff \n"):  # noqa: PLR2004 - nothing, the header, the rest
        return {}
    try:
        found = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Card:
    """Of a card's header what an image spec asks for, too.

    Attributes:
        languages: codes or names, as the card has them; one may stand for many (``multilingual``).
        licence: its short name there.
        data: names of data sets.
        base: ids of the models that it was made from.
    """

    languages: tuple[str, ...] = ()
    licence: str | None = None
    data: tuple[str, ...] = ()
    base: tuple[str, ...] = ()


def read_card(text: str | None) -> Card:
    """What a card says."""
    said = header(text)
    licences = _texts(said.get("license"))
    if licences == ("other",):
        licences = _texts(said.get("license_name")) or licences
    return Card(
        languages=_texts(said.get("language")),
        licence=", ".join(licences) or None,
        data=_texts(said.get("datasets")),
        base=_texts(said.get("base_model")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    """One text or several. YAML 1.1 reads ``no`` as false: it is Norwegian here."""
    values = value if isinstance(value, list) else [value]
    return tuple("no" if one is False else str(one) for one in values if one not in (None, ""))
