"""Backbones listed and shown for people, at the width of their terminal."""

from __future__ import annotations

import json
import re

import pytest

from harness.cli import main
from harness.specs.catalog import Catalog


@pytest.fixture(autouse=True, params=["80", "120"])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The width of the terminal."""
    monkeypatch.setenv("COLUMNS", request.param)
    return int(request.param)


def test_the_list_fits_the_terminal_and_says_what_one_needs(capsys: pytest.CaptureFixture[str], columns: int) -> None:
    assert main(["backbones", "list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    rows = {line.split()[0]: re.split(r"  +", line.strip()) for line in lines if line.startswith("  ")}
    assert rows.keys() - {"name"} == Catalog().backbone_files().keys()
    starencoder = ["starencoder", "code", "124", "12x768", "1", "gated, unpinned"]
    assert rows["starencoder"] == [*starencoder, *(["StarEncoder"] if columns > 100 else [])]
    assert rows["xlm-roberta-base"][:5] == ["xlm-roberta-base", "text", "277", "12x768", "39"]
    assert "remote-code" not in rows["codet5p-220m"]
    assert lines.index("published") < lines.index("pretrained further here") < lines.index("made here")


@pytest.mark.parametrize("name", sorted(Catalog().backbone_files()))
def test_what_is_shown_fits_and_leaves_nothing_out(capsys: pytest.CaptureFixture[str], columns: int, name: str) -> None:
    assert main(["backbones", "show", name]) == 0

    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= columns
    assert main(["backbones", "show", name, "--json"]) == 0
    spec = json.loads(capsys.readouterr().out)
    shown = " ".join(out.split())
    said = [spec["title"], spec["family"], *spec["languages"], *spec["notes"], *(seen["what"] for seen in spec["saw"])]
    said += [need["why"] for need in spec["needs"]] + [spec.get("licence", ""), spec.get("public_pair", "")]
    said += [spec.get("source", {}).get(name, "") for name in ("id", "revision", "package", "version", "corpus")]
    said += [f"{spec[name]:,}" for name in ("parameters", "max_length") if name in spec]
    assert [text for text in said if " ".join(text.split()) not in shown] == []
