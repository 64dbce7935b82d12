"""What an engine says while it builds, as people hear it."""

from __future__ import annotations

import pytest

from harness.errors import EnvironmentFault
from harness.runners.images.build import follow
from tests.harness.runners.images.conftest import quiet

NOT_OFFERED = (
    "in_image: the package index does not offer a locked version for this Python and platform "
    "(pip's own words are in /opt/codestilts/venv/install.log).\n"
)


def test_the_steps_left_behind_are_found_and_their_place_is_told() -> None:
    told: list[tuple[float, str]] = []

    left = follow(
        [{"stream": "Step 2/4 : RUN x\n"}, {"stream": "\x1b[91m ---> 0123456789ab\x1b[0m\n"}, {"stream": "Done\n"}],
        "report",
        lambda fraction, note: told.append((fraction, note)),
    )

    assert ["0123456789ab"] == left
    assert (0.25, "report: Step 2/4 : RUN x") == told[0]


def test_an_index_that_has_nothing_may_be_one_that_was_not_reached() -> None:
    lines = [{"stream": NOT_OFFERED}, {"error": "the command returned a non-zero code: 1"}]

    with pytest.raises(EnvironmentFault) as caught:
        follow(lines, "report", quiet, online=True)

    assert str(caught.value).startswith(
        "the image report could not be built: the package index does not offer a locked version for this Python and "
        "platform; if it has them, the build could not reach it: behind a TLS proxy give --ca-bundle FILE"
    )


def test_the_builders_own_words_come_where_ours_are_missing() -> None:
    lines = [{"stream": "Step 1/2 : FROM x\n"}, {"error": "pull access denied"}]

    with pytest.raises(EnvironmentFault, match=r"could not be built: pull access denied Step 1/2 : FROM x\.$"):
        follow(lines, "report", quiet)
