"""The base of all spec models: unknown keys are refused, naming the allowed ones."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

#: Names are used in file names, stage names and URLs.
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.+-]*$", max_length=80)]


class SpecModel(BaseModel):
    """A strict, frozen model with a helpful word about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

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
