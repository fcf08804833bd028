"""Requests to an OpenSearch domain: where they go, how they are signed, what a refusal becomes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from drstate.aws.hosts import HostClient

HOST = "orders.us-west-2.es.amazonaws.com"


class Wire:
    """Stands for the network: keeps the request, gives one answer."""

    def __init__(self, status: int, content: Any) -> None:
        self.answer = SimpleNamespace(status_code=status, content=json.dumps(content).encode())
        self.sent: list[Any] = []

    def send(self, request: Any) -> Any:
        self.sent.append(request)
        return self.answer


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another endpoint for AWS is named by the tests that are about it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def domain(wire: Wire, **more: Any) -> HostClient:
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "secret", "token")
    client = session.create_client("opensearch", region_name="us-west-2", **more)
    made = HostClient(client, HOST, connect_seconds=1, read_seconds=1)
    made._session = wire  # type: ignore[assignment]
    return made


def test_the_domain_itself_is_asked_and_the_request_is_signed_for_it() -> None:
    wire = Wire(200, {"accepted": True})
    assert domain(wire).es_http_put("/_snapshot/one", {"type": "s3"}) == {"accepted": True}
    (sent,) = wire.sent
    assert (sent.method, sent.url) == ("PUT", f"https://{HOST}/_snapshot/one")
    assert "/us-west-2/es/aws4_request" in str(sent.headers["Authorization"])
    assert "SignedHeaders=content-type;host;" in str(sent.headers["Authorization"])


def test_where_another_endpoint_stands_for_aws_it_is_asked_in_the_domains_name() -> None:
    wire = Wire(200, [])
    client = domain(wire, endpoint_url="http://127.0.0.1:9")
    assert client.es_http_get("/_cat/indices") == {"items": []}
    assert wire.sent[0].url == "http://127.0.0.1:9/_cat/indices"
    assert wire.sent[0].headers["Host"] in (HOST, HOST.encode())


def test_a_refusal_has_the_type_of_the_domains_own_error() -> None:
    said = {"error": {"type": "repository_missing_exception", "reason": "[one] missing"}}
    with pytest.raises(ClientError) as caught:
        domain(Wire(404, said)).es_http_get("/_snapshot/one")
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("repository_missing_exception", "[one] missing")
