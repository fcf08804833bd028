"""What a recovery depends on: global databases, protection, previews, ignored changes, failures."""

import json

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from drstate.sandbox import process
from drstate.sandbox.provider import wire
from tests.sandbox.provider.provider_harness import ACCOUNT, Plugin, Resource

CLUSTER = "aws:rds/cluster:Cluster"
GLOBAL = "aws:rds/globalCluster:GlobalCluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
SERVICE = "aws:ecs/service:Service"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE_OF_AWS = ["replicationSourceIdentifier"]


def inputs_of(name, **more):
    return {
        "clusterIdentifier": name,
        "engine": "aurora-mysql",
        "masterUsername": "admin",
        "masterPassword": wire.secret("very-secret-1"),
        "skipFinalSnapshot": True,
        **more,
    }


def details(caught):
    return caught.value.details()


@pytest.fixture(scope="module")
def east(emulated, plugin_home):
    """The same account in the other region."""
    started = Plugin(plugin_home, process.environment(emulated))
    started.configure(region="us-east-1")
    yield started
    started.close()


def test_a_global_database_with_a_secondary_is_made_and_taken_apart(plugin, east, aws):
    primary = Resource(east, CLUSTER)
    primary.create(inputs_of("span-east"))
    of_instance = {
        "identifier": "span-east-1",
        "clusterIdentifier": "span-east",
        "engine": "aurora-mysql",
        "instanceClass": "db.r6g.large",
    }
    writer = Resource(east, INSTANCE)
    writer.create(of_instance)
    whole = Resource(east, GLOBAL)
    of_whole = {
        "globalClusterIdentifier": "span",
        "sourceDbClusterIdentifier": primary.state["arn"],
        "forceDestroy": False,
    }
    whole.create(of_whole)
    assert whole.state["engine"] == "aurora-mysql"
    secondary = Resource(plugin, CLUSTER)
    of_secondary = {
        "clusterIdentifier": "span-west",
        "engine": "aurora-mysql",
        "globalClusterIdentifier": "span",
        "skipFinalSnapshot": True,
    }
    secondary.create(of_secondary)
    assert secondary.diff(of_secondary, ROLE_OF_AWS)[0] == {}
    # As with the real provider: who replicates from whom must be ignored, or it is a change.
    assert secondary.diff(of_secondary)[0] == {"replicationSourceIdentifier": "DELETE"}
    assert secondary.refresh() == (secondary.id, secondary.inputs, secondary.state)
    members = {
        one["dbClusterArn"]: one["isWriter"] for one in whole.refresh()[2]["globalClusterMembers"]
    }
    assert members == {primary.state["arn"]: True, secondary.state["arn"]: False}
    # The primary did not ask for the global cluster: as with the real provider, being in one is
    # a change unless it is ignored.
    primary.state = primary.refresh()[2]
    assert primary.state["globalClusterIdentifier"] == "span"
    assert primary.diff(inputs_of("span-east"), ["globalClusterIdentifier"])[0] == {}
    assert primary.diff(inputs_of("span-east"))[0] == {"globalClusterIdentifier": "DELETE"}
    # A member that is deleted leaves the global cluster first.
    secondary.delete()
    left = aws("rds").describe_global_clusters(GlobalClusterIdentifier="span")["GlobalClusters"]
    arns = [one["DBClusterArn"] for one in left[0]["GlobalClusterMembers"]]
    assert arns == [primary.state["arn"]]


def test_a_switchover_changes_no_plan(plugin, east, aws):
    """After a promotion made elsewhere, both members and the whole are still as declared."""
    primary, secondary, whole = (
        Resource(east, CLUSTER),
        Resource(plugin, CLUSTER),
        Resource(east, GLOBAL),
    )
    primary.create(inputs_of("turn-east"))
    writer = Resource(east, INSTANCE)
    of_writer = {"engine": "aurora-mysql", "instanceClass": "db.r6g.large"}
    writer.create({"identifier": "turn-e1", "clusterIdentifier": "turn-east", **of_writer})
    of_whole = {
        "globalClusterIdentifier": "turn",
        "sourceDbClusterIdentifier": primary.state["arn"],
        "forceDestroy": False,
    }
    whole.create(of_whole)
    of_secondary = {
        "clusterIdentifier": "turn-west",
        "engine": "aurora-mysql",
        "globalClusterIdentifier": "turn",
        "skipFinalSnapshot": True,
    }
    secondary.create(of_secondary)
    reader = Resource(plugin, INSTANCE)
    reader.create({"identifier": "turn-w1", "clusterIdentifier": "turn-west", **of_writer})
    aws("rds", "us-east-1").switchover_global_cluster(
        GlobalClusterIdentifier="turn", TargetDbClusterIdentifier=secondary.state["arn"]
    )
    waiter = aws("rds", "us-west-2")
    for _ in range(200):
        shown = waiter.describe_global_clusters(GlobalClusterIdentifier="turn")["GlobalClusters"][0]
        if shown["Status"] == "available" and not shown.get("FailoverState"):
            break
    for one, wanted in ((primary, inputs_of("turn-east")), (secondary, of_secondary)):
        _, inputs, one.state = one.refresh()
        assert inputs == one.inputs
        assert one.diff(wanted, [*ROLE_OF_AWS, "globalClusterIdentifier"])[0] == {}
    whole.state = whole.refresh()[2]
    assert whole.diff(of_whole)[0] == {}
    roles = {one["dbClusterArn"]: one["isWriter"] for one in whole.state["globalClusterMembers"]}
    assert roles == {primary.state["arn"]: False, secondary.state["arn"]: True}


def test_deletion_protection_refuses_in_the_words_of_aws(plugin):
    cluster = Resource(plugin, CLUSTER)
    cluster.create(inputs_of("guarded", deletionProtection=True))
    with pytest.raises(grpc.RpcError) as refused:
        cluster.delete()
    assert (
        "deleting RDS Cluster (guarded): DeleteDBCluster: InvalidParameterCombination: Cannot "
        "delete protected Cluster, please disable deletion protection and try again."
    ) in details(refused)
    cluster.update(inputs_of("guarded"))
    cluster.delete()
    assert cluster.refresh()[0] == ""


def test_a_final_snapshot_is_demanded_and_made(plugin, aws):
    cluster = Resource(plugin, CLUSTER)
    cluster.create(inputs_of("snapped", skipFinalSnapshot=False))
    with pytest.raises(grpc.RpcError) as refused:
        cluster.delete()
    assert "final_snapshot_identifier is required when skip_final_snapshot is false" in details(
        refused
    )
    cluster.update(
        inputs_of("snapped", skipFinalSnapshot=False, finalSnapshotIdentifier="snapped-last")
    )
    cluster.delete()
    made = aws("rds").describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="snapped-last")
    assert made["DBClusterSnapshots"][0]["DBClusterIdentifier"] == "snapped"


def test_a_cluster_cannot_join_another_global_cluster_in_place(plugin):
    cluster = Resource(plugin, CLUSTER)
    cluster.create(inputs_of("loner"))
    assert cluster.diff(inputs_of("loner", globalClusterIdentifier="x"))[0] == {
        "globalClusterIdentifier": "ADD"
    }
    with pytest.raises(grpc.RpcError) as refused:
        cluster.update(inputs_of("loner", globalClusterIdentifier="x"))
    assert "existing RDS Clusters cannot be added to an existing RDS Global Cluster" in details(
        refused
    )


def test_what_cannot_change_in_place_replaces_and_deletes_first(plugin):
    cluster = Resource(plugin, CLUSTER)
    cluster.create(inputs_of("fixed"))
    kinds, answer = cluster.diff(inputs_of("fixed", databaseName="other", port=3307))
    assert kinds == {"databaseName": "ADD_REPLACE", "port": "UPDATE"}
    assert list(answer.replaces) == ["databaseName"]
    assert answer.deleteBeforeReplace


def test_an_aws_error_is_told_with_operation_code_and_message(plugin):
    with pytest.raises(grpc.RpcError) as refused:
        Resource(plugin, CLUSTER).create(
            {"clusterIdentifier": "broken", "engine": "aurora-mysql", "skipFinalSnapshot": True}
        )
    assert "creating RDS Cluster (broken): CreateDBCluster: Invalid" in details(refused)


def test_a_secret_input_is_a_secret_output(plugin):
    cluster = Resource(plugin, CLUSTER)
    cluster.create(inputs_of("secretive"))
    assert cluster.state["masterPassword"] == wire.secret("very-secret-1")
    assert cluster.refresh()[2]["masterPassword"] == wire.secret("very-secret-1")
    # A password that nobody marked is a secret all the same.
    assert cluster.update(inputs_of("secretive", masterPassword="other-word-2"))[
        "masterPassword"
    ] == wire.secret("other-word-2")


def test_a_preview_of_a_creation_knows_the_inputs_and_nothing_that_aws_gives(plugin):
    shown = Resource(plugin, CLUSTER).create(inputs_of("later", tags={"a": "b"}), preview=True)
    assert shown["clusterIdentifier"] == "later"
    assert shown["region"] == "us-west-2"
    assert shown["tagsAll"] == {"a": "b", "owner": "dr"}
    for unknown in ("arn", "endpoint", "readerEndpoint", "clusterMembers", "engineVersion"):
        assert shown[unknown] == wire.UNKNOWN
    assert wire.UNKNOWN not in shown["masterPassword"].values()


def test_a_preview_of_an_update_keeps_what_it_does_not_touch(plugin):
    group = Resource(plugin, GROUP)
    group.create({"name": "/preview", "retentionInDays": 7})
    shown = group.update({"name": "/preview", "retentionInDays": 14}, preview=True)
    assert shown["arn"] == group.state["arn"]
    assert shown["retentionInDays"] == 14
    assert group.refresh()[2]["retentionInDays"] == 7


def test_an_unknown_input_is_a_change_and_replaces_where_the_property_does(plugin):
    group = Resource(plugin, GROUP)
    group.create({"name": "/unknown", "retentionInDays": 7})
    kinds, _ = group.diff({"name": wire.UNKNOWN, "retentionInDays": wire.UNKNOWN})
    assert kinds == {"name": "UPDATE_REPLACE", "retentionInDays": "UPDATE"}


def test_the_defaults_and_own_tags_of_a_resource_come_together_and_go(plugin, aws):
    group = Resource(plugin, GROUP)
    group.create({"name": "/tagged", "tags": {"a": "1", "b": "2"}})
    assert group.state["tagsAll"] == {"a": "1", "b": "2", "owner": "dr"}
    group.update({"name": "/tagged", "tags": {"a": "3"}})
    tags = aws("logs").list_tags_for_resource(resourceArn=group.state["arn"])["tags"]
    assert tags == {"a": "3", "owner": "dr"}


def test_drift_is_seen_by_a_refresh_and_put_right_by_an_update(plugin, aws):
    group = Resource(plugin, GROUP)
    inputs = {"name": "/drifted", "retentionInDays": 7}
    group.create(inputs)
    aws("logs").put_retention_policy(logGroupName="/drifted", retentionInDays=30)
    _, seen, group.state = group.refresh()
    assert seen["retentionInDays"] == 30
    assert group.diff(inputs)[0] == {"retentionInDays": "UPDATE"}
    assert group.update(inputs)["retentionInDays"] == 7


def test_ignored_changes_are_no_difference_and_are_not_sent(plugin, aws):
    alarm = Resource(plugin, "aws:cloudwatch/metricAlarm:MetricAlarm")
    base = {
        "name": "ignored",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "m",
        "namespace": "n",
        "period": 60,
        "statistic": "Average",
        "threshold": 1,
        "tags": {"keep": "1"},
    }
    alarm.create(base)
    other = {**base, "threshold": 9, "evaluationPeriods": 2, "tags": {"keep": "2"}}
    ignore = ["threshold", "tags.keep"]
    assert alarm.diff(other, ignore)[0] == {"evaluationPeriods": "UPDATE"}
    alarm.update(other, ignore)
    shown = aws("cloudwatch").describe_alarms(AlarmNames=["ignored"])["MetricAlarms"][0]
    assert (shown["Threshold"], shown["EvaluationPeriods"]) == (1.0, 2)


def test_a_resource_may_be_in_a_region_of_its_own(plugin, aws):
    group = Resource(plugin, GROUP)
    inputs = {"name": "/elsewhere", "region": "us-east-1"}
    group.create(inputs)
    assert ":us-east-1:" in group.state["arn"]
    found = aws("logs", "us-east-1").describe_log_groups(logGroupNamePrefix="/elsewhere")
    assert len(found["logGroups"]) == 1
    assert group.refresh() == (group.id, group.inputs, group.state)
    assert group.diff({**inputs, "region": "us-west-2"})[0] == {"region": "UPDATE_REPLACE"}
    group.delete()
    assert group.refresh()[0] == ""


def test_a_service_that_does_not_become_steady_is_kept_with_its_reason(sandbox, plugin_home):
    """In this sandbox tasks take their time, more of it than the resource's timeout."""
    slow = Plugin(plugin_home, process.environment(sandbox.status))
    try:
        slow.configure()
        cluster = Resource(slow, "aws:ecs/cluster:Cluster")
        cluster.create({"name": "stuck"})
        task = Resource(slow, "aws:ecs/taskDefinition:TaskDefinition")
        container = {"name": "app", "image": "nginx", "memory": 128}
        task.create({"family": "stuck", "containerDefinitions": json.dumps([container])})
        service = Resource(slow, SERVICE)
        with pytest.raises(grpc.RpcError) as refused:
            service.create(
                {
                    "name": "stuck",
                    "cluster": "stuck",
                    "taskDefinition": task.state["arn"],
                    "desiredCount": 1,
                    "waitForSteadyState": True,
                },
                timeout=0.2,
            )
        trailing = dict(refused.value.trailing_metadata())
        assert "grpc-status-details-bin" in trailing, details(refused)
        status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
        failed = pb.ErrorResourceInitFailed()
        assert status.details[0].Unpack(failed)
        assert failed.id == f"arn:aws:ecs:us-west-2:{ACCOUNT}:service/stuck/stuck"
        assert "0 of 1 running" in failed.reasons[0]
        assert wire.plain(failed.properties)["desiredCount"] == 1
    finally:
        slow.close()
