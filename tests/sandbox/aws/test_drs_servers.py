"""DRS source servers: their replication, configuration, tags, accounts, and the way back."""

import re

import pytest

from drstate.sandbox import process
from tests.sandbox.drs_site import APP, EAST, WEST, Site, copy_of, warmed

DATA = "211111111101"
CONFLICT = ("ConflictException", 409)
MISSING = ("ResourceNotFoundException", 404)
NOBODY = "s-00000000000000000"


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


@pytest.fixture
def protected(sandbox, site):
    """A server that replicates continuously."""
    (server,) = site.protect(Name="web", team="shop")
    sandbox.settle()
    # Past what the settled clock has run ahead.
    site.advance(1200)
    return server


def data(site, server):
    return site.server(server)["dataReplicationInfo"]


def seconds(duration):
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", duration)
    days, hours, minutes, left = (int(one or 0) for one in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + left


def tag(site, server, **tags):
    arn = site.server(server)["arn"]
    site.drs.tag_resource(
        resourceArn=arn, tags={key.replace("__", ":"): value for key, value in tags.items()}
    )
    return arn


def test_nothing_works_before_the_service_is_initialized(site, refused):
    code, status, _, retries = refused(site.drs.describe_source_servers)
    assert (code, status, retries) == ("UninitializedAccountException", 400, 0)
    asked = [{"sourceServerID": NOBODY}]
    assert refused(site.drs.start_recovery, sourceServers=asked)[0] == code
    site.drs.initialize_service()
    site.drs.initialize_service()
    assert site.servers() == []


def test_replication_goes_through_its_states_in_time(sandbox, site):
    (server,) = site.protect()
    found = data(site, server)
    assert found["dataReplicationState"] == "INITIATING"
    assert found["dataReplicationInitiation"]["steps"][0]["status"] == "IN_PROGRESS"
    assert "lagDuration" not in found
    assert site.drs.describe_recovery_snapshots(sourceServerID=server)["items"] == []
    site.advance(61)
    assert data(site, server)["dataReplicationState"] == "INITIAL_SYNC"
    site.advance(300)
    (disk,) = data(site, server)["replicatedDisks"]
    assert 0.4 < disk["replicatedStorageBytes"] / disk["totalStorageBytes"] < 0.7
    assert data(site, server)["etaDateTime"]
    site.advance(310)
    assert data(site, server)["dataReplicationState"] == "CREATING_SNAPSHOT"
    site.advance(61)
    found = data(site, server)
    assert found["dataReplicationState"] == "CONTINUOUS"
    assert seconds(found["lagDuration"]) < 30
    assert len(site.drs.describe_recovery_snapshots(sourceServerID=server)["items"]) == 1


def test_lag_moves_while_healthy_and_grows_while_stalled(site, protected):
    seen = set()
    for _ in range(12):
        site.advance(5)
        seen.add(data(site, protected)["lagDuration"])
    assert "P0D" in seen
    assert len(seen) > 2
    assert max(map(seconds, seen)) <= 20
    arn = tag(site, protected, sandbox__replication="STALLED")
    first = data(site, protected)
    assert first["dataReplicationState"] == "STALLED"
    assert first["dataReplicationError"]["error"] == "AGENT_NOT_SEEN"
    site.advance(600)
    grown = seconds(data(site, protected)["lagDuration"]) - seconds(first["lagDuration"])
    assert 600 <= grown < 660
    site.drs.untag_resource(resourceArn=arn, tagKeys=["sandbox:replication"])
    assert data(site, protected)["dataReplicationState"] == "BACKLOG"
    site.advance(60)
    caught = seconds(data(site, protected)["lagDuration"])
    assert 0 < caught < 450
    site.advance(61)
    assert data(site, protected)["dataReplicationState"] == "CONTINUOUS"


def test_retry_is_for_what_has_stalled(site, protected, refused):
    retry = site.drs.retry_data_replication
    assert refused(retry, sourceServerID=protected)[:2] == ("ValidationException", 400)
    tag(site, protected, sandbox__replication="STALLED")
    shown = retry(sourceServerID=protected)
    assert shown["dataReplicationInfo"]["dataReplicationState"] == "STALLED"
    assert refused(retry, sourceServerID=NOBODY)[:2] == MISSING


def test_stopped_replication_loses_its_points_and_starts_anew(sandbox, site, protected, refused):
    stopped = site.drs.stop_replication(sourceServerID=protected)["sourceServer"]
    assert stopped["dataReplicationInfo"]["dataReplicationState"] == "STOPPED"
    assert site.drs.describe_recovery_snapshots(sourceServerID=protected)["items"] == []
    assert refused(site.drs.stop_replication, sourceServerID=protected)[:2] == CONFLICT
    started = site.drs.start_replication(sourceServerID=protected)["sourceServer"]
    assert started["dataReplicationInfo"]["dataReplicationState"] == "INITIATING"
    assert refused(site.drs.start_replication, sourceServerID=protected)[:2] == CONFLICT
    sandbox.settle()
    assert data(site, protected)["dataReplicationState"] == "CONTINUOUS"


def test_a_server_is_disconnected_then_deleted(sandbox, site, protected, refused):
    site.recover(protected)
    sandbox.settle()
    name = site.server(protected)["recoveryInstanceId"]
    code, status, message, _ = refused(site.drs.disconnect_source_server, sourceServerID=protected)
    assert (code, status) == CONFLICT
    assert name in message
    site.drs.terminate_recovery_instances(recoveryInstanceIDs=[name])
    sandbox.settle()
    assert refused(site.drs.delete_source_server, sourceServerID=protected)[:2] == CONFLICT
    gone = site.drs.disconnect_source_server(sourceServerID=protected)
    assert gone["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"
    site.drs.delete_source_server(sourceServerID=protected)
    assert site.servers() == []
    assert refused(site.drs.delete_source_server, sourceServerID=protected)[:2] == MISSING


@pytest.fixture
def placed(sandbox, site):
    """A server in a network of which the west has a twin; and its address."""
    (server,) = site.protect(subnet=site.network(site.east), Name="web", team="shop")
    sandbox.settle()
    (nic,) = site.server(server)["sourceProperties"]["networkInterfaces"]
    return server, nic["ips"][0]


def test_launch_takes_what_the_launch_template_says(sandbox, site, placed):
    server, _ = placed
    plain = site.drs.get_launch_configuration(sourceServerID=server)
    assert (plain["copyTags"], plain["copyPrivateIp"]) == (False, False)
    subnet = site.network(site.ec2)
    nic = {"DeviceIndex": 0, "SubnetId": subnet}
    _template(site, plain, {"NetworkInterfaces": [nic], "InstanceType": "r5.large"})
    made = _launched(sandbox, site, server)
    assert (made["SubnetId"], made["InstanceType"]) == (subnet, "r5.large")
    tags = {one["Key"]: one["Value"] for one in made["Tags"]}
    assert "team" not in tags
    assert tags["AWSElasticDisasterRecoverySourceServerID"] == server


def test_launch_copies_tags_and_address_where_it_is_told_to(sandbox, site, placed):
    server, address = placed
    subnet = site.network(site.ec2)
    site.drs.tag_resource(
        resourceArn=site.server(server)["arn"], tags={"sandbox:extensible-to": DATA}
    )
    changed = site.drs.update_launch_configuration(
        sourceServerID=server, copyTags=True, copyPrivateIp=True, launchDisposition="STOPPED"
    )
    assert changed["copyPrivateIp"] is True
    made = _launched(sandbox, site, server)
    tags = {one["Key"]: one["Value"] for one in made["Tags"]}
    assert (made["SubnetId"], made["PrivateIpAddress"]) == (subnet, address)
    assert (tags["team"], tags["Name"]) == ("shop", "web")
    assert not [key for key in tags if key.startswith("sandbox:")]
    assert made["State"]["Name"] == "stopped"


def test_an_address_that_is_taken_or_outside_fails_the_launch(sandbox, site, placed):
    server, address = placed
    site.drs.update_launch_configuration(sourceServerID=server, copyPrivateIp=True)
    assert "does not fall within the address range" in _failure(sandbox, site, server)
    site.ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        SubnetId=site.network(site.ec2),
        PrivateIpAddress=address,
    )
    assert _failure(sandbox, site, server) == f"Address {address} is in use."


def test_launch_into_an_existing_instance_has_conditions(sandbox, site, protected, refused):
    made = site.ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)
    name = made["Instances"][0]["InstanceId"]
    sandbox.settle()
    into = {"launchIntoInstanceProperties": {"launchIntoEC2InstanceID": name}}
    update = site.drs.update_launch_configuration

    def refusal(**more):
        code, _, message, _ = refused(update, sourceServerID=protected, **{**into, **more})
        assert code == "ValidationException"
        return message

    assert "AWSDRS=AllowLaunchingIntoThisInstance" in refusal()
    site.ec2.create_tags(
        Resources=[name], Tags=[{"Key": "AWSDRS", "Value": "AllowLaunchingIntoThisInstance"}]
    )
    assert "copyTags" in refusal(copyTags=True)
    assert "copyPrivateIp" in refusal(copyPrivateIp=True)
    nothing = {"launchIntoInstanceProperties": {"launchIntoEC2InstanceID": "i-00000000"}}
    assert "does not exist" in refusal(**nothing)
    update(sourceServerID=protected, **into)
    job = site.recover(protected)["jobID"]
    site.advance(62)
    assert site.instance(name)["State"]["Name"] == "stopped"
    sandbox.settle()
    (one,) = site.job(job)["participatingServers"]
    assert (one["launchStatus"], one["recoveryInstanceID"]) == ("LAUNCHED", name)
    assert site.instance(name)["State"]["Name"] == "running"


def test_actions_after_a_launch_are_refused_by_name(site, protected, refused):
    update = site.drs.update_launch_configuration
    code, status, message, _ = refused(update, sourceServerID=protected, postLaunchEnabled=True)
    assert (code, status) == ("SandboxNotImplemented", 400)
    assert "postLaunchEnabled" in message
    assert update(sourceServerID=protected, postLaunchEnabled=False)["postLaunchEnabled"] is False


def test_replication_configuration_changes_and_is_checked(site, protected, refused):
    shown = site.drs.get_replication_configuration(sourceServerID=protected)
    assert [one["units"] for one in shown["pitPolicy"]] == ["MINUTE", "HOUR", "DAY"]
    update = site.drs.update_replication_configuration
    subnet = site.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    changed = update(
        sourceServerID=protected, stagingAreaSubnetId=subnet, bandwidthThrottling=50,
        replicatedDisks=[{"deviceName": shown["replicatedDisks"][0]["deviceName"], "iops": 3000}],
    )  # fmt: skip
    assert (changed["stagingAreaSubnetId"], changed["bandwidthThrottling"]) == (subnet, 50)
    assert changed["replicatedDisks"][0]["iops"] == 3000
    again = site.drs.get_replication_configuration(sourceServerID=protected)
    assert again["bandwidthThrottling"] == 50
    wrong = refused(update, sourceServerID=protected, stagingAreaSubnetId="subnet-00000000")
    assert wrong[:2] == ("ValidationException", 400)
    disk = [{"deviceName": "/dev/none"}]
    assert refused(update, sourceServerID=protected, replicatedDisks=disk)[0] == wrong[0]
    for operation in (
        site.drs.get_launch_configuration,
        site.drs.get_replication_configuration,
        update,
    ):
        assert refused(operation, sourceServerID=NOBODY)[:2] == MISSING


def test_tags_change_on_servers_and_jobs(site, protected, refused):
    arn = site.server(protected)["arn"]
    drs = site.drs
    assert drs.list_tags_for_resource(resourceArn=arn)["tags"] == {"Name": "web", "team": "shop"}
    drs.tag_resource(resourceArn=arn, tags={"dr:wave": "3"})
    drs.untag_resource(resourceArn=arn, tagKeys=["Name"])
    assert site.server(protected)["tags"] == {"team": "shop", "dr:wave": "3"}
    job = site.recover(protected, tags={"plan": "1"})["arn"]
    assert drs.list_tags_for_resource(resourceArn=job)["tags"] == {"plan": "1"}
    assert refused(drs.list_tags_for_resource, resourceArn=f"{arn}x")[:2] == MISSING
    wrong = {"sandbox:replication": "SLEEPY"}
    assert refused(drs.tag_resource, resourceArn=arn, tags=wrong)[0] == "ValidationException"


def test_discovery_finds_servers_by_their_tags(sandbox, site):
    made = site.ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)
    tags = [{"Key": "dr:wave", "Value": "3"}, {"Key": "sandbox:drs-agent", "Value": EAST}]
    site.ec2.create_tags(Resources=[made["Instances"][0]["InstanceId"]], Tags=tags)
    home = sandbox.client("drs", EAST, APP)
    (server,) = home.describe_source_servers()["items"]
    assert server["tags"] == {"dr:wave": "3"}
    explorer = sandbox.client("resource-explorer-2", EAST, APP)
    (found,) = explorer.search(QueryString="resourcetype:drs:source-server tag:dr:wave=3")[
        "Resources"
    ]
    assert (found["Arn"], found["ResourceType"]) == (server["arn"], "drs:source-server")
    tagging = sandbox.client("resourcegroupstaggingapi", EAST, APP)
    listed = tagging.get_resources(
        TagFilters=[{"Key": "dr:wave", "Values": ["3"]}], ResourceTypeFilters=["drs:source-server"]
    )["ResourceTagMappingList"]
    assert [one["ResourceARN"] for one in listed] == [server["arn"]]
    failed = tagging.tag_resources(ResourceARNList=[server["arn"]], Tags={"site": "b"})
    assert failed["FailedResourcesMap"] == {}
    (server,) = home.describe_source_servers()["items"]
    assert server["tags"] == {"dr:wave": "3", "site": "b"}


def test_another_account_extends_a_server(sandbox, site, protected, refused):
    arn = site.server(protected)["arn"]
    other = sandbox.client("drs", WEST, DATA)
    other.initialize_service()
    assert other.list_staging_accounts()["accounts"] == []
    code = refused(other.create_extended_source_server, sourceServerArn=arn)[:2]
    assert code == ("AccessDeniedException", 403)
    site.drs.tag_resource(resourceArn=arn, tags={"sandbox:extensible-to": DATA})
    assert other.list_staging_accounts()["accounts"] == [{"accountID": APP}]
    (offered,) = other.list_extensible_source_servers(stagingAccountID=APP)["items"]
    assert offered["arn"] == arn
    # encrypted with the account's default key, it cannot be shared
    code = refused(other.create_extended_source_server, sourceServerArn=arn)[0]
    assert code == "ValidationException"
    key = sandbox.client("kms", WEST, APP).create_key()["KeyMetadata"]["Arn"]
    site.drs.update_replication_configuration(
        sourceServerID=protected, ebsEncryption="CUSTOM", ebsEncryptionKeyArn=key
    )
    made = other.create_extended_source_server(sourceServerArn=arn, tags={"wave": "1"})
    server = made["sourceServer"]
    assert server["stagingArea"] == {
        "status": "EXTENDED",
        "stagingAccountID": APP,
        "stagingSourceServerArn": arn,
    }
    assert server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert other.list_extensible_source_servers(stagingAccountID=APP)["items"] == []
    again = refused(other.create_extended_source_server, sourceServerArn=arn)[0]
    assert again == "ValidationException"
    by_account = other.describe_source_servers(filters={"stagingAccountIDs": [APP]})["items"]
    assert [one["sourceServerID"] for one in by_account] == [server["sourceServerID"]]
    job = other.start_recovery(sourceServers=[{"sourceServerID": server["sourceServerID"]}])
    sandbox.settle()
    found = other.describe_jobs(filters={"jobIDs": [job["job"]["jobID"]]})["items"][0]
    assert found["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    # It is launched where it was asked for.
    ec2 = sandbox.client("ec2", WEST, DATA)
    name = found["participatingServers"][0]["recoveryInstanceID"]
    assert ec2.describe_instances(InstanceIds=[name])["Reservations"]
    gone = refused(site.drs.delete_source_server, sourceServerID=protected)[:2]
    assert gone == CONFLICT


def test_the_way_back_ends_in_the_region_of_origin(sandbox, site, protected, refused):
    site.recover(protected)
    sandbox.settle()
    name = site.server(protected)["recoveryInstanceId"]
    reverse = site.drs.reverse_replication
    assert refused(reverse, recoveryInstanceID=name)[0] == "UninitializedAccountException"
    home = sandbox.client("drs", EAST, APP)
    home.initialize_service()
    arn = reverse(recoveryInstanceID=name)["reversedDirectionSourceServerArn"]
    assert arn.split(":")[3:5] == [EAST, APP]
    assert refused(reverse, recoveryInstanceID=name)[:2] == CONFLICT
    assert (
        refused(site.drs.start_recovery, sourceServers=[{"sourceServerID": protected}])[:2]
        == CONFLICT
    )
    (back,) = home.describe_source_servers()["items"]
    assert (back["arn"], back["replicationDirection"]) == (arn, "FAILBACK")
    assert back["sourceCloudProperties"]["originRegion"] == WEST
    assert back["sourceProperties"]["identificationHints"]["awsInstanceID"] == name
    assert back["reversedDirectionSourceServerArn"] == site.server(protected)["arn"]
    assert site.server(protected)["reversedDirectionSourceServerArn"] == arn

    def failback():
        return site.drs.describe_recovery_instances()["items"][0]["failback"]["state"]

    assert failback() == "FAILBACK_IN_PROGRESS"
    sandbox.settle()
    assert failback() == "FAILBACK_READY_FOR_LAUNCH"
    home.start_recovery(sourceServers=[{"sourceServerID": back["sourceServerID"]}])
    sandbox.settle()
    assert failback() == "FAILBACK_COMPLETED"
    landed = home.describe_recovery_instances()["items"][0]["ec2InstanceID"]
    assert site.east.describe_instances(InstanceIds=[landed])["Reservations"]
    # Protected again: the first server takes over from the instance that came back.
    again = home.reverse_replication(recoveryInstanceID=landed)
    assert again["reversedDirectionSourceServerArn"] == site.server(protected)["arn"]
    first = site.server(protected)
    assert first["sourceProperties"]["identificationHints"]["awsInstanceID"] == landed
    sandbox.settle()
    job = site.recover(protected)["jobID"]
    sandbox.settle()
    assert site.job(job)["participatingServers"][0]["launchStatus"] == "LAUNCHED"


def test_a_disconnected_recovery_instance_runs_on(sandbox, site, protected, refused):
    site.recover(protected)
    sandbox.settle()
    name = site.server(protected)["recoveryInstanceId"]
    assert refused(site.drs.delete_recovery_instance, recoveryInstanceID=name)[:2] == CONFLICT
    site.drs.disconnect_recovery_instance(recoveryInstanceID=name)
    (shown,) = site.drs.describe_recovery_instances()["items"]
    assert shown["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"
    assert shown["ec2InstanceState"] == "RUNNING"
    assert refused(site.drs.reverse_replication, recoveryInstanceID=name)[:2] == CONFLICT
    site.drs.delete_recovery_instance(recoveryInstanceID=name)
    assert site.drs.describe_recovery_instances()["items"] == []
    assert site.instance(name)["State"]["Name"] == "running"
    site.drs.disconnect_source_server(sourceServerID=protected)
    unknown = "i-00000000000000000"
    assert refused(site.drs.disconnect_recovery_instance, recoveryInstanceID=unknown)[:2] == MISSING


def test_a_snapshot_of_the_sandbox_holds_servers_and_running_jobs(
    sandbox, site, protected, tmp_path
):
    job = site.recover(protected)["jobID"]
    site.advance(50)
    file = tmp_path / "moment.sandbox"
    process.snapshot(sandbox.home, file)
    site.advance(600)
    assert site.job(job)["status"] == "COMPLETED"
    process.restore(sandbox.home, file)
    assert site.job(job)["status"] == "STARTED"
    sandbox.settle()
    assert site.job(job)["participatingServers"][0]["launchStatus"] == "LAUNCHED"


def _template(site, configuration, content):
    template = configuration["ec2LaunchTemplateID"]
    made = site.ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData=content
    )["LaunchTemplateVersion"]
    site.ec2.modify_launch_template(
        LaunchTemplateId=template, DefaultVersion=str(made["VersionNumber"])
    )


def _launched(sandbox, site, server):
    job = site.recover(server)["jobID"]
    sandbox.settle()
    assert site.job(job)["participatingServers"][0]["launchStatus"] == "LAUNCHED", (
        site.drs.describe_job_log_items(jobID=job)["items"]
    )
    return site.instance(site.server(server)["recoveryInstanceId"])


def _failure(sandbox, site, server):
    """Recover it, in vain; what the job's log says about that."""
    job = site.recover(server)["jobID"]
    sandbox.settle()
    assert site.job(job)["status"] == "COMPLETED"
    assert site.job(job)["participatingServers"][0]["launchStatus"] == "FAILED"
    log = site.drs.describe_job_log_items(jobID=job)["items"]
    (why,) = [one["eventData"]["rawError"] for one in log if one["event"] == "LAUNCH_FAILED"]
    return why
