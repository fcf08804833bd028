"""Lambda functions that run, and what they reach: the shipped probe function is one of them."""

import io
import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drstate.execution import probe_function

DATA, APP = "211111111101", "211111111102"
EAST, WEST = "us-east-1", "us-west-2"
ROLE = f"arn:aws:iam::{APP}:role/drstate-target"


def package(text):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("probe_function.py", text)
    return stream.getvalue()


@pytest.fixture
def function(sandbox):
    """Deploy a function into the application's account; gives what asks it."""
    client = sandbox.client("lambda", EAST, APP)
    # its answer is a stream, which looking at it would use up
    plain = sandbox.assumed(APP).client(
        "lambda", region_name=EAST, endpoint_url=sandbox.status.endpoint
    )

    def deploy(text, seconds=10):
        client.create_function(
            FunctionName="drstate-probe",
            Runtime="python3.11",
            Role=ROLE,
            Handler="probe_function.handler",
            Timeout=seconds,
            Code={"ZipFile": package(text)},
        )

        def ask(request, **more):
            found = plain.invoke(FunctionName="drstate-probe", Payload=json.dumps(request), **more)
            return json.loads(found["Payload"].read()), found.get("FunctionError")

        return ask

    return deploy


def test_a_dry_run_runs_nothing(sandbox, function):
    function('raise SystemExit("it ran")')
    plain = sandbox.assumed(APP).client(
        "lambda", region_name=EAST, endpoint_url=sandbox.status.endpoint
    )
    found = plain.invoke(FunctionName="drstate-probe", InvocationType="DryRun", Payload=b"{}")
    assert (found["StatusCode"], found.get("FunctionError")) == (204, None)


@pytest.fixture
def probe(function):
    ask = function(Path(probe_function.__file__).read_text())

    def send(**request):
        answer, error = ask({"schema": probe_function.SCHEMA, "timeout": 2, **request})
        assert error is None
        return answer

    return send


def test_the_probe_function_reaches_what_is_there_and_nothing_else(sandbox, probe):
    cluster = sandbox.client("rds", EAST, DATA).describe_db_clusters(
        DBClusterIdentifier="acme-staging-orders"
    )["DBClusters"][0]
    host, port = cluster["Endpoint"], cluster["Port"]
    assert probe(kind="tcp", host=host, port=port)["ok"]
    closed = probe(kind="tcp", host=host, port=port + 1)
    assert (closed["ok"], "refused" in closed["detail"]) == (False, True)
    unknown = probe(kind="tcp", host="db.elsewhere.example", port=port)
    assert (unknown["ok"], "not known" in unknown["detail"]) == (False, True)
    name = probe(kind="dns", host="app.staging.acme.example.")
    assert "acme-staging-web-1.us-east-1.elb.amazonaws.com" in name["names"]
    assert probe(kind="http", url="http://app.staging.acme.example/health")["ok"]
    assert not probe(kind="gopher")["ok"]


def test_an_error_of_a_function_is_its_answer(function):
    ask = function("def handler(event, context):\n    raise ValueError(event['why'])\n")
    assert ask({"why": "tired"}) == (
        {"errorMessage": "tired", "errorType": "ValueError"},
        "Unhandled",
    )


def test_a_function_that_does_not_end_is_ended_by_its_own_limit(function):
    ask = function("import threading\ndef handler(*_):\n    threading.Event().wait()\n", seconds=1)
    answer, error = ask({})
    assert (answer["errorMessage"], error) == ("Task timed out after 1.00 seconds", "Unhandled")


def test_others_are_served_while_a_function_runs(sandbox, function, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ask = function("def handler(event, _):\n    return open(event['pipe']).read()\n", seconds=30)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, {"pipe": str(pipe)})
        with pipe.open("w") as told:  # opens when the function reads
            found = sandbox.client("rds", EAST, DATA).describe_db_clusters()["DBClusters"]
            told.write(str(len(found)))
        assert asked.result() == (str(len(found)), None)


def test_a_function_that_is_not_there_is_not_found(sandbox, refused):
    client = sandbox.client("lambda", WEST, APP)
    assert refused(client.invoke, FunctionName="none")[:2] == ("ResourceNotFoundException", 404)
