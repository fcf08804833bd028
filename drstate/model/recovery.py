"""How long a recovery is predicted to take, and what it waits for in the end."""

from __future__ import annotations

from drstate.model.base import Value
from drstate.model.phases import Phase


class RecoveryStep(Value):
    """One stage of the longest chain."""

    stage: str
    seconds: int
    #: key of the resource that takes longest in it; "" where its stacks or its check do
    slowest: str = ""


class RecoveryTime(Value):
    """From the start of a failover to its last stage's end; people at gates take no time here."""

    seconds: int
    phases: tuple[Phase, ...]
    #: the longest chain of stages, in order
    critical_path: tuple[RecoveryStep, ...] = ()
