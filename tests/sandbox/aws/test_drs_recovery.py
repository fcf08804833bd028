"""Recovery with DRS: jobs, their time, what fails inside them, their limits, EC2's part."""

from datetime import UTC, datetime

import pytest

from drstate.sandbox import process
from tests.sandbox.drs_site import APP, EAST, Site, copy_of, warmed

BUSY = (
    "One or more of the Source Servers included in API call are currently being processed by a Job"
)


@pytest.fixture(scope="module")
def warm(original, tmp_path_factory):
    with warmed(original, tmp_path_factory.mktemp("drs") / "warm") as found:
        yield found


@pytest.fixture
def sandbox(warm, tmp_path):
    with copy_of(warm, tmp_path / "copy") as found:
        yield found


@pytest.fixture
def site(sandbox):
    return Site(sandbox)


def statuses(job):
    return {one["sourceServerID"]: one["launchStatus"] for one in job["participatingServers"]}


def test_a_recovery_goes_from_pending_to_an_instance_that_runs(sandbox, site):
    (server,) = site.protect(Name="web")
    sandbox.settle()
    job = site.recover(server, tags={"plan": "7"})
    assert (job["status"], job["type"], job["initiatedBy"]) == (
        "PENDING",
        "LAUNCH",
        "START_RECOVERY",
    )
    assert statuses(job) == {server: "PENDING"}
    assert site.server(server)["lastLaunchResult"] == "PENDING"
    site.advance(11)
    started = site.job(job["jobID"])
    assert (started["status"], statuses(started)) == ("STARTED", {server: "IN_PROGRESS"})
    assert "endDateTime" not in started
    site.advance(212)
    (launching,) = site.job(job["jobID"])["participatingServers"]
    assert launching["launchStatus"] == "IN_PROGRESS"
    name = launching["recoveryInstanceID"]
    assert site.instance(name)["State"]["Name"] == "pending"
    site.advance(31)
    done = site.job(job["jobID"])
    assert (done["status"], statuses(done)) == ("COMPLETED", {server: "LAUNCHED"})
    assert done["endDateTime"] > done["creationDateTime"]
    assert done["tags"] == {"plan": "7"}
    assert site.instance(name)["State"]["Name"] == "running"
    assert site.events(job["jobID"]) == [
        "JOB_START",
        "SNAPSHOT_START",
        "SNAPSHOT_END",
        "CONVERSION_START",
        "CONVERSION_END",
        "LAUNCH_START",
        "JOB_END",
    ]
    shown = site.server(server)
    assert (shown["recoveryInstanceId"], shown["lastLaunchResult"]) == (name, "SUCCEEDED")
    assert shown["lifeCycle"]["lastLaunch"]["status"] == "LAUNCHED"
    assert shown["lifeCycle"]["lastLaunch"]["initiated"]["jobID"] == job["jobID"]


def test_drill_and_recovery_are_told_apart(sandbox, site):
    drilled, recovered = site.protect(2)
    sandbox.settle()
    job = site.recover(drilled, drill=True)
    site.recover(recovered)
    sandbox.settle()
    assert job["initiatedBy"] == "START_DRILL"
    assert site.server(drilled)["lifeCycle"]["lastLaunch"]["initiated"]["type"] == "DRILL"
    found = site.drs.describe_recovery_instances()["items"]
    assert {one["sourceServerID"]: one["isDrill"] for one in found} == {
        drilled: True,
        recovered: False,
    }
    only = site.drs.describe_recovery_instances(filters={"sourceServerIDs": [drilled]})["items"]
    assert [one["isDrill"] for one in only] == [True]
    assert only[0]["ec2InstanceState"] == "RUNNING"
    assert only[0]["originEnvironment"] == "AWS"


def test_servers_fail_inside_a_job_that_completes(sandbox, site):
    (good,) = site.protect()
    (snapshot,) = site.protect(sandbox__launch="fail-snapshot")
    (conversion,) = site.protect(sandbox__launch="fail-conversion")
    (launch,) = site.protect(sandbox__launch="fail")
    sandbox.settle()
    job = site.recover(good, snapshot, conversion, launch)["jobID"]
    sandbox.settle()
    done = site.job(job)
    assert done["status"] == "COMPLETED"
    assert statuses(done) == {
        good: "LAUNCHED",
        snapshot: "FAILED",
        conversion: "FAILED",
        launch: "FAILED",
    }
    log = site.drs.describe_job_log_items(jobID=job)["items"]
    failed = {
        one["event"]: one["eventData"]["sourceServerID"]
        for one in log
        if one["eventData"].get("rawError")
    }
    assert failed == {
        "SNAPSHOT_FAIL": snapshot,
        "CONVERSION_FAIL": conversion,
        "LAUNCH_FAILED": launch,
    }
    assert log[-1]["event"] == "JOB_END"
    assert site.server(launch)["lastLaunchResult"] == "FAILED"
    assert "recoveryInstanceId" not in site.server(launch)
    site.drs.untag_resource(resourceArn=site.server(launch)["arn"], tagKeys=["sandbox:launch"])
    again = site.recover(launch)["jobID"]
    sandbox.settle()
    assert statuses(site.job(again)) == {launch: "LAUNCHED"}


def test_a_server_without_data_fails_and_one_that_stalled_uses_what_it_has(sandbox, site):
    (fresh,) = site.protect(sandbox__replication="INITIAL_SYNC")
    (stalled,) = site.protect()
    sandbox.settle()
    site.drs.tag_resource(
        resourceArn=site.server(stalled)["arn"], tags={"sandbox:replication": "STALLED"}
    )
    job = site.recover(fresh, stalled)["jobID"]
    sandbox.settle()
    assert statuses(site.job(job)) == {fresh: "FAILED", stalled: "LAUNCHED"}
    assert "USING_PREVIOUS_SNAPSHOT" in site.events(job)


def test_a_server_is_in_one_job_at_a_time(sandbox, site, refused):
    busy, idle = site.protect(2)
    sandbox.settle()
    site.recover(busy)
    code, status, message, _ = refused(
        site.drs.start_recovery,
        sourceServers=[{"sourceServerID": idle}, {"sourceServerID": busy}],
    )
    assert (code, status, message) == ("ConflictException", 409, BUSY)
    for operation in (site.drs.disconnect_source_server, site.drs.stop_replication):
        assert refused(operation, sourceServerID=busy)[:2] == ("ConflictException", 409)
    code = refused(site.drs.update_launch_configuration, sourceServerID=busy, copyTags=True)[0]
    assert code == "ConflictException"
    sandbox.settle()
    assert site.recover(busy)["status"] == "PENDING"


def test_limits_of_jobs_hold(sandbox, site, refused):
    servers = site.protect(299) + site.protect(1)
    assert len(servers) == 300
    code, _, message, _ = refused(site.protect, count=1)
    assert code == "ServiceQuotaExceededException"
    assert "300 replicating" in message
    # The agent's answer, not EC2's: that is how the tag tells of it.
    sandbox.wrong.remove("RunInstances does not answer with ServiceQuotaExceededException")
    quota = ("ServiceQuotaExceededException", 402)

    def asked(names):
        return {"sourceServers": [{"sourceServerID": name} for name in names]}

    assert refused(site.drs.start_recovery, **asked(servers[:101]))[:2] == quota
    many = [f"s-{number:017d}" for number in range(201)]
    assert refused(site.drs.start_recovery, **asked(many))[0] == "ValidationException"
    for number in range(20):
        site.recover(servers[number])
    assert refused(site.drs.start_recovery, **asked(servers[20:21]))[:2] == quota
    sandbox.settle()
    for start in (0, 100, 200):
        site.recover(*servers[start : start + 100])
    assert len([j for j in site.drs.describe_jobs()["items"] if j["status"] == "PENDING"]) == 3


def test_an_unknown_server_is_refused_and_no_job_is_made(sandbox, site, refused):
    (server,) = site.protect()
    sandbox.settle()
    unknown = "s-00000000000000000"
    code, status, message, retries = refused(
        site.drs.start_recovery,
        sourceServers=[{"sourceServerID": server}, {"sourceServerID": unknown}],
    )
    assert (code, status, retries) == ("ValidationException", 400, 0)
    assert unknown in message
    assert site.drs.describe_jobs()["items"] == []
    code = refused(
        site.drs.start_recovery,
        sourceServers=[{"sourceServerID": server, "recoverySnapshotID": "pit-" + "0" * 17}],
    )[0]
    assert code == "ValidationException"


def test_recovery_takes_the_moment_that_is_asked_for(sandbox, site):
    (server,) = site.protect()
    sandbox.settle()
    site.advance(3 * 3600)
    shown = site.drs.describe_recovery_snapshots(sourceServerID=server, order="DESC")["items"]
    assert len(shown) == 8  # six of the last hour, and one an hour before that
    assert [one["timestamp"] for one in shown] == sorted(
        (one["timestamp"] for one in shown), reverse=True
    )
    oldest = shown[-1]
    job = site.drs.start_recovery(
        sourceServers=[{"sourceServerID": server, "recoverySnapshotID": oldest["snapshotID"]}]
    )["job"]["jobID"]
    sandbox.settle()
    assert "USING_PREVIOUS_SNAPSHOT" in site.events(job)
    (made,) = site.drs.describe_recovery_instances()["items"]
    assert made["pointInTimeSnapshotDateTime"] == oldest["timestamp"]
    since = shown[2]["timestamp"]
    found = site.drs.describe_recovery_snapshots(
        sourceServerID=server, filters={"fromDateTime": since}
    )["items"]
    assert [one["snapshotID"] for one in found] == [one["snapshotID"] for one in shown[2::-1]]


def test_recovery_instances_are_terminated_by_a_job(sandbox, site, refused):
    ending, kept = site.protect(2)
    sandbox.settle()
    site.recover(ending, kept)
    sandbox.settle()
    names = {s["sourceServerID"]: s["recoveryInstanceId"] for s in site.servers()}
    site.ec2.modify_instance_attribute(
        InstanceId=names[kept], DisableApiTermination={"Value": True}
    )
    job = site.drs.terminate_recovery_instances(recoveryInstanceIDs=list(names.values()))["job"]
    assert (job["type"], job["initiatedBy"]) == ("TERMINATE", "TERMINATE_RECOVERY_INSTANCES")
    site.advance(11)
    assert site.instance(names[ending])["State"]["Name"] == "shutting-down"
    site.advance(31)
    done = site.job(job["jobID"])
    assert (done["status"], statuses(done)) == (
        "COMPLETED",
        {ending: "TERMINATED", kept: "FAILED"},
    )
    assert site.instance(names[ending])["State"]["Name"] == "terminated"
    assert [one["sourceServerID"] for one in site.drs.describe_recovery_instances()["items"]] == [
        kept
    ]
    assert "recoveryInstanceId" not in site.server(ending)
    code = refused(site.drs.terminate_recovery_instances, recoveryInstanceIDs=[names[ending]])[0]
    assert code == "ValidationException"


def test_a_second_launch_ends_the_first_ones_instance(sandbox, site):
    (server,) = site.protect()
    sandbox.settle()
    site.recover(server, drill=True)
    sandbox.settle()
    first = site.server(server)["recoveryInstanceId"]
    job = site.recover(server)["jobID"]
    sandbox.settle()
    second = site.server(server)["recoveryInstanceId"]
    assert first != second
    assert site.instance(first)["State"]["Name"] == "terminated"
    assert site.events(job)[1:3] == ["CLEANUP_START", "CLEANUP_END"]
    assert [one["isDrill"] for one in site.drs.describe_recovery_instances()["items"]] == [False]


def test_jobs_are_found_by_date_and_deleted_when_done(sandbox, site, refused):
    (server,) = site.protect()
    sandbox.settle()
    first = site.recover(server)["jobID"]
    assert refused(site.drs.delete_job, jobID=first)[0] == "ConflictException"
    sandbox.settle()
    site.advance(7200)
    second = site.recover(server)["jobID"]
    page = site.drs.describe_jobs(maxResults=1)
    assert [one["jobID"] for one in page["items"]] == [second]
    rest = site.drs.describe_jobs(maxResults=1, nextToken=page["nextToken"])
    assert [one["jobID"] for one in rest["items"]] == [first]
    since = site.job(second)["creationDateTime"]
    found = site.drs.describe_jobs(filters={"fromDate": since})["items"]
    assert [one["jobID"] for one in found] == [second]
    site.drs.delete_job(jobID=first)
    assert [one["jobID"] for one in site.drs.describe_jobs()["items"]] == [second]
    unknown = "drsjob-" + "0" * 17
    assert refused(site.drs.describe_job_log_items, jobID=unknown)[0] == "ValidationException"
    assert refused(site.drs.delete_job, jobID=unknown)[:2] == ("ResourceNotFoundException", 404)


def test_instances_take_their_time_and_refuse_what_their_state_does_not_allow(sandbox, refused):
    ec2 = sandbox.client("ec2", EAST, APP)
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]
    name = made["InstanceId"]
    assert made["State"] == {"Code": 0, "Name": "pending"}

    def state():
        found = ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
        return found["State"]["Name"]

    def after(seconds):
        process.advance(sandbox.home, seconds)
        return state()

    assert refused(ec2.stop_instances, InstanceIds=[name])[0] == "IncorrectInstanceState"
    assert refused(ec2.reboot_instances, InstanceIds=[name])[0] == "IncorrectInstanceState"
    assert after(16) == "running"
    ec2.reboot_instances(InstanceIds=[name])
    changed = ec2.stop_instances(InstanceIds=[name])["StoppingInstances"][0]
    assert (changed["PreviousState"]["Name"], changed["CurrentState"]["Name"]) == (
        "running",
        "stopping",
    )
    assert state() == "stopping"
    assert refused(ec2.start_instances, InstanceIds=[name])[0] == "IncorrectInstanceState"
    assert after(21) == "stopped"
    ec2.start_instances(InstanceIds=[name])
    assert state() == "pending"
    ec2.terminate_instances(InstanceIds=[name])
    # The start that had begun does not make it run again.
    assert after(16) == "shutting-down"
    assert after(16) == "terminated"
    ec2.terminate_instances(InstanceIds=[name])
    assert refused(ec2.start_instances, InstanceIds=[name])[0] == "IncorrectInstanceState"
    assert state() == "terminated"


def test_what_is_not_emulated_is_refused_by_name(sandbox, site, refused):
    site.protect()
    code, status, message, retries = refused(site.drs.describe_source_networks)
    assert (code, status, retries) == ("SandboxNotImplemented", 400, 0)
    assert "drs:DescribeSourceNetworks" in message


def test_moments_are_those_of_the_sandbox(sandbox, site):
    (server,) = site.protect()
    site.advance(86_400)
    at = datetime.fromisoformat(site.server(server)["lifeCycle"]["firstByteDateTime"])
    assert (datetime.now(tz=UTC) - at).total_seconds() < 3600
