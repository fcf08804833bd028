"""A failback is not begun towards a region that does not answer. Pure."""

from __future__ import annotations

import pytest

from drstate.execution.origin import unready
from drstate.model.events import ErrorInfo
from drstate.model.phases import Operation, Phase
from drstate.report.preview import RefusalView, ShardPreview, StagePreview
from tests.execution import transcript as t
from tests.planning.planning_estate import EAST, SCOPE, WEST

SILENT = ErrorInfo(code="AwsCall", what="no usable answer", why="closed", retry="transient")
BARRED = ErrorInfo(code="Credentials", what="the role could not be assumed")
MISSING = ErrorInfo(code="AwsCall", what="there is no such service")


def refused(
    *errors: ErrorInfo | None,
    operation: Operation = Operation.FAILBACK,
    region: str = EAST,
    force: bool = False,
) -> tuple[RefusalView, ...]:
    shards = tuple(
        ShardPreview(shard=f"s{n}", account=f"{n:012d}", region=region, stack=None, error=error)
        for n, error in enumerate(errors)
    )
    stage = StagePreview(
        stage="cleanup.w1",
        phase=Phase.CLEANUP,
        wave=1,
        region=region,
        estimate_seconds=1,
        shards=shards,
    )
    plan = t.plan().model_copy(update={"operation": operation, "force": force})
    return unready(SCOPE, plan, [stage, stage])


def test_each_account_that_does_not_answer_is_told_once_and_may_be_waited_for() -> None:
    silent, barred = refused(SILENT, None, BARRED)
    assert silent.what == f"{EAST} is not ready to serve again in account 000000000000"
    assert (silent.why, silent.passes) == ("no usable answer: closed", True)
    assert "--wait 30m" in silent.hint
    assert barred.what.endswith("000000000002")


def test_what_aws_answered_is_the_phases_business() -> None:
    assert refused(MISSING, None) == ()


@pytest.mark.parametrize(
    "other",
    [{"operation": Operation.FAILOVER}, {"region": WEST}, {"force": True}],
)
def test_nothing_else_waits_for_the_original_region(other: dict[str, object]) -> None:
    assert refused(SILENT, **other) == ()  # type: ignore[arg-type]
