"""A sandbox of one's own for every test: a copy of one that is started once."""

import pytest
from botocore.exceptions import ClientError

from drstate.sandbox import process
from tests.sandbox.emulated_clients import Emulated


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """The sandbox that the others are copied from. It takes the nominal durations."""
    home = tmp_path_factory.mktemp("sandbox")
    status = process.start(home, time_scale=1.0)
    yield Emulated(home, status)
    process.stop(home)


@pytest.fixture
def sandbox(original, tmp_path):
    """A copy for one test."""
    home = tmp_path / "copy"
    found = Emulated(home, process.fork(original.home, home))
    yield found
    process.stop(home)
    assert found.wrong == []


@pytest.fixture
def refused():
    """Run a call that must fail; returns code, HTTP status, message, number of retries."""

    def call(operation, **parameters):
        with pytest.raises(ClientError) as caught:
            operation(**parameters)
        answer = caught.value.response
        meta = answer["ResponseMetadata"]
        return (
            answer["Error"]["Code"],
            meta["HTTPStatusCode"],
            answer["Error"]["Message"],
            meta["RetryAttempts"],
        )

    return call
