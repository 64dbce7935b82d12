"""The base of all spec models: unknown keys are refused, naming the allowed ones."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tasks.errors import UserError

#: Names are used in file names, stage names and URLs.
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.+-]*$", max_length=80)]


class SpecModel(BaseModel):
    """A strict, frozen model with a helpful word about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @classmethod
    def read(cls, values: object, where: str) -> Self:
        """The model of a JSON object.

        Raises:
            UserError: a field is missing, unknown or out of range; ``where`` says what the object is.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise first_fault(error, where) from error

    def to_json(self) -> dict[str, Any]:
        """The model as a JSON object, which ``read`` reads."""
        return self.model_dump(mode="json")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        allowed = sorted(field.alias or name for name, field in cls.model_fields.items())
        known = set(allowed) | set(cls.model_fields)
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(str(key), allowed, n=1, cutoff=0.6)
                hint = f"did you mean '{near[0]}'" if near else f"allowed: {', '.join(allowed)}"
                raise PydanticCustomError("unknown_key", "unknown key '{key}' ({hint})", {"key": key, "hint": hint})
        return value


def first_fault(error: ValidationError, where: str) -> UserError:
    """The first fault of a JSON object as a sentence."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    field = ".".join([where, *map(str, first["loc"])])
    value = "" if first["type"] in ("missing", "unknown_key") else f", and not {first['input']!r}"
    return UserError(f"{message[:1].lower()}{message[1:]}{value}", where=field, remedy="correct the field")
