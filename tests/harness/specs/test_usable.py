"""What a spec asks for and nobody can give is refused, never ignored."""

from __future__ import annotations

import pytest

from harness.errors import SpecError
from harness.specs.catalog import Catalog
from harness.specs.usable import check_usable


@pytest.mark.parametrize("name", ["mini-xlmr", "minilm+code"])
def test_without_published_weights_there_is_nothing_to_bake(name: str) -> None:
    with pytest.raises(SpecError, match=r"no published weights of its own .* \(bake: true\); leave 'bake' out"):
        check_usable(Catalog().backbone(name).model_copy(update={"bake": True}), ())


def test_an_image_of_its_own_may_be_asked_for() -> None:
    asked = {"bake": True, "requirements": "own.txt"}
    check_usable(Catalog().backbone("minilm").model_copy(update=asked), ())
