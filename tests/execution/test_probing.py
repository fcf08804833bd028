"""Probes: what they find, from here and from inside, and what is told where they cannot be sent."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from drstate.adapters.policy import policy
from drstate.adapters.registry import adapter_for
from drstate.errors import AwsCallError, OperationError, Retry
from drstate.execution import probe_function
from drstate.execution.probing import Prober
from drstate.model.probe import Probe, ProbeKind
from drstate.model.scope import Scope
from tests.planning.planning_estate import APP, DATA, SCOPE, WEST

_MOVED = {"/moved": "/ok", "/escape": "ftp://127.0.0.1/ok", "/file": "file:///etc/hostname"}


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path in _MOVED:
            self.send_response(302)
            self.send_header("Location", _MOVED[self.path])
        else:
            self.send_response({"/ok": 204}.get(self.path, 503))
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def closed() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def ask(**request: Any) -> dict[str, Any]:
    return probe_function.handler({"schema": probe_function.SCHEMA, "timeout": 2, **request}, None)


@pytest.mark.parametrize(
    ("page", "ok", "says"),
    [
        ("/ok", True, "answers 204"),
        ("/moved", True, "answers 204"),
        ("/broken", False, "answers 503"),
        ("/escape", False, "redirects to ftp:"),
        ("/file", False, "answers 302"),
    ],
)
def test_an_address_is_healthy_when_it_answers_2xx_and_never_leads_to_a_file(
    address: str, page: str, ok: bool, says: str
) -> None:
    found = ask(kind="http", url=f"{address}{page}")
    assert (found["ok"], says in found["detail"]) == (ok, True), found


def test_a_port_is_open_or_the_reason_is_told(address: str, closed: int) -> None:
    port = int(address.rpartition(":")[2])
    assert ask(kind="tcp", host="127.0.0.1", port=port)["ok"]
    found = ask(kind="tcp", host="127.0.0.1", port=closed)
    assert not found["ok"]
    assert f"127.0.0.1:{closed} does not answer" in found["detail"]


def test_a_name_is_told_with_its_addresses() -> None:
    assert "127.0.0.1" in ask(kind="dns", host="localhost.")["names"]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ([], "not a JSON object"),
        ({"schema": "drstate.probe/9", "kind": "tcp"}, "speaks drstate.probe/1"),
        ({"schema": "drstate.probe/1", "kind": "ping"}, "known are tcp, dns, http"),
        ({"schema": "drstate.probe/1", "kind": "tcp", "port": 1}, "host is missing"),
        ({"schema": "drstate.probe/1", "kind": "tcp", "host": "a", "port": 0}, "port is 0"),
        ({"schema": "drstate.probe/1", "kind": "dns", "host": "a", "timeout": 0}, "timeout is 0"),
        ({"schema": "drstate.probe/1", "kind": "http", "url": "file:///etc/passwd"}, "not an http"),
    ],
)
def test_a_request_that_makes_no_sense_is_answered_not_raised(request_: Any, says: str) -> None:
    found = probe_function.handler(request_, None)
    assert not found["ok"]
    assert says in found["detail"]


class Functions:
    """A caller that stands for Lambda: it runs the shipped handler, or what the test says."""

    def __init__(self, run: Callable[[Any], Any] | None = None, error: str | None = None) -> None:
        self.calls: list[tuple[str, str, str, str, str]] = []
        self._run = run or (lambda event: probe_function.handler(event, None))
        self._error = error

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        where = params["account"], params["region"], params["FunctionName"]
        self.calls.append((service, operation, *where))
        if self._error is not None:
            raise AwsCallError(
                "lambda Invoke failed",
                service="lambda",
                operation="Invoke",
                aws_code=self._error,
                hint="look at it",
            )
        answer = self._run(json.loads(params["Payload"]))
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}


def scoped(*places: dict[str, Any]) -> Scope:
    document = SCOPE.model_dump(mode="json", by_alias=True)
    accounts = [{**one, "external_id": "outside"} for one in document["accounts"]]
    return Scope.model_validate({**document, "accounts": accounts, "probes": {WEST: [*places]}})


VPC = {"account": APP, "function": "drstate-probe"}


def prober(aws: Functions, *places: dict[str, Any], account: str = DATA) -> Prober:
    return Prober(scoped(*places), WEST, account, aws)  # type: ignore[arg-type]


def tcp(port: int) -> Probe:
    return Probe(kind=ProbeKind.TCP, what="writer endpoint", host="127.0.0.1", port=port)


def test_a_probe_goes_through_the_function_that_the_scope_file_names(address: str) -> None:
    aws = Functions()
    found = prober(aws, VPC).ask(tcp(int(address.rpartition(":")[2])))
    assert found.ok
    assert "asked from inside us-west-2" in found.detail
    assert found.facts()["from"] == "inside us-west-2"
    assert aws.calls == [("lambda", "invoke", APP, WEST, "drstate-probe")]


def test_the_function_of_the_resources_own_account_goes_first() -> None:
    own = {"account": DATA, "function": "mine"}
    aws = Functions()
    prober(aws, VPC, own).ask(tcp(1))
    prober(aws, VPC, own, account="100000000002").ask(tcp(1))
    assert [call[2:] for call in aws.calls] == [(DATA, WEST, "mine"), (APP, WEST, "drstate-probe")]


def test_a_runner_inside_the_network_asks_itself(closed: int) -> None:
    aws = Functions()
    sent = prober(aws, {"way": "runner"})
    assert sent.chosen
    found = sent.ask(tcp(closed))
    assert not found.ok
    assert "security groups" in found.hint
    assert aws.calls == []


def test_without_a_place_nothing_but_health_urls_is_asked_and_from_here(address: str) -> None:
    sent = Prober(SCOPE, WEST, DATA, Functions())  # type: ignore[arg-type]
    assert not sent.chosen
    assert sent.ask(Probe(kind=ProbeKind.HTTP, what="health URL", url=f"{address}/ok")).ok


def test_a_name_that_still_answers_the_other_site_is_not_good() -> None:
    names = ["west.elb.example", "198.51.100.7"]
    aws = Functions(
        lambda event: {"schema": event["schema"], "ok": True, "detail": "resolves", "names": names}
    )
    probe = Probe(
        kind=ProbeKind.DNS, what="record", host="app.example.", wanted=("West.ELB.example.",)
    )
    assert prober(aws, VPC).ask(probe).ok
    found = prober(aws, VPC).ask(probe.model_copy(update={"wanted": ("east.elb.example",)}))
    assert not found.ok
    assert found.detail.startswith(
        "app.example resolves to west.elb.example, 198.51.100.7; east.elb.example is wanted"
    )
    assert "time to live" in found.hint


@pytest.mark.parametrize(
    ("aws", "says", "helps", "retry"),
    [
        (
            Functions(error="ResourceNotFoundException"),
            "no probe could be sent from inside us-west-2",
            "mend probes.us-west-2 of stacks/acme/production.yaml",
            Retry.PERMANENT,
        ),
        (
            Functions(lambda _: {"errorMessage": "Task timed out after 3.00 seconds"}),
            "raised an error",
            "/aws/lambda/drstate-probe",
            Retry.TRANSIENT,
        ),
        (
            Functions(lambda _: {"hello": 1}),
            "no probe function",
            "deploy it again",
            Retry.PERMANENT,
        ),
        (Functions(lambda _: ["hello"]), "did not answer as expected", "", Retry.PERMANENT),
    ],
)
def test_a_probe_that_cannot_be_sent_is_told_with_what_helps(
    aws: Functions, says: str, helps: str, retry: Retry
) -> None:
    with pytest.raises(OperationError) as caught:
        prober(aws, VPC).ask(tcp(1))
    assert says in caught.value.what
    assert helps in caught.value.hint
    assert caught.value.retry is retry


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ({"function": "drstate-probe"}, "needs account and function"),
        ({"way": "runner", "function": "drstate-probe"}, "has no function"),
        ({"account": "999999999999", "function": "f"}, "which accounts: lacks"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(place: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        scoped(place)


def test_a_policy_grants_the_functions_that_are_named_and_no_others() -> None:
    arn = "arn:aws:lambda:us-west-2:211111111102:function:other"
    adapters = [adapter_for(name) for name in ("aurora", "ecs", "route53")]
    found = policy(adapters, functions=("drstate-probe", arn))["Statement"][-1]
    assert found["Action"] == ["lambda:InvokeFunction"]
    assert sorted(found["Resource"]) == sorted(["arn:aws:lambda:*:*:function:drstate-probe", arn])
    plain = policy(adapters)["Statement"]
    assert not [row for row in plain if "lambda:InvokeFunction" in row["Action"]]
