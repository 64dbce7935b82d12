"""Reading one spec from YAML: every fault is one sentence with file, line and field."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.errors import SpecError

#: Stands in a spec for what a person must still say.
FILL_IN = "FILL-IN"

ModelT = TypeVar("ModelT", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Safe loading that refuses a key given twice instead of taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key}' is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_spec(path: Path, model: type[ModelT]) -> ModelT:
    """Read and check one spec file.

    Raises:
        SpecError: the file is missing, unreadable, not YAML, or does not fit the model.
    """
    text = _read(path)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        raise SpecError(_yaml_problem(error), where=_yaml_place(path, error), remedy="mend the YAML") from error
    if not isinstance(value, dict):
        raise SpecError("does not hold a mapping of keys to values", where=str(path), remedy="see 'codestilts schema'")
    if unsaid := [str(field) for field, content in value.items() if content == FILL_IN]:
        raise SpecError(
            f"still to be filled in: {', '.join(unsaid)}",
            where=str(path),
            remedy=f"write a value wherever it says {FILL_IN}; the comment beside it says which",
        )
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _spec_error(path, node, error) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError("no such file", where=str(path), remedy="check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read ({error})", where=str(path), remedy="give a readable UTF-8 file") from error


def _yaml_problem(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
    return f"not valid YAML: {problem}"


def _yaml_place(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return f"{path}, line {mark.line + 1}" if mark else str(path)


def _spec_error(path: Path, node: yaml.Node | None, error: ValidationError) -> SpecError:
    """The first fault as a sentence; the number of further ones after it."""
    first, *others = error.errors(include_url=False)
    loc = tuple(part for part in first["loc"] if isinstance(part, str | int))
    field = ".".join(str(part) for part in loc)
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    what = f"field '{field}': {message}" if field else message
    if others:
        what += f" (and {len(others)} more)"
    return SpecError(what, where=f"{path}, line {_line_of(node, loc)}", remedy="see 'codestilts schema'")


def _line_of(node: yaml.Node | None, loc: tuple[str | int, ...]) -> int:
    """The line of the deepest part of ``loc`` that the document has."""
    line = node.start_mark.line + 1 if node is not None else 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                continue  # the tag of a union is part of pydantic's location but not of the document
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
