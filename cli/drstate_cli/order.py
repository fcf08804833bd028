"""One run as a verb asks for it: a value, so that it can be carried out here or handed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drstate_cli.options import Wish

if TYPE_CHECKING:
    from drstate.model.phases import Operation


@dataclass(frozen=True, kw_only=True)
class Order:
    """One run as the command line asks for it."""

    wish: Wish
    operation: Operation
    emergency: bool = False
    #: of an emergency: how long losing no data is tried first
    graceful_seconds: int = 0
    yes: bool = False
    skip_preview: bool = False
    message: str = ""
    parallel: int | None = None
    expect_no_changes: bool = False
    wait_seconds: float = 0.0
    stay: bool = False
    #: who runs the steps: local, or stepfunctions with its workers
    dispatcher: str = "local"
    #: do not wait for its end
    detach: bool = False
