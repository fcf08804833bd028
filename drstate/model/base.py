"""The base of all values: frozen, strict about unknown fields, stable as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value. An unknown field is an error, so that a typing mistake in a file is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
