"""Hooks stand around everything else of their shard: before the first, after the last."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.errors import OperationError
from drstate.execution.shardstep import ShardStep
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import ActionSpec, ShardPlan, Stage, When
from drstate.model.scope import ScopeKey
from drstate.model.shard import ShardId

KEY = ScopeKey.model_validate({"customer": "acme", "environment": "production"})


def action(
    resource: str, when: When, *, outermost: bool = False, guards: bool = False
) -> ActionSpec:
    return ActionSpec(
        id=f"{resource}#{when}",
        resource=resource,
        technology=resource,
        title=resource,
        when=when,
        calls=(),
        estimate_seconds=1,
        deadline_seconds=1,
        outermost=outermost,
        guards=guards,
    )


class Told(ShardStep):
    """A shard whose actions are only noted."""

    def __init__(self, shard: ShardPlan) -> None:
        stage = Stage(
            id="activate.w1",
            phase=Phase.ACTIVATE,
            wave=1,
            region="us-west-2",
            shards=(shard,),
            gate=False,
            budget_seconds=1,
            estimate_seconds=1,
        )
        bench: Any = None
        super().__init__(bench, stage, shard, levels=lambda keys: [[key] for key in keys])
        self.order: list[str] = []

    def _together(self, chains: dict[str, list[ActionSpec]]) -> None:
        self.order += [spec.id for chain in chains.values() for spec in chain]
        # what is called so fails
        self._failed |= {key for key in chains if key.startswith("bad")}


def shard_of(*actions: ActionSpec) -> ShardPlan:
    return ShardPlan(
        id=ShardId(scope=KEY, region="us-west-2", account="211111111101", group="w1"),
        stack=None,
        site_state=SiteState.ACTIVE,
        resources=tuple(sorted({one.resource for one in actions})),
        declared=(),
        actions=actions,
        estimate_seconds=1,
    )


def test_hooks_are_the_first_before_the_stack_and_the_last_behind_it() -> None:
    shard = shard_of(
        action("sql-ag", When.BEFORE),
        action("freeze", When.BEFORE, outermost=True),
        action("smoke", When.AFTER, outermost=True),
        action("ecs", When.AFTER),
    )
    step = Told(shard)
    step._actions(When.BEFORE)
    step._actions(When.AFTER)
    assert step.order == ["freeze#before", "sql-ag#before", "ecs#after", "smoke#after"]


def test_where_a_guard_fails_nothing_behind_it_is_begun() -> None:
    database = action("sql-ag", When.BEFORE)
    step = Told(shard_of(database, action("bad", When.BEFORE, outermost=True, guards=True)))
    with pytest.raises(OperationError, match="nothing else of this account and wave was begun"):
        step._actions(When.BEFORE)
    assert step.order == ["bad#before"]
    tolerated = Told(shard_of(database, action("bad", When.BEFORE, outermost=True)))
    tolerated._actions(When.BEFORE)
    assert tolerated.order == ["bad#before", "sql-ag#before"]
