"""The choice of the aws plugin in a rehearsal."""

from __future__ import annotations

import pytest

from drstate.errors import ConfigError
from drstate.execution.rehearsal import real_provider_wanted, rehearsal_environment
from drstate.programs.declare.endpoints import ENDPOINT_VARIABLE, endpoint_arguments


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
    assert list(told) == [ENDPOINT_VARIABLE]
    assert endpoint_arguments(told)["endpoints"][0].rds == "http://127.0.0.1:1"
    assert endpoint_arguments({}) == {}
