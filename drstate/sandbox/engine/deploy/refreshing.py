"""Refresh: the state brought in line with what exists.

Reads every resource of the state (within the targets), keeps what was found, drops what is gone.
Nothing that exists is changed.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from .context import Context
from .dependents import without_dependencies
from .errors import ProviderError, Status
from .executor import Executor
from .operations import mark_secrets
from .provider import Observed
from .state import State
from .steps import DELETE, REFRESH, SAME, UPDATE, Step
from .urns import is_provider_type
from .values import UNKNOWN, same

Details: TypeAlias = dict[str, dict[str, Any]] | None

_INVERSE = {
    "add": "delete",
    "delete": "add",
    "add-replace": "delete-replace",
    "delete-replace": "add-replace",
}


def _inverted(detailed: Details) -> Details:
    """The provider was asked about the way back; what is reported is the way here."""
    if detailed is None:
        return None
    return {
        path: {**entry, "diffKind": _INVERSE.get(entry["diffKind"], entry["diffKind"])}
        for path, entry in detailed.items()
    }


def refresh(context: Context, executor: Executor) -> None:
    """Refresh the state before anything else is done with it.

    Resources are read side by side; the base that the rest of the update sees is the refreshed one.
    A read that fails ends the update when all have been tried that were under way.
    """
    wanted = [
        one
        for one in context.base
        if context.targets.includes(one.urn) and one.urn not in context.did.registered
    ]
    jobs = [Refresh(context, one) for one in wanted]
    executor.refresh(jobs)
    settle(context)
    if any(job.failed for job in jobs):
        context.failed = True


def settle(context: Context) -> None:
    """Take what is gone out of the base, and out of what others depend on."""
    gone = context.gone
    if gone:
        removed = {id(one) for one in gone}
        left = [one for one in context.base if id(one) not in removed]
        names = {one.urn for one in gone} - {one.urn for one in left}
        context.rebase(left)
        for state in gone:
            if context.olds.get(state.urn) is state:
                del context.olds[state.urn]
    else:
        names = set()
    taken = context.did.registered
    left = [one for one in context.base if one.urn not in taken]
    changed = [one for one in left if without_dependencies(one, names)]
    if names:
        changed += [one for one in context.news.values() if without_dependencies(one, names)]
    context.ledger.step(put=changed, gone=gone)
    context.gone = []


class Refresh:
    """The refresh of one resource."""

    def __init__(self, context: Context, old: State, goal: State | None = None) -> None:
        """``goal``: the state that the program registered, where the program runs."""
        self._context = context
        self._old = old
        self._goal = goal
        self.failed = False
        #: what is there now; None when it is gone
        self.found: State | None = None

    def run(self) -> None:
        """Read, compare, keep; its failure is reported and noted in ``failed``."""
        context, old = self._context, self._old
        new = self._goal if self._goal is not None else old.copy()
        step = Step(REFRESH, old, new, logical=False)
        context.events.before(step)
        try:
            found = self._read()
        except ProviderError as error:
            self._fail(step, error)
            return
        if found is None:
            step.new = None
            op = DELETE
            with context.lock:
                context.gone.append(old)
        else:
            op = self._keep(step, old, new, found)
            self.found = new
        shown = op if context.request.kind == "refresh" else REFRESH
        if context.request.kind == "refresh" and not self._of_program(old):
            context.events.count_as(old.urn, op)
        context.events.after(step, shown)

    def _of_program(self, old: State) -> bool:
        """Components and providers that the program registers are counted by its own step."""
        return self._goal is not None and (not old.custom or is_provider_type(old.type))

    def _read(self) -> Observed | None:
        old = self._old
        if not old.custom or is_provider_type(old.type) or not old.id or old.id == UNKNOWN:
            return Observed(old.id, old.inputs, old.outputs)
        timeout = old.custom_timeouts.get("read", 0)
        provider = self._context.registry.get(old.provider)
        return provider.read(old.urn, old.id, old.inputs, old.outputs, timeout)

    def _keep(self, step: Step, old: State, new: State, found: Observed) -> str:
        """Store what was found; the kind of change it is."""
        context = self._context
        new.id, new.inputs = found.id, found.inputs
        new.outputs = found.outputs
        new.init_errors = list(found.reasons)
        new.created, new.modified = old.created, old.modified
        if self._goal is None:
            new.ref = old.ref
        if not old.custom or is_provider_type(old.type):
            return UPDATE if self._goal is not None else SAME
        op = SAME
        if not old.external:
            provider = context.registry.get(old.provider)
            diff = provider.diff(new, old.inputs, old.urn)
            step.diffs = diff.diffs
            step.detailed = _inverted(diff.detailed)
            op = UPDATE if diff.changes else SAME
        # only now: the provider compared what it had returned
        new.outputs = mark_secrets(found.outputs, new.additional_secret_outputs)
        changed = not (same(old.outputs, new.outputs) and same(old.inputs, new.inputs))
        if changed:
            new.modified = context.timestamp()
        if self._goal is not None:
            with context.lock:
                context.news[new.urn] = new
            context.ledger.step(put=[new], gone=[old], lazy=not changed)
            return op
        context.replace_base(old, new)
        if changed or old.init_errors != new.init_errors:
            context.ledger.step(put=[new])
        return op

    def _fail(self, step: Step, error: ProviderError) -> None:
        context = self._context
        self.failed = True
        context.step_failed = context.failed = True
        prefix = "Preview failed: " if context.preview else ""
        context.events.error(prefix + error.message, step.urn)
        if not context.preview:
            context.events.failed(step, error.status)
            if error.status is Status.UNKNOWN:
                context.events.maybe_corrupt = True
