"""How each account fares in an execution: a fold over its picture, whatever its phases are."""

from __future__ import annotations

from collections import Counter, defaultdict

from drstate.model.base import Value
from drstate.report.view import ExecutionView, Progress

#: from the one that wants attention most
_WORST = (
    Progress.FAILED,
    Progress.UNKNOWN,
    Progress.RUNNING,
    Progress.WAITING,
    Progress.SKIPPED,
    Progress.PENDING,
    Progress.UNDONE,
    Progress.DONE,
)


class AccountStatus(Value):
    """One account. A resource counts once a stage, as the plan has it."""

    account: str
    regions: tuple[str, ...]
    state: Progress
    resources: int
    done: int
    failed: int
    running: int
    #: stages in which something of it has failed
    failed_stages: tuple[str, ...] = ()


def by_account(view: ExecutionView) -> tuple[AccountStatus, ...]:
    """Each account that the plan works in, by id."""
    states: dict[str, Counter[Progress]] = defaultdict(Counter)
    regions: dict[str, dict[str, None]] = defaultdict(dict)
    failed: dict[str, dict[str, None]] = defaultdict(dict)
    for stage in view.stages:
        for shard in stage.shards:
            regions[shard.account][shard.region] = None
        for row in stage.resources:
            states[row.account][row.state] += 1
            if row.state is Progress.FAILED:
                failed[row.account][stage.id] = None
    return tuple(
        AccountStatus(
            account=account,
            regions=tuple(regions[account]),
            state=next(one for one in _WORST if counts[one]),
            resources=counts.total(),
            done=counts[Progress.DONE],
            failed=counts[Progress.FAILED],
            running=counts[Progress.RUNNING],
            failed_stages=tuple(failed[account]),
        )
        for account, counts in sorted(states.items())
    )
