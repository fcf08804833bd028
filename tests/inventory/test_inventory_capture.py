"""Capture reads in parallel and survives what it cannot read."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from drstate.aws.caller import AwsCaller, open_caller
from drstate.errors import InternalError, OperationError
from drstate.inventory.capture import capture
from drstate.inventory.sifting import sift
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from tests.aws.clocks import FakeClock
from tests.inventory.values import APP, CLAIMS, DATA, cluster, scope, service, spec

RESOURCES = sift(
    scope().model_copy(update={"dns": []}),
    [*(cluster(f"c{number}") for number in range(4)), service("web")],
    CLAIMS,
).resources


class Adapter:
    def __init__(self, technology: str, read: Any) -> None:
        self.technology = technology
        self.transient_codes = frozenset({f"{technology}Busy"})
        self._read = read

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        assert aws._transient_codes == self.transient_codes
        found: Spec = self._read(resource)
        return found


@pytest.fixture
def caller(clock: FakeClock) -> AwsCaller:
    return open_caller(scope().accounts, session_name="x", clock=clock)


def test_every_resource_is_read_by_its_technologys_adapter(caller: AwsCaller) -> None:
    adapters = [Adapter("aurora", lambda _: spec(1)), Adapter("ecs", lambda _: spec(2))]
    specs, failures = capture(RESOURCES, adapters, caller)
    assert failures == ()
    assert specs == {
        **{f"aurora/{DATA}/c{number}": spec(1) for number in range(4)},
        f"ecs/{APP}/main/web": spec(2),
    }


def test_resources_are_read_at_the_same_time(caller: AwsCaller) -> None:
    together = threading.Barrier(4, timeout=10)

    def read(_: Resource) -> Spec:
        together.wait()  # passes only when four are inside at once
        return spec()

    clusters = RESOURCES[:4]
    specs, _ = capture(clusters, [Adapter("aurora", read)], caller, parallel=4)
    assert len(specs) == 4


def test_one_failure_is_told_and_costs_the_others_nothing(caller: AwsCaller) -> None:
    def read(resource: Resource) -> Spec:
        if resource.name == "c1":
            raise OperationError("it stands at zero", why="w", hint="scale it up")
        return spec()

    specs, failures = capture(RESOURCES[:4], [Adapter("aurora", read)], caller)
    assert sorted(specs) == [f"aurora/{DATA}/c{number}" for number in (0, 2, 3)]
    assert [(one.resource, one.error.what, one.error.hint) for one in failures] == [
        (f"aurora/{DATA}/c1", "it stands at zero", "scale it up")
    ]


def test_a_technology_without_an_adapter_is_a_failure_of_its_resources(caller: AwsCaller) -> None:
    specs, failures = capture(RESOURCES, [Adapter("aurora", lambda _: spec())], caller)
    assert len(specs) == 4
    assert "no adapter handles the technology 'ecs'" in failures[0].error.what


def test_only_the_region_asked_for_is_read(caller: AwsCaller) -> None:
    there = [one.model_copy(update={"region": "us-west-2"}) for one in RESOURCES]
    adapters = [Adapter("aurora", lambda _: spec()), Adapter("ecs", lambda _: spec())]
    assert capture([RESOURCES[0], *there[1:]], adapters, caller, "us-east-1") == (
        {RESOURCES[0].key: spec()},
        (),
    )
    assert capture([], adapters, caller) == ({}, ())


def test_a_bug_is_not_hidden_as_a_failure(caller: AwsCaller) -> None:
    def read(_: Resource) -> Spec:
        raise InternalError("a bug")

    with pytest.raises(InternalError):
        capture(RESOURCES[:1], [Adapter("aurora", read)], caller)
