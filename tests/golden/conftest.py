"""The golden provider inside the test process: a plugin start costs no interpreter."""

import sys
from pathlib import Path

import pytest
from golden_player import QUICK_PLUGIN

sys.path.insert(0, str(Path(__file__).resolve().parent / "provider"))


@pytest.fixture
def golden_plugin(monkeypatch):
    """Starts the provider's server for a player; gives the text of a plugin that points to it."""
    from golden_provider import serve

    servers = []

    def start(player):
        server, port = serve(str(player.world), str(player.log))
        servers.append(server)
        monkeypatch.setenv("GOLDEN_PORT", str(port))
        return QUICK_PLUGIN

    yield start
    for server in servers:
        server.stop(0).wait()
