"""Rules of DRS that are told to its functions directly, as estates use them."""

import subprocess
import sys

import pytest

from drstate.sandbox.access import Access
from drstate.sandbox.aws import runtime
from drstate.sandbox.aws.drs import failback, jobs, servers, shown
from drstate.sandbox.aws.drs.models import Machine, SourceServer, drs_backends
from drstate.sandbox.aws.drs.replication import CONTINUOUS, Replication
from drstate.sandbox.aws.modelled import Refusal
from drstate.sandbox.clock import ScaledClock

ACCOUNT, REGION = "900000000077", "us-west-2"


@pytest.fixture
def clock(monkeypatch):
    """A sandbox's time in this process, which stands still."""
    made = ScaledClock(1.0, source=lambda: 1_800_000_000.0)
    state = runtime.Runtime(clock=made, access=Access(made))
    monkeypatch.setattr(runtime._Holder, "current", state)
    yield made
    drs_backends.pop(ACCOUNT, None)


def idle(backend, number):
    """A server, as far as a job needs it."""
    name = f"s-{number:017d}"
    course = Replication(bytes=1)
    backend.servers[name] = SourceServer(
        id=name, arn=backend.arn("source-server", name), account=ACCOUNT, region=REGION,
        machine=Machine(name), replication=course, added=0.0, launch={},
        replicate={"pitPolicy": []}, tags={},
    )  # fmt: skip
    return {"sourceServerID": name}


def test_jobs_hold_at_most_five_hundred_servers_at_once(clock):
    backend = drs_backends[ACCOUNT][REGION]
    asked = [idle(backend, number) for number in range(501)]
    for start in range(0, 400, 100):
        jobs.start_recovery(backend, {"sourceServers": asked[start : start + 100]})
    jobs.start_recovery(backend, {"sourceServers": asked[400:499]})
    with pytest.raises(Refusal) as caught:
        jobs.start_recovery(backend, {"sourceServers": asked[499:]})
    assert caught.value.code == "ServiceQuotaExceededException"
    assert "499 are" in caught.value.message
    last = jobs.start_recovery(backend, {"sourceServers": asked[499:500]})
    assert sum(len(job.participants) for job in backend.jobs.values()) == 500
    # They all fail, for want of data; then there is room.
    clock.settle()
    assert last.status == "COMPLETED"
    assert jobs.start_recovery(backend, {"sourceServers": asked[500:]}).status == "PENDING"


def test_a_machine_on_premises_is_recovered_and_not_reversed(clock):
    made = servers.add_source_server(ACCOUNT, REGION, Machine("ledger", disks={"sda": 10**10}))
    backend = drs_backends[ACCOUNT][REGION]
    assert backend.initialized
    assert "sourceCloudProperties" not in shown.server(made)
    clock.settle()
    assert made.replication.state == CONTINUOUS
    jobs.start_recovery(backend, {"sourceServers": [{"sourceServerID": made.id}]})
    clock.settle()
    (instance,) = backend.instances.values()
    assert shown.instance(instance)["originEnvironment"] == "ON_PREMISES"
    with pytest.raises(Refusal) as caught:
        failback.reverse(backend, instance.id)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "P0D"),
        (0.9, "P0D"),
        (30, "PT30S"),
        (3661, "PT1H1M1S"),
        (86400, "P1D"),
        (90000, "P1DT1H"),
    ],
)
def test_lags_are_iso_durations(seconds, written):
    assert shown.duration(seconds) == written


def test_a_sandbox_starts_without_reading_the_model():
    code = (
        "import sys; from drstate.sandbox import aws; aws.install();"
        "print([m for m in sys.modules if m.startswith('drstate.sandbox.aws.drs.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['drstate.sandbox.aws.drs.agents']"
