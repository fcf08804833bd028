"""Health as an operator meets it: probes from inside the VPC, a DEGRADED wave, and its gate."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from drstate.execution import probe_function
from tests.e2e import witness
from tests.e2e.harness import RECOVERY, Bench

WHO = {"customer": "acme", "env": "staging"}
WEB = "ecs/211111111102/acme-staging/acme-staging-web"
ARN = "arn:aws:ecs:us-east-1:211111111102:service/acme-staging/acme-staging-web"
PLACES = """
probes:
  us-west-2:
    - account: "211111111102"
      function: drstate-probe
"""


def deploy(bench: Bench) -> None:
    """The shipped probe function, as docs/probes.md has it."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(Path(probe_function.__file__), "probe_function.py")
    bench.client("lambda", witness.APP, RECOVERY).create_function(
        FunctionName="drstate-probe",
        Runtime="python3.11",
        Handler="probe_function.handler",
        Role=f"arn:aws:iam::{witness.APP}:role/drstate-target",
        Timeout=30,
        Code={"ZipFile": package.getvalue()},
    )


@pytest.fixture
def bench(fresh, bench_of):
    """acme/staging in standby; its web service is of low priority and has a health URL."""
    bench = bench_of(fresh)
    ecs = bench.client("ecs", witness.APP, "us-east-1")
    tags = {"dr:priority": "low", "dr:health-check-url": "http://web.internal.example/health"}
    ecs.tag_resource(
        resourceArn=ARN, tags=[{"key": key, "value": value} for key, value in tags.items()]
    )
    file = bench.project / "stacks" / "acme" / "staging.yaml"
    text = file.read_text(encoding="utf-8")
    short = "policies:\n  health_timeout_seconds: 10\n"
    file.write_text(text.replace("policies:\n", short) + PLACES, encoding="utf-8")
    bench.up("replicate", **WHO).expect(11)
    return bench


def test_probes_go_inside_and_the_gate_after_a_degraded_wave_names_it(bench):
    deploy(bench)
    bench.up("activate", "--approval", "required", **WHO).expect(10)
    bench.run("resume", "--yes").expect(10)
    # the web service's health URL does not resolve inside: its wave is DEGRADED, and that is all
    waiting = bench.run("resume", "--yes", "-o", "json").expect(10).document

    gate = next(stage["gate"] for stage in waiting["stages"] if stage["id"] == "activate.w3")
    assert gate["state"] == "waiting"
    assert f"activate.w2 is DEGRADED: {WEB}" in gate["reason"]
    assert (gate["impaired"][0]["wave"], gate["impaired"][0]["resource"]) == (2, WEB)
    assert "web.internal.example" in gate["impaired"][0]["detail"]
    why = f"wave 2: {WEB} is UNHEALTHY: health URL: http://web.internal.example/health"
    assert why in gate["checklist"][0]
    assert why in bench.run("status").expect(0).out

    ended = bench.run("resume", "--yes", "-o", "json").expect(0).document
    assert ended["status"] == "COMPLETED"
    stages = {stage["id"]: stage for stage in ended["stages"]}
    assert [stages[f"activate.w{n}"]["health"] for n in (1, 2, 3)] == [
        "HEALTHY",
        "DEGRADED",
        "HEALTHY",
    ]
    rows = {row["key"]: row for stage in ended["stages"] for row in stage["resources"]}
    database = rows["aurora/211111111101/acme-staging-orders"]
    assert "accepts connections (asked from inside us-west-2)" in database["detail"]
    assert "us-east-1" in database["endpoints_before"]["writer"]
    assert "us-west-2" in database["endpoints_after"]["writer"]
    record = rows["route53/100000000002/app.staging.acme.example./CNAME"]
    assert "acme-staging-web-dr-1.us-west-2.elb.amazonaws.com" in record["detail"]
    assert "asked from inside us-west-2" in record["detail"]
    assert rows[WEB]["status"] == "UNHEALTHY"
    invoked = [call for call in bench.calls() if call["operation"] == "Invoke"]
    assert {(call["account"], call["region"]) for call in invoked} == {(witness.APP, RECOVERY)}
