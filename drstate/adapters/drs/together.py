"""Actions of a batch that wait together: one look at AWS for all of them, each told when it ends.

Hundreds of servers stop, copy or launch at the same time; were they waited for one after the other,
a wave would take as many times as long as there are places to wait in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from drstate.adapters.actions import Action, Batched, RunContext, Told
from drstate.errors import DrstateError

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

A = TypeVar("A", bound=Action)


def alone(action: Action, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
    """The batch of one: its result, or what it failed with."""
    outcomes: list[Mapping[str, Any] | Exception] = []
    action.run_batch([Batched(action, run)], aws, lambda _action, outcome: outcomes.append(outcome))
    (outcome,) = outcomes
    if isinstance(outcome, Exception):
        raise outcome
    return dict(outcome)


class Together(Generic[A]):
    """The actions of a batch that were not told yet."""

    def __init__(self, batch: Sequence[Batched], kind: type[A], told: Told) -> None:
        self._told = told
        self._left = {
            one.action.spec.id: one.action for one in batch if isinstance(one.action, kind)
        }

    @property
    def left(self) -> list[A]:
        """Those that are not told yet, in their order."""
        return list(self._left.values())

    def tell(self, action: A, outcome: Mapping[str, Any] | Exception) -> None:
        """How one of them ended."""
        del self._left[action.spec.id]
        self._told(action, outcome)

    def each(self, do: Callable[[A], None]) -> None:
        """Do it for each that is left; one that fails is told, and does not stop the others."""
        for action in self.left:
            try:
                do(action)
            except DrstateError as error:
                self.tell(action, error)

    def wait(
        self,
        look: Callable[[], None],
        run: RunContext,
        *,
        what: str,
        timeout_seconds: float,
        hint: str,
    ) -> None:
        """Call ``look``, which tells those that have ended, until none is left.

        Raises TimedOutError, CancelledError.
        """

        def over() -> bool | None:
            if self._left:
                look()
            return None if self._left else True

        run.wait(over, what=what, timeout_seconds=timeout_seconds, hint=hint)
