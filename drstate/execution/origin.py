"""Whether the region that a failback returns to can be worked on: asked before anything is begun.

Elsewhere an account out of reach fails its own shards only, since a recovery does what it can. A
failback can wait: towards a region that does not answer nothing is begun, neither in part nor with
its CLEANUP, which never blocks. It refuses what it finds and asks AWS nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from drstate.errors import CredentialsError, Retry
from drstate.model.events import ErrorInfo
from drstate.model.phases import Operation
from drstate.model.plan import Plan
from drstate.model.scope import Scope
from drstate.report.preview import RefusalView, StagePreview

_CREDENTIALS = CredentialsError("").code


def unready(scope: Scope, plan: Plan, stages: Iterable[StagePreview]) -> tuple[RefusalView, ...]:
    """What of the original region could not be looked at; one refusal for each account.

    Empty where the plan is no failback, or is forced.
    """
    if plan.operation is not Operation.FAILBACK or plan.force:
        return ()
    origin = scope.regions.primary
    found: dict[str, RefusalView] = {}
    for stage in stages:
        if stage.region != origin:
            continue
        for shard in stage.shards:
            for error in (shard.error, *(action.error for action in shard.actions)):
                if error is None or not _unreached(error):
                    continue
                found.setdefault(
                    shard.account,
                    RefusalView(
                        stack="",
                        what=f"{origin} is not ready to serve again in account {shard.account}",
                        why=f"{error.what}: {error.why}" if error.why else error.what,
                        hint="wait until it answers: the same command with --wait 30m looks at it "
                        f"again and again; {scope.key} is served meanwhile as it is now",
                        passes=True,
                    ),
                )
    return tuple(found[account] for account in sorted(found))


def _unreached(error: ErrorInfo) -> bool:
    """Whether AWS lets us not in, or gave no answer. What it answered is each phase's business."""
    return error.code == _CREDENTIALS or error.retry == Retry.TRANSIENT
