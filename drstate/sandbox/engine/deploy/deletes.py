"""Deleting what the program no longer declares, and what has been replaced.

Chooses, orders (levels of dependencies) and carries out; what a failed delete leaves standing is
decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .context import Context
from .dependents import dependents_of, levels, taken_along
from .errors import BailError
from .executor import Executor
from .state import State
from .steps import SAME, Step, removal


def condemned(context: Context, *, everything: bool) -> list[State]:
    """What has to go, dependents before what they need. ``everything``: a destroy.

    Raises BailError where targets forbid a deletion that would have to happen.
    """
    with context.lock:
        known = [
            context.news.get(one.urn, one) if everything and not one.delete else one
            for one in context.base
        ]
        out = [
            state
            for state in reversed(known)
            if state.delete
            or everything
            or not (context.did.survives(state.urn) or state.urn in context.did.failed)
        ]
    forgotten = [one for one in out if one.pending_replacement and not one.delete]
    if forgotten:
        context.ledger.step(gone=forgotten)
        out = [one for one in out if one.delete or not one.pending_replacement]
    if context.request.options.exclude_protected:
        kept = _needed_by(context.base, {one.urn for one in out if one.protect})
        out = [one for one in out if one.urn not in kept]
    return _within_targets(context, out)


def _within_targets(context: Context, chosen: list[State]) -> list[State]:
    targets = context.targets
    if not targets.limited:
        return chosen
    if targets.targets:
        return _targeted(context, chosen)
    kept = {one.urn for one in chosen if not targets.includes(one.urn)}
    needed = _needed_by(context.base, kept)
    return [one for one in chosen if one.urn not in needed]


def _targeted(context: Context, chosen: list[State]) -> list[State]:
    """Those that targets name, with the dependents that cannot stay."""
    targets = context.targets
    wanted = {one.urn for one in chosen if targets.includes(one.urn)}
    for state in reversed(chosen):
        if state.urn in wanted and context.request.kind == "destroy":
            # the CLI asks what would become of dependents, and deletes them whatever the answer
            taken_along(context, state)
    followers = dependents_of(context.base, wanted) - wanted
    if targets.target_dependents:
        wanted |= followers
    for state in reversed(chosen):
        if state.urn in followers and state.urn not in wanted:
            context.events.error(
                f"Resource '{state.urn}' will be destroyed but was not specified in --target list."
                "\nEither include resource in --target list or pass "
                "--target-dependents to proceed.",
                state.urn,
            )
            context.step_failed = True
            raise BailError
    return [one for one in chosen if one.urn in wanted]


def report_kept(context: Context, executor: Executor, chosen: Collection[State]) -> None:
    """A limited destroy reports what it leaves alone as unchanged."""
    going = {one.urn for one in chosen}
    for state in context.base:
        if state.urn not in going:
            new = state.copy()
            new.id = ""
            executor.run(Step(SAME, state, new, kept=True))


def _needed_by(base: Iterable[State], urns: Iterable[str]) -> set[str]:
    """The URNs and everything they depend on, directly or not."""
    needed = set(urns)
    for state in reversed(list(base)):
        if state.urn in needed:
            needed |= state.depends_on()
    return needed


def carry_out(context: Context, executor: Executor, chosen: list[State]) -> None:
    """Delete level by level.

    A failure lets its own level finish and ends the deletes; with continue-on-error only what the
    failed resource depends on stays.
    """
    with context.lock:
        context.did.deletes.update(one.urn for one in chosen)
        failed_urns = set(context.did.failed)
    blocked = _needed_by(context.base, failed_urns) if failed_urns else set[str]()
    _load_providers(context, chosen)
    for level in levels(chosen):
        if context.ended:
            return
        planned = [
            removal(state, replaced=state.delete)
            for state in level
            if state.urn not in blocked or state.delete
        ]
        failed = executor.level(planned)
        if not failed:
            continue
        if not context.request.options.continue_on_error:
            context.failed = True
            return
        for step in failed:
            blocked |= _needed_by(context.base, [step.urn])


def _load_providers(context: Context, chosen: Collection[State]) -> None:
    """Start the providers that deletes need, in the state's order, before the first delete."""
    references = dict.fromkeys(
        one.provider for one in reversed(list(chosen)) if one.provider and not one.external
    )
    for reference in references:
        context.registry.get(reference)
