"""What resources may be called, and what is chosen or refused by it."""

from __future__ import annotations

import pytest

from drstate.errors import ConfigError, UnknownNameError
from drstate.model.called import Called
from drstate.model.phases import Operation, Phase
from drstate.model.plan import Plan, Unreached
from drstate.planning.compiling import compile_plan
from drstate.planning.dependencies import resolve
from drstate.planning.requests import PlanRequest
from tests.planning.planning_estate import APP, DATA, SCOPE, ScriptedWork, catalog, demo, entry

ORDERS, WEB = f"aurora/{DATA}/orders", f"ecs/{APP}/shop/web"


def plan(known=None, **more) -> Plan:
    request = PlanRequest(operation=Operation.PHASE, phases=(Phase.ACTIVATE,), **more)
    return compile_plan(request, known or demo(), SCOPE, ScriptedWork())


@pytest.mark.parametrize(
    "written",
    ["web", "shop/web", "ecs/shop/web", WEB, f"arn:aws:ecs:us-east-1:{APP}:shop/web"],
)
def test_a_target_may_be_called_by_key_arn_name_its_last_part_and_technology(written):
    found = plan(targets=(written,))
    assert [stage.id for stage in found.stages] == ["activate.w2"]
    known = Called(one.resource for one in demo().entries)
    assert known.keys(written) == (WEB,)
    dependent = entry("report", wave=3, needs=(written,))
    assert resolve([*demo().entries, dependent]).of[dependent.key] == (WEB,)


def test_an_unknown_target_offers_what_may_be_meant():
    with pytest.raises(UnknownNameError) as caught:
        plan(targets=("order",))
    assert f"did you mean {ORDERS}?" in caught.value.hint
    with pytest.raises(UnknownNameError) as caught:
        plan(targets=("zzz",))
    assert "did you mean" not in caught.value.hint


def test_a_target_that_fits_several_is_refused_with_their_keys():
    known = catalog(entry("orders"), entry("orders", account=APP))
    with pytest.raises(ConfigError, match="fits 2 resources") as caught:
        plan(known, targets=("orders",))
    assert ORDERS in caught.value.why
    assert f"--target {ORDERS}" in caught.value.hint


def test_a_plan_that_could_not_ask_an_account_is_not_whole():
    row = Unreached(account=APP, name="acme-app", region="us-east-1", what="could not be asked")
    assert not plan().partial
    found = plan(unreached=(row,))
    assert (found.partial, found.unreached) == (True, (row,))
