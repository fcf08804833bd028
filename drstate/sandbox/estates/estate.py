"""What an estate says about itself once it is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from drstate.sandbox.status import SandboxAccount, SandboxCredentials


@dataclass(frozen=True)
class Estate:
    """Accounts, regions, the operator's key, and identifiers per scope.

    `facts` is keyed `<customer>/<environment>`: nested plain data with every identifier
    that a scope file names. `scopes` are whole scope files, for estates that have none in the
    repository: path below stacks/ -> text.
    """

    name: str
    accounts: tuple[SandboxAccount, ...]
    regions: tuple[str, ...]
    credentials: SandboxCredentials
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
