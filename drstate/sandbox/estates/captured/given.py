"""Arguments as a request has them: what a spec does not say is not asked for."""

from __future__ import annotations

from typing import Any


def given(**values: Any) -> dict[str, Any]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}
