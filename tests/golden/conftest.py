"""The golden provider inside the test process: a plugin start costs no interpreter."""

import pytest

from tests.golden.golden_player import QUICK_PLUGIN


@pytest.fixture
def golden_plugin(monkeypatch):
    """Starts the provider's server for a player; gives the text of a plugin that points to it."""
    from tests.golden.provider.golden_provider import serve

    servers = []

    def start(player):
        server, port = serve(str(player.world), str(player.log))
        servers.append(server)
        monkeypatch.setenv("GOLDEN_PORT", str(port))
        return QUICK_PLUGIN

    yield start
    for server in servers:
        server.stop(0).wait()
