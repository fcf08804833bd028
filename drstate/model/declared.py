"""A resource as a program declares it: what policies judge.

Values only. Texts of secrets never get here: whoever fills it sees them masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: what an engine shows for a value that is known only after the update
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
#: types of what every stack has, and nobody means when resources are counted
PROVIDER_OR_ROOT = "pulumi:"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_DRILL = re.compile(r"\.drill-[a-z0-9]+$")


@dataclass(frozen=True)
class Place:
    """Where a stack stands, as its name says."""

    stack: str

    @property
    def region(self) -> str | None:
        """The region of its site; None for what spans both sites."""
        return next((part for part in self.stack.split(".") if _REGION.fullmatch(part)), None)

    @property
    def drill(self) -> bool:
        """Whether a drill made it, for the time that the drill lasts."""
        return _DRILL.search(self.stack) is not None


@dataclass(frozen=True)
class Declared:
    """One resource of a stack, as its program wants it."""

    urn: str
    #: type token: ``aws:rds/cluster:Cluster``
    type: str
    #: name in the program: the catalog's key, and parts
    name: str
    #: property names as the provider has them
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    protect: bool = False
    #: the provider's region; None where it is not known
    provider_region: str | None = None

    @property
    def place(self) -> Place:
        """Of its stack."""
        parts = self.urn.split("::")
        return Place(parts[0].removeprefix("urn:pulumi:") if len(parts) > 1 else "")

    def known(self, name: str) -> Any:
        """An input; None where it is not given, or is known only after the update."""
        value = self.inputs.get(name)
        return None if value == UNKNOWN else value

    def pending(self, name: str) -> bool:
        """Whether the input is known only after the update."""
        return bool(self.inputs.get(name) == UNKNOWN)
