"""docs/adding-a-backbone.md, word by word: what it says to type is typed, what it shows is shown, no block left out."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import paths
from harness.cli import main
from tests import snapshots
from tests.hub_server import HubServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "adding-a-backbone.md"
CARD = "---\nlanguage: en\nlicense: mit\n---\n# Tiny RoBERTa\n"
_BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The first line of a file's block: the file, and whether only these lines of it are meant.
_FILE = re.compile(r"# (?P<path>[\w./-]+)(?P<lines>, these lines:)?")


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A command, and what the page shows of its output."""

    command: str
    shown: str


def blocks() -> list[tuple[str, str]]:
    """The kind and the text of every fenced block, in order."""
    text = PAGE.read_text(encoding="utf-8")
    found = _BLOCK.findall(text)
    assert text.count("```") == 2 * len(found), "a fence is not closed, or not at the beginning of a line"
    assert "\n    $ " not in text, "a command outside the blocks"
    return found


def typed(block: str) -> Iterator[Typed]:
    """The commands of a console block."""
    first, *parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert not first, f"output before any command: {first!r}"
    for part in parts:
        command, _, shown = part.partition("\n")
        yield Typed(command=command, shown=shown)


def pattern(shown: str) -> re.Pattern[str]:
    """What the page shows as an expression: a line of dots is any lines, dots in a line any text of that line."""
    expression = ""
    for line in shown.splitlines():
        expression += r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", r".*?") + r"[ ]*\n"
    return re.compile(expression)


def write(block: str) -> None:
    """Write the file of a block, or put its lines in the place of the file's lines of the same fields."""
    first, _, rest = block.partition("\n")
    named = _FILE.fullmatch(first)
    assert named is not None, f"the first line does not name a file: {first!r}"
    file = Path(named["path"])
    if not named["lines"]:
        file.write_text(rest, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").splitlines()
    for new in rest.splitlines():
        field = new.partition(":")[0]
        (place,) = [number for number, line in enumerate(lines) if line.partition(":")[0] == field]
        lines[place] = new
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(command: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Type one command; what it wrote to standard output."""
    capfd.readouterr()
    program, *arguments = shlex.split(command)
    if program == "codestilts":
        code = main(arguments)
    else:
        code = subprocess.run(["bash", "-c", command], check=False).returncode
    out, err = capfd.readouterr()
    assert code == 0, f"$ {command}\n{out}{err}"
    return out


def test_the_page_is_followed_word_by_word(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    files = {**snapshots.snapshot("roberta"), "README.md": CARD.encode()}
    hub.model("example/tiny-roberta", files)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(paths.LOCK_VARIABLE, raising=False)
    for name, value in {"NAME": "A Person", "EMAIL": "person@example.org"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    run("git init --quiet", capfd)

    done = []
    for kind, block in blocks():
        if kind == "yaml":
            write(block)
            continue
        assert kind == "console", f"a block of a kind that nobody follows: {kind!r}"
        for step in typed(block):
            out = run(step.command, capfd)
            assert pattern(step.shown).fullmatch(out) or not step.shown, (
                f"$ {step.command}\nthe page shows\n{step.shown}\nand it says\n{out}"
            )
            done.append(step.command)

    verbs = {" ".join(command.split()[1:3]) for command in done if command.startswith("codestilts")}
    assert {"backbones new", "backbones show", "backbones check", "plan tiny.yaml", "submit pack"} <= verbs
    assert (
        subprocess.run(["git", "log", "--oneline"], capture_output=True, text=True, check=True).stdout.count("\n") == 1
    )
