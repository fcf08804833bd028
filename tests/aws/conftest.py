"""Fixtures of the AWS room: a small AWS that answers as told, and callers into it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from tests.aws.clocks import FakeClock
from tests.aws.server import SmallAws, serve


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallAws]:
    small = SmallAws()
    server = serve(small)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": small.endpoint,
        "AWS_ACCESS_KEY_ID": "AKIARUNNER0000000000",
        "AWS_SECRET_ACCESS_KEY": "the-runners-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    yield small
    small.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join()
