"""Actions: single imperative calls that can say, observe, run and undo themselves.

An action is pure data with behaviour: building one does no input or output, so that a plan can be
compiled anywhere. It never sleeps and never retries: waiting goes through ``RunContext.wait`` (with
a deadline), retrying is ``drstate.aws``'s business. ``observe`` is read-only, tolerates what is not
there yet, and decides ``done`` by looking at AWS alone, so that running an action twice is safe.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from drstate.errors import CancelledError, DrstateError, OperationError, TimedOutError
from drstate.model.plan import ActionSpec

if TYPE_CHECKING:
    from drstate.adapters.quotas import Demand
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True)
class Observation:
    """What an action finds before it runs.

    ``facts`` are JSON-ready values of the moment before; they are journaled with the intent and
    handed back to ``run`` and ``undo``. ``blocked`` is the reason why running would fail now, with
    its remedy, or None.
    """

    done: bool
    facts: dict[str, Any] = field(default_factory=dict)
    blocked: str | None = None
    #: the command or edit that helps where it is blocked
    hint: str = ""


@dataclass(frozen=True)
class RunContext:
    """What a running action gets from the execution: time, waiting, consents, observed facts.

    Polling starts at ``poll_seconds`` and grows by half up to ``poll_max_seconds``.
    """

    clock: Clock
    #: facts of the observation that preceded this run (journaled with the intent)
    facts: Mapping[str, Any] = field(default_factory=dict)
    consents: frozenset[str] = frozenset()
    poll_seconds: float = 1.0
    poll_max_seconds: float = 10.0
    #: asked before every poll; True ends the wait with CancelledError
    cancelled: Callable[[], bool] = lambda: False

    def wait(
        self, until: Callable[[], T | None], *, what: str, timeout_seconds: float, hint: str
    ) -> T:
        """Ask ``until`` again and again until it answers something other than None.

        ``what`` completes the sentence "waited for …". Raises TimedOutError after
        ``timeout_seconds`` (of the injected clock), CancelledError where the run was cancelled.
        """
        end = self.clock.monotonic() + timeout_seconds
        pause = self.poll_seconds
        while True:
            answer = until()
            if answer is not None:
                return answer
            if self.cancelled():
                raise CancelledError(
                    f"stopped waiting for {what}",
                    why="the execution was cancelled or its lease was lost",
                    hint="drstate status shows where it stands; drstate resume goes on from there",
                )
            left = end - self.clock.monotonic()
            if left <= 0:
                raise TimedOutError(
                    f"waited {timeout_seconds:.0f} s for {what}, in vain",
                    why="AWS did not report the end of the change in time",
                    hint=hint,
                )
            self.clock.sleep(min(pause, left))
            pause = min(pause * 1.5, self.poll_max_seconds)

    def require_consent(self, kind: str, what: str) -> None:
        """Refuse to go on without the recorded consent ``kind``. Raises OperationError."""
        if kind not in self.consents:
            raise OperationError(
                f"{what} needs the consent {kind!r}, which nobody gave",
                why="it cannot be taken back and may lose data",
                hint="run the command again with --force and confirm the consent",
            )


@dataclass(frozen=True)
class Batched:
    """An action among others that are run by one call for all of them."""

    action: Action
    run: RunContext


#: told as soon as an action of a batch has ended, with its result or why it failed; once for each
Told = Callable[["Action", "Mapping[str, Any] | Exception"], None]


class Action(ABC):
    """One imperative step. ``spec`` is all that a plan knows of it."""

    spec: ActionSpec

    @abstractmethod
    def observe(self, aws: AwsCaller) -> Observation:
        """Look, change nothing. Used by previews, before running, and by resume.

        Raises AwsCallError and the like where AWS does not answer.
        """

    @abstractmethod
    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Do it and wait for its end. Returns JSON-ready results for the journal.

        Raises OperationError where it cannot be done, TimedOutError after
        ``spec.deadline_seconds``, CancelledError where the run ends, AwsCallError and the like.
        """

    def run_batch(self, batch: Sequence[Batched], aws: AwsCaller, told: Told) -> None:
        """Do all of them, which have this action's ``spec.batch_key``; one after the other here.

        What one of them fails with is told; what is raised ends all that were not told yet.
        """
        for one in batch:
            try:
                result = one.action.run(aws, one.run)
            except DrstateError as error:
                told(one.action, error)
            else:
                told(one.action, result)

    def demand(self, aws: AwsCaller) -> tuple[Demand, ...]:  # noqa: ARG002 - the contract
        """What it takes of counted limits. Asked of a drill's actions only; reads only.

        What a recovery takes, ``Adapter.demand`` tells.
        """
        return ()

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Put back what ``recorded`` (the observed facts) says. Only where ``spec.undoable``.

        Returns JSON-ready results; raises as ``run`` does.
        """
        raise OperationError(
            f"{self.spec.title} has no way back",
            why="the change cannot be undone from recorded values",
            hint="go on with the opposite phase: drstate up --phase replicate, then activate",
        )


@dataclass(frozen=True)
class Work:
    """What an adapter does in one phase. ``no_op`` is the reason where there is nothing to do.

    A declared resource may have no action and no reason: its declaration is the work.
    """

    actions: tuple[Action, ...] = ()
    no_op: str | None = None
    #: what the operator should know before: told in the plan and in the report
    warnings: tuple[str, ...] = ()
