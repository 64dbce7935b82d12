"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.files import atomic_path, atomic_write, read_json, write_json, write_text


@pytest.mark.parametrize("sole_writer", [False, True])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, sole_writer: bool) -> None:
    path = tmp_path / "record"
    write_text(path, "old")

    def interrupted() -> None:
        with atomic_write(path, sole_writer=sole_writer) as file:
            file.write(b"new")
            file.flush()
            assert "old" == path.read_text()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()

    assert [path] == list(tmp_path.iterdir())
    assert "old" == path.read_text()


def test_writers_of_one_file_do_not_meet_unless_there_is_one_only(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "record") as one, atomic_path(tmp_path / "record") as other:
        assert one != other
        assert one.parent == tmp_path
        one.write_text("one")
        other.write_text("other")
    with atomic_path(tmp_path / "record", sole_writer=True) as part:
        assert tmp_path / ".record.part" == part
        part.write_text("last")

    assert [tmp_path / "record"] == list(tmp_path.iterdir())
    assert "last" == (tmp_path / "record").read_text()


@pytest.mark.parametrize(
    ("indent", "text"),
    [(None, '{"a":"ä","b":[1]}\n'), (1, '{\n "a": "ä",\n "b": [\n  1\n ]\n}\n')],
)
def test_equal_values_give_equal_bytes(tmp_path: Path, indent: int | None, text: str) -> None:
    path = tmp_path / "value.json"
    for value in ({"b": [1], "a": "ä"}, {"a": "ä", "b": [1]}):
        write_json(path, value, indent=indent)

        assert text.encode() == path.read_bytes()
        assert value == read_json(path)


def test_no_file_holds_a_number_that_json_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "value.json", float("nan"))

    assert [] == list(tmp_path.iterdir())
