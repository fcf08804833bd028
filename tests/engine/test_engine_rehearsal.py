"""The choice of the aws plugin in a rehearsal."""

from __future__ import annotations

import pytest

from drstate.errors import ConfigError
from drstate.execution.rehearsal import real_provider_wanted, rehearsal_environment
from drstate.programs import aurora
from drstate.programs.ecs import owners as ecs
from drstate.programs.endpoints import ENDPOINT_VARIABLE, SERVICES, endpoint_arguments
from drstate.programs.flags import FLAG_OWNERS

#: by a resource's module: what the real plugin calls for it, by its names of services
CALLED = {
    "appautoscaling": {"applicationautoscaling"},
    "cloudwatch": {"cloudwatch", "logs"},
    "ecs": {"ecs"},
    "rds": {"rds"},
    "route53": {"route53"},
}
#: what it calls at its own start: the role's session, and whose it is
AT_START = {"iam", "sts"}


def test_the_sandboxs_own_plugin_is_taken_unless_the_real_one_is_asked_for():
    assert not real_provider_wanted({}, "embedded")
    assert not real_provider_wanted({"DRSTATE_SANDBOX_PROVIDER": "sandbox"}, None)
    assert real_provider_wanted({"DRSTATE_SANDBOX_PROVIDER": "aws"}, None)


@pytest.mark.parametrize(
    ("value", "engine", "told"), [("gcp", None, "'gcp'"), ("aws", "embedded", "embedded engine")]
)
def test_what_cannot_work_is_refused(value, engine, told):
    with pytest.raises(ConfigError, match=told):
        real_provider_wanted({"DRSTATE_SANDBOX_PROVIDER": value}, engine)


def test_programs_are_told_the_endpoint_under_the_name_that_they_read():
    told = rehearsal_environment("http://127.0.0.1:1")
    assert told.pop("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION") == "true"
    assert list(told) == [ENDPOINT_VARIABLE]
    assert endpoint_arguments(told)["endpoints"][0].rds == "http://127.0.0.1:1"
    assert endpoint_arguments({}) == {}


def test_every_service_that_the_real_plugin_calls_for_a_program_is_at_the_sandbox():
    modules = {
        token.split(":")[1].split("/")[0]
        for owners in (aurora.OWNERS, ecs.OWNERS, FLAG_OWNERS)
        for token in owners
    }
    called = AT_START.union(*(CALLED[module] for module in modules))
    assert called <= set(SERVICES)
    pointed = endpoint_arguments(rehearsal_environment("http://127.0.0.1:1"))["endpoints"][0]
    assert {getattr(pointed, name) for name in called} == {"http://127.0.0.1:1"}
