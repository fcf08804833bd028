"""What must be true of the sites before a phase may run, as one table.

A plan that breaks a row is refused before anything is changed. What is allowed though unusual is
told as a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.errors import PlanRefusedError
from drstate.model.catalog import Catalog
from drstate.model.phases import Phase, SiteState


@dataclass(frozen=True)
class Rule:
    """How a phase takes a state of the site that it acts on. No ``refusal``: a warning only."""

    why: str
    #: the phase to run instead, if that helps
    first: Phase | None
    refuses: bool = True


_A, _S, _W = SiteState.ABSENT, SiteState.STANDBY, SiteState.WARM
_ACTIVE, _OLD, _RETIRED = SiteState.ACTIVE, SiteState.SUPERSEDED, SiteState.RETIRED

#: (phase, state of its site) -> rule; what is not listed is allowed without a word
RULES: dict[tuple[Phase, SiteState], Rule] = {
    (Phase.INSTANTIATE, _A): Rule("nothing is replicated to it yet", Phase.REPLICATE),
    (Phase.INSTANTIATE, _ACTIVE): Rule(
        "it serves now, and INSTANTIATE would scale it down", Phase.REPLICATE
    ),
    (Phase.INSTANTIATE, _OLD): Rule("it is the old source and not yet a standby", Phase.CLEANUP),
    (Phase.INSTANTIATE, _RETIRED): Rule("it is retired and not yet a standby", Phase.REPLICATE),
    (Phase.ACTIVATE, _A): Rule("nothing is replicated to it yet", Phase.REPLICATE),
    (Phase.ACTIVATE, _S): Rule(
        "its capacity is not prewarmed, so this takes longer", Phase.INSTANTIATE, refuses=False
    ),
    (Phase.ACTIVATE, _OLD): Rule("it is the old source and not yet a standby", Phase.CLEANUP),
    (Phase.ACTIVATE, _RETIRED): Rule("it is retired and not yet a standby", Phase.REPLICATE),
    (Phase.CLEANUP, _A): Rule("there is nothing to clean up in it", None),
    (Phase.CLEANUP, _S): Rule(
        "it is a standby: CLEANUP retires the old source, and nothing was activated since",
        Phase.ACTIVATE,
    ),
    (Phase.CLEANUP, _W): Rule(
        "it is warm: CLEANUP retires the old source, and nothing was activated since",
        Phase.ACTIVATE,
    ),
    (Phase.CLEANUP, _ACTIVE): Rule("it serves now", None),
    (Phase.REPLICATE, _ACTIVE): Rule("it serves now, and REPLICATE would scale it down", None),
    (Phase.REPLICATE, _OLD): Rule(
        "it is the old source with its production capacity", Phase.CLEANUP
    ),
    (Phase.REPLICATE, _W): Rule(
        "it is warm, and becomes a standby again: its extra capacity goes", None, refuses=False
    ),
}


def check(phase: Phase, catalog: Catalog, *, emergency: bool = False) -> str | None:
    """A warning, or None. Raises PlanRefusedError where the phase may not run now.

    ``emergency``: what could be run first is not advised, since there is no time for it; and what
    serves already is not taken over once more, by force.
    """
    region = catalog.target(phase)
    state = catalog.sites[region]
    if emergency and state is SiteState.ACTIVE:
        raise _nothing_to_take_over(catalog, region)
    rule = RULES.get((phase, state))
    if rule is None:
        return None
    scope = catalog.scope
    command = (
        f"drstate up --phase {rule.first} -c {scope.customer} -e {scope.environment}"
        if rule.first
        else ""
    )
    if not rule.refuses:
        advice = f" (`{command}` first avoids that)" if command and not emergency else ""
        return f"{phase} acts on {region}: {rule.why}{advice}"
    raise PlanRefusedError(
        f"{phase} cannot run: site {region} of {scope} is {state}",
        why=f"{region}: {rule.why}; {catalog.serving} serves",
        hint=f"run first: {command}"
        if command
        else f"see where the scope stands: drstate status "
        f"-c {scope.customer} -e {scope.environment}",
    )


def _nothing_to_take_over(catalog: Catalog, region: str) -> PlanRefusedError:
    scope = catalog.scope
    where = f"-c {scope.customer} -e {scope.environment}"
    others = [f"{name} is {state}" for name, state in catalog.sites.items() if name != region]
    return PlanRefusedError(
        f"an emergency cannot run: {region} serves {scope} already, and no other region stands by",
        why=f"{', '.join(others)}: what it holds is older, and is never made to serve by itself",
        hint=f"bring what serves to its desired state: drstate up --phase activate {where}\n"
        f"what the other region lacks to stand by: drstate readiness {where}",
    )
