"""Advice that can be pasted: hints come from rooms that know neither a scope nor an execution.

Pure. It completes the commands that a hint names, and says in an emergency what takes the place of
advice that needs the region that is lost. It never judges whether the advice is right.
"""

from __future__ import annotations

import re

from drstate.model.plan import Plan
from drstate.model.scope import ScopeKey

#: how a hint says to repeat what was typed
AGAIN = "run the command again"
#: what does so where a step of a run has failed
RESUME = "drstate resume"
#: a phase's command without the scope that it needs
_UNADDRESSED = re.compile(
    r"(drstate up(?: --phase \w+\b| --refresh\b)+)(?! (?:-c|--customer|--phase|--refresh)\b)"
)
_REPLICATE = "--phase replicate"


def addressed(hint: str, scope: ScopeKey) -> str:
    """The hint with the scope in each ``drstate up --phase …`` that lacks it."""
    if "drstate up --phase" not in hint:
        return hint
    return _UNADDRESSED.sub(rf"\1 -c {scope.customer} -e {scope.environment}", hint)


def in_run(hint: str, again: str, plan: Plan) -> str:
    """What is advised for a step of ``plan`` that failed; ``again`` is the command that repeats it.

    The command that began the run would be refused, and in an emergency so is REPLICATE.
    """
    hint = addressed(hint.replace(AGAIN, again).replace(RESUME, again), plan.scope)
    if not plan.emergency or _REPLICATE not in hint:
        return hint
    back = addressed("drstate up --phase activate", plan.scope)
    return (
        f"{hint}\nthat needs {plan.serving}: without it, put data back by hand in {plan.recovery} "
        f"(the same name, from a backup) and {again}; or go on with {again} --override, and "
        f"afterwards {back} makes what is declared"
    )
