"""Events on their way to whoever listens, and the display for people."""

import json
import threading
from concurrent import futures

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import events_pb2_grpc

from drstate.sandbox.engine.display import Display
from tests.sandbox.engine.front_harness import ROOT, Front, fails, stderr


class Listener(events_pb2_grpc.EventsServicer):
    """What the SDK runs, but slow to reply or quick to break off."""

    def __init__(self, *, fail=False):
        self.events = []
        self.fail = fail
        self.release = threading.Event()
        self.release.set()

    def StreamEvents(self, request_iterator, context):  # noqa: N802 - a gRPC name
        for request in request_iterator:
            self.events.append(json.loads(request.event))
        self.release.wait(30)
        if self.fail:
            context.abort(grpc.StatusCode.INTERNAL, "broken")
        return empty_pb2.Empty()


@pytest.fixture
def listen():
    servers = []

    def start(listener):
        server = grpc.server(futures.ThreadPoolExecutor(2))
        events_pb2_grpc.add_EventsServicer_to_server(listener, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"tcp://127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(0).wait()


def up(front, address):
    return front.run(
        "up",
        "--yes",
        "--skip-preview",
        "--client=127.0.0.1:1",
        "--event-log",
        address,
        "--stack",
        "dev",
    )


def test_the_command_returns_after_the_listener_has_replied(front, listen):
    listener = Listener()
    listener.release.clear()
    address = listen(listener)
    with futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(up, front, address)
        with pytest.raises(futures.TimeoutError):
            done.result(timeout=0.5)
        listener.release.set()
        done.result(timeout=30)
    assert [next(iter(set(one) - {"sequence", "timestamp"})) for one in listener.events] == [
        "preludeEvent",
        "summaryEvent",
        "cancelEvent",
    ]
    assert [one["sequence"] for one in listener.events] == [0, 1, 2]


def test_many_events_from_many_threads_arrive_in_the_order_of_their_numbers(front, listen):
    def act(_request, _log, emit):
        def work(number):
            for index in range(50):
                emit({"stdoutEvent": {"message": f"{number}/{index}"}})

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    listener = Listener()
    front.script.act = act
    up(front, listen(listener))
    assert [one["sequence"] for one in listener.events] == list(range(403))


def test_a_listener_that_breaks_off_is_reported_and_the_state_is_saved(front, listen):
    error = stderr(fails(up, front, listen(Listener(fail=True))))
    assert "the update itself is complete and saved" in error
    history = front.run("stack", "history", "--json", "--stack", "dev").stdout
    assert json.loads(history)[0]["result"] == "succeeded"
    assert front.locks() == []


def test_events_may_go_to_a_file(front, tmp_path):
    up(front, str(tmp_path / "events"))
    lines = (tmp_path / "events").read_text().splitlines()
    assert [min(json.loads(line)) for line in lines] == [
        "preludeEvent",
        "sequence",
        "cancelEvent",
    ]


def test_an_event_log_that_cannot_be_opened_is_refused(front):
    assert "--event-log http://x" in stderr(fails(up, front, "http://x"))


def test_a_bug_in_the_deployment_half_still_ends_the_stream(front, listen):
    def act(_request, _log, _emit):
        raise ZeroDivisionError

    listener = Listener()
    front.script.act = act
    with pytest.raises(ZeroDivisionError):
        up(front, listen(listener))
    assert "cancelEvent" in listener.events[-1]


def test_the_sdk_receives_events_through_the_whole_way(tmp_path):
    stack = Front(tmp_path).stack()
    events = []
    stack.up(on_event=events.append)
    assert events[0].prelude_event is not None
    assert events[-1].cancel_event is not None


# -- the display ---------------------------------------------------------------------------------


def metadata(op, name="a", kind="test:index:Thing", **extra):
    urn = ROOT if kind == "pulumi:pulumi:Stack" else f"urn:pulumi:dev::shop::{kind}::{name}"
    return {"op": op, "urn": urn, "type": kind, "old": None, "new": None, **extra}


def shown(*events, dry_run=False, kind="update"):
    lines = []
    display = Display(kind, dry_run, "dev", "shop", lines.append)
    display.begin()
    for one in events:
        display.take(one)
    display.end(2.4)
    return lines


def summary(**changes):
    return {"summaryEvent": {"resourceChanges": changes, "result": "succeeded"}}


def test_an_update_is_shown_as_rows_outputs_counts_and_duration():
    stack = metadata(
        "same",
        kind="pulumi:pulumi:Stack",
        old={"outputs": {"n": 1, "gone": "x"}},
        new={"outputs": {"n": 2, "s": {"4dabf18193072939515e22adb298388d": "1b47"}}},
    )
    update = metadata("update", detailedDiff={"value": {"diffKind": "update"}})
    assert shown(
        {"resourcePreEvent": {"metadata": stack}},
        {"resourcePreEvent": {"metadata": update}},
        {"resOutputsEvent": {"metadata": update}},
        {"resOutputsEvent": {"metadata": stack}},
        summary(update=1, same=1),
    ) == [
        "Updating (dev):",
        "",
        "    pulumi:pulumi:Stack shop-dev",
        " ~  test:index:Thing a updating (0s) [diff: ~value]",
        " ~  test:index:Thing a updated (0.00s) [diff: ~value]",
        "Outputs:",
        '  - gone: "x"',
        "  ~ n   : 1 => 2",
        "  + s   : [secret]",
        "",
        "Resources:",
        "    ~ 1 updated",
        "    1 unchanged",
        "",
        "Duration: 2s",
        "",
    ]


def test_a_preview_says_what_would_be_done_and_has_no_duration():
    lines = shown(
        {"resourcePreEvent": {"metadata": metadata("create")}},
        {"resOutputsEvent": {"metadata": metadata("create")}},
        summary(create=1, replace=2),
        dry_run=True,
        kind="preview",
    )
    assert lines == [
        "Previewing update (dev):",
        "",
        " +  test:index:Thing a create",
        "Resources:",
        "    + 1 to create",
        "    +-2 to replace",
        "    3 changes",
        "",
    ]


def test_diagnostics_are_complete_grouped_by_resource_and_without_debug():
    def said(severity, message, urn=""):
        one = {"severity": severity, "message": message, "prefix": f"{severity}: ", "urn": urn}
        return {"diagnosticEvent": one}

    lines = shown(
        said("error", "first line\nsecond line\n", "urn:pulumi:dev::shop::g$test:index:Thing::a"),
        said("debug", "noise"),
        said("error", "update failed\n"),
        summary(),
    )
    assert lines[lines.index("Diagnostics:") : lines.index("Resources:")] == [
        "Diagnostics:",
        "  test:index:Thing (a):",
        "    error: first line",
        "    second line",
        "",
        "  pulumi:pulumi:Stack (shop-dev):",
        "    error: update failed",
        "",
    ]
    assert "    2 errored" in lines
