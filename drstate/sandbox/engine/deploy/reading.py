"""Resources that are read, not owned (``Resource.get``)."""

from __future__ import annotations

from . import steps
from .context import Context
from .diffing import Diff
from .goal import Goal
from .state import State
from .steps import Step, replacement


def read_steps(context: Context, goal: Goal, old: State | None, new: State) -> list[Step]:
    """The steps of a ReadResource call.

    What was owned until now is replaced by what is read: its deletion comes at the end.
    """
    new.id, new.external, new.inputs = goal.read_id, True, goal.inputs
    if old is not None and not old.external:
        with context.lock:
            context.did.replaces.add(new.urn)
        plain = Diff(changes=True)
        return [
            replacement(steps.READ_REPLACEMENT, old, new, plain, condemns=True),
            replacement(steps.REPLACE, old, new, plain, condemns=True),
        ]
    with context.lock:
        context.did.reads.add(new.urn)
    return [Step(steps.READ, old, new)]
