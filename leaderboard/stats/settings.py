"""Settings of the statistics; part of the key of the ``stats`` stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Defaults are those that the coverage simulation holds for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)  # of intervals
    level: float = Field(default=0.05, gt=0.0, lt=0.5)  # of tests, after correction
    resamples: int = Field(default=2000, ge=100)  # bootstrap draws
    flips: int = Field(default=100_000, ge=1000)  # random patterns of signs
    seed: int = 1
