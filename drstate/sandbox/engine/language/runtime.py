"""What a file says about the language runtime of a program or plugin (``runtime:``).

It is read as it stands; whether such a runtime is served is decided where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PYTHON = "python"


@dataclass(frozen=True)
class Runtime:
    """A language and the virtual environment that its option names (empty: none is named)."""

    name: str = ""
    virtualenv: str = ""


def read_runtime(raw: Any) -> Runtime:
    """The value of ``runtime``: a name, or a name with options. Raises ValueError for others."""
    if raw is None:
        return Runtime()
    if isinstance(raw, str):
        return Runtime(raw)
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        # what a file says is wrong, not what a caller passes
        raise ValueError(  # noqa: TRY004
            "'runtime' must be a name, or a mapping with 'name' and 'options'"
        )
    options = raw.get("options")
    if options is not None and not isinstance(options, Mapping):
        raise ValueError("'runtime.options' must be a mapping")
    return Runtime(raw["name"], str((options or {}).get("virtualenv") or ""))
