"""What a person asks for, checked as far as that is possible without a catalog."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.errors import ConfigError
from drstate.model.phases import Operation, Phase
from drstate.model.plan import Skip, Unreached
from drstate.model.scope import Approval

_PHASES: dict[Operation, tuple[Phase, ...]] = {
    Operation.FAILOVER: (Phase.INSTANTIATE, Phase.ACTIVATE),
    Operation.FAILBACK: (Phase.CLEANUP, Phase.REPLICATE, Phase.INSTANTIATE, Phase.ACTIVATE),
}


def phases_of(operation: Operation) -> tuple[Phase, ...]:
    """The phases of an operation that names none itself. Raises ConfigError where it has none."""
    phases = _PHASES.get(operation)
    if phases is None:
        raise ConfigError(
            f"operation {operation} needs its phases",
            why="only failover and failback stand for a fixed order of phases",
            hint="add --phase (instantiate, activate, cleanup or replicate)",
        )
    return phases


@dataclass(frozen=True)
class PlanRequest:
    """One wish. Empty ``waves`` and ``targets`` mean all of them."""

    operation: Operation
    phases: tuple[Phase, ...]
    waves: tuple[int, ...] = ()
    #: keys, names or ARNs of resources
    targets: tuple[str, ...] = ()
    #: None: as the scope's policy says
    approval: Approval | None = None
    force: bool = False
    #: actions only, one consent at the start
    emergency: bool = False
    #: of an emergency: how long losing no data is tried first
    graceful_seconds: int = 0
    #: what inventory left out, told in the plan
    skips: tuple[Skip, ...] = ()
    #: accounts that inventory could not ask and of which the catalog knows nothing
    unreached: tuple[Unreached, ...] = ()
    #: what inventory warned about, told in the plan
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.phases:
            raise ConfigError(
                "no phase was asked for",
                why="a plan is made of at least one phase",
                hint="add --phase (instantiate, activate, cleanup or replicate)",
            )
        twice = [phase for phase in self.phases if self.phases.count(phase) > 1]
        if twice:
            raise ConfigError(
                f"phase {twice[0]} was asked for twice",
                why="a plan runs each of its phases once",
                hint=f"name {twice[0]} once",
            )
        if self.force and Phase.ACTIVATE not in self.phases:
            raise ConfigError(
                f"--force has no meaning for {', '.join(self.phases)}",
                why="it accepts the loss of data in a failover, and only ACTIVATE fails over",
                hint="leave out --force",
            )
        low = [wave for wave in self.waves if wave < 1]
        if low:
            raise ConfigError(
                f"wave {low[0]} does not exist",
                why="waves are counted from 1",
                hint="use --wave 1 or higher",
            )
