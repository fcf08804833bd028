"""Stack names: how they are written, what they may contain, what they resolve to.

It refuses what the file backend of the CLI refuses, in the same words.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from drstate.sandbox.engine.failure import FailedCommandError

ORGANIZATION = "organization"
MAX_LENGTH = 100
_ALLOWED = frozenset(string.ascii_letters + string.digits + "-_.")


@dataclass(frozen=True)
class StackName:
    """A stack of a project in a file backend; the organization is always ``organization``."""

    project: str
    name: str

    @property
    def qualified(self) -> str:
        """``organization/project/name``, as the state file names it."""
        return f"{ORGANIZATION}/{self.project}/{self.name}"


def parse_name(text: str, project: str) -> StackName:
    """Read ``name``, ``organization/name`` or ``organization/project/name``."""
    parts = text.split("/")
    if len(parts) > 3:
        raise FailedCommandError(f"could not parse stack name '{text}'")
    name = parts[-1]
    if len(parts) > 1 and parts[0] != ORGANIZATION:
        raise FailedCommandError(f"organization name must be '{ORGANIZATION}'")
    check_name(name)
    return StackName(parts[1] if len(parts) == 3 else project, name)


def check_name(name: str) -> None:
    """Refuse a name with other characters than the backend allows, or longer than it allows."""
    if not name:
        raise FailedCommandError("a stack name may not be empty")
    if len(name) > MAX_LENGTH:
        raise FailedCommandError(f"a stack name cannot exceed {MAX_LENGTH} characters")
    for position, character in enumerate(name):
        if character not in _ALLOWED:
            raise FailedCommandError(
                "a stack name may only contain alphanumeric, hyphens, underscores, or periods: "
                f"invalid character '{character}' at position {position}"
            )
