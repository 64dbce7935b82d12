"""What a spec asks for and nobody can give yet is refused, never ignored."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import SpecError
from harness.specs.catalog import Catalog
from harness.specs.usable import check_usable


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"requirements": "own.txt"}, r"backbone minilm: packages of its own \(requirements: own.txt\)"),
        ({"bake": True}, r"backbone minilm: weights cannot be put into an image yet"),
    ],
)
def test_an_image_of_its_own_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check_usable(Catalog().backbone("minilm").model_copy(update=asked), ())


def test_a_backbone_that_asks_for_neither_may_be_used() -> None:
    check_usable(Catalog().backbone("minilm"), ())
