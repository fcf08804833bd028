"""What an emergency depends on outside its region is read from its plan, before any call."""

from __future__ import annotations

from drstate.model.plan import Call, Plane
from drstate.planning.stability import stability
from tests.execution import transcript as t

DB, DNS = t.key("db"), t.key("name")


def stage(*calls: Call, stack: bool = False):  # type: ignore[no-untyped-def]
    action = t.action(DB).model_copy(update={"calls": calls})
    shard = t.shard(t.A, "w1", DB, actions=(action,))
    return t.stage(1, shard if stack else shard.model_copy(update={"stack": None}))


def call(service: str, region: str, plane: Plane = Plane.CONTROL) -> Call:
    return Call(service=service, operation="Do", region=region, plane=plane)


def test_calls_in_the_region_that_is_recovered_are_stable() -> None:
    here = [call("rds", t.WEST), call("cloudwatch", t.WEST, Plane.DATA)]
    found = stability([stage(*here)], t.WEST)
    assert found.stable
    assert (found.calls, found.data_plane) == (2, 1)
    assert found.said.startswith(f"depends on nothing outside {t.WEST}")


def test_a_call_elsewhere_is_named_once_with_what_frees_from_it() -> None:
    calls = [call("route53", "us-east-1"), call("route53", "us-east-1"), call("rds", t.WEST)]
    found = stability([stage(*calls)], t.WEST)
    assert not found.stable
    (need,) = found.dependences
    assert (need.resource, need.call.region) == (DB, "us-east-1")
    assert "way: flag" in need.hint
    assert "calls in us-east-1" in found.said


def test_a_data_plane_of_another_region_is_a_dependence_too() -> None:
    found = stability([stage(call("sqs", "eu-west-1", Plane.DATA))], t.WEST)
    assert [one.call.region for one in found.dependences] == ["eu-west-1"]
    assert "beforehand" in found.dependences[0].hint


def test_endpoints_of_which_any_will_do_are_no_dependence() -> None:
    places = (t.WEST, "eu-west-1", "ap-northeast-1")
    turned = [call("route53-recovery-cluster", place, Plane.DATA) for place in places]
    found = stability([stage(*turned)], t.WEST)
    assert found.stable
    assert found.spare == ("ap-northeast-1", "eu-west-1")
    assert "ap-northeast-1, eu-west-1 may" in found.said
    # its control plane, or the only endpoint that is asked, is another matter
    for alone in (
        [call("route53-recovery-cluster", place) for place in places],
        [call("route53-recovery-cluster", "eu-west-1", Plane.DATA)],
        [call("sqs", place, Plane.DATA) for place in places],
    ):
        assert not stability([stage(*alone)], t.WEST).stable


def test_a_stack_update_stands_in_the_way() -> None:
    found = stability([stage(call("rds", t.WEST), stack=True)], t.WEST)
    assert found.stacks == 1
    assert not found.stable
    assert "1 stack updates" in found.said
