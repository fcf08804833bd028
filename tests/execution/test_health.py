from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from drstate.execution.health import wave_health
from drstate.execution.probe import probe
from drstate.model.events import ResourceStatus, WaveHealth

S = ResourceStatus


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ({"db": S.HEALTHY, "job": S.HEALTHY}, WaveHealth.HEALTHY),
        ({"db": S.HEALTHY, "job": S.UNHEALTHY}, WaveHealth.DEGRADED),
        ({"db": S.UNHEALTHY, "job": S.HEALTHY}, WaveHealth.UNHEALTHY),
        ({"db": S.UNKNOWN, "job": S.HEALTHY}, WaveHealth.UNHEALTHY),
        ({"db": S.DEGRADED, "job": S.HEALTHY}, WaveHealth.DEGRADED),
        ({"db": S.HEALTHY, "job": S.SKIPPED}, WaveHealth.HEALTHY),
        ({}, WaveHealth.HEALTHY),
    ],
)
def test_a_wave_is_unhealthy_only_where_an_essential_resource_failed(
    statuses: dict[str, ResourceStatus], verdict: WaveHealth
) -> None:
    assert wave_health(statuses, {"db"}) is verdict


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/escape":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/ok")
        else:
            self.send_response({"/ok": 204}.get(self.path, 503))
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_health_url_is_healthy_when_it_answers_2xx_also_after_a_redirect(address: str) -> None:
    assert probe(f"{address}/ok").ok
    assert probe(f"{address}/moved").ok
    assert not probe(f"{address}/broken").ok
    assert "503" in probe(f"{address}/broken").detail


def test_a_health_url_never_leads_to_a_file(address: str) -> None:
    assert not probe(f"{address}/escape").ok
    assert not probe("file:///etc/hostname").ok


def test_an_address_where_nobody_listens_is_not_healthy(address: str) -> None:
    taken = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    port = taken.server_port
    taken.server_close()
    found = probe(f"http://127.0.0.1:{port}/")
    assert not found.ok
    assert "does not answer" in found.detail
