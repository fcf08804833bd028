"""What is rehearsed, as the command line asks for it, and as a plan is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drstate.errors import UnknownNameError
from drstate.execution.drilling import make_drill
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.services import Services
from drstate.model.phases import Operation, Phase
from drstate.model.scope import Approval, Environment, ScopeKey

FAILOVER, FAILBACK, EMERGENCY, TEST = "failover", "failback", "emergency", "test"
#: what ``--operation`` takes
OPERATIONS = (FAILOVER, FAILBACK, EMERGENCY, TEST)
#: id of every rehearsed drill: the same run has the same names each time
DRILL = "d000000"


@dataclass(frozen=True)
class Asked:
    """A scope, and an operation or phases. ``operation`` is empty where phases are named."""

    customer: str
    environment: str
    operation: str = ""
    phases: tuple[Phase, ...] = ()
    force: bool = False

    @property
    def scope(self) -> ScopeKey:
        """The scope's key. Raises UnknownNameError for an environment of no kind."""
        if self.environment not in list(Environment):
            raise UnknownNameError(
                f"environment {self.environment!r} does not exist",
                hint=f"one of: {', '.join(Environment)}",
            )
        return ScopeKey(customer=self.customer, environment=Environment(self.environment))

    @property
    def drill(self) -> bool:
        """Whether copies are made and removed again."""
        return self.operation == TEST

    @property
    def consent(self) -> bool:
        """Whether somebody has to agree to the loss of data, which a rehearsal does."""
        return self.force or self.operation == EMERGENCY

    @property
    def words(self) -> str:
        """``failover``, ``replicate + activate``."""
        return self.operation or " + ".join(self.phases)

    def plan(self, services: Services) -> PlannedRun:
        """The plan, without gates. Raises as ``make_plan`` and ``make_drill``."""
        scope = services.scope(self.customer, self.environment)
        if self.drill:
            return make_drill(services, scope, approval=Approval.AUTOMATIC, drill=DRILL)
        operations = {FAILBACK: Operation.FAILBACK, "": Operation.PHASE}
        emergency = self.operation == EMERGENCY
        return make_plan(
            services,
            scope,
            phases=(Phase.ACTIVATE,) if emergency else self.phases,
            operation=operations.get(self.operation, Operation.FAILOVER),
            approval=Approval.AUTOMATIC,
            force=self.force or emergency,
            emergency=emergency,
        )

    def words_of_command(self) -> list[str]:
        """The same as options of ``drstate rehearse`` and of the child."""
        found = ["-c", self.customer, "-e", self.environment]
        if self.operation and self.operation != FAILOVER:
            found += ["--operation", self.operation]
        for phase in self.phases:
            found += ["--phase", str(phase)]
        return [*found, "--force"] if self.force else found


def asked_of(
    customer: str, environment: str, operation: str | None, phases: Sequence[Phase], *, force: bool
) -> Asked:
    """What options say; where they name neither operation nor phase, a failover."""
    name = operation or ("" if phases else FAILOVER)
    return Asked(customer, environment, name, tuple(phases), force)
