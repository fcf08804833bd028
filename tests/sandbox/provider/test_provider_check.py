"""What Check refuses, and what it fills in."""

import pytest

from drstate.sandbox.provider import wire
from tests.sandbox.provider.provider_harness import Resource

CLUSTER = "aws:rds/cluster:Cluster"
SERVICE = "aws:ecs/service:Service"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
GOOD = {"engine": "aurora-mysql", "clusterIdentifier": "checked"}


@pytest.mark.parametrize(
    ("kind", "inputs", "at", "words"),
    [
        (CLUSTER, {**GOOD, "engineVersoin": "8.0"}, "engineVersoin", "'engineVersion'"),
        (
            CLUSTER,
            {
                **GOOD,
                "serverlessv2ScalingConfiguration": {
                    "minCapacity": 1,
                    "maxCapacity": 2,
                    "maxCapcity": 2,
                },
            },
            "serverlessv2ScalingConfiguration.maxCapcity",
            "'maxCapacity'",
        ),
        (
            CLUSTER,
            {**GOOD, "serverlessv2ScalingConfiguration": {"minCapacity": 1}},
            "serverlessv2ScalingConfiguration.maxCapacity",
            "is missing",
        ),
        (CLUSTER, {"clusterIdentifier": "x"}, "engine", "is missing"),
        (CLUSTER, {**GOOD, "engine": "oracle"}, "engine", "aurora-postgresql"),
        (CLUSTER, {**GOOD, "port": "3306"}, "port", "takes an integer, not a string"),
        (CLUSTER, {**GOOD, "deletionProtection": 1}, "deletionProtection", "takes a boolean"),
        (CLUSTER, {**GOOD, "backupRetentionPeriod": 36}, "backupRetentionPeriod", "35"),
        (CLUSTER, {**GOOD, "clusterIdentifier": "Upper"}, "clusterIdentifier", "lower-case"),
        (CLUSTER, {**GOOD, "s3Import": {"bucketName": "b"}}, "s3Import", "does not serve"),
        (
            SERVICE,
            {"loadBalancers": [{"containerName": "a", "containerPort": 1, "targetArn": "x"}]},
            "loadBalancers[0].targetArn",
            "'targetGroupArn'",
        ),
        (GROUP, {"name": "g", "retentionInDays": 8}, "retentionInDays", "allowed are"),
        (
            "aws:rds/globalCluster:GlobalCluster",
            {"globalClusterIdentifier": "g", "sourceDbClusterIdentifier": "arn:aws:rds:x"},
            "forceDestroy",
            "has to be said beside sourceDbClusterIdentifier",
        ),
    ],
)
def test_bad_inputs_are_refused_naming_type_property_and_mend(plugin, kind, inputs, at, words):
    failures = Resource(plugin, kind).failures(inputs)
    assert list(failures) == [at]
    assert kind in failures[at]
    assert words in failures[at]


def test_a_wrong_type_of_a_secret_does_not_show_it(plugin):
    inputs = {**GOOD, "masterPassword": wire.secret(["hidden-word"])}
    failures = Resource(plugin, CLUSTER).failures(inputs)
    assert "hidden-word" not in failures["masterPassword"]


def test_unknown_values_are_of_any_kind(plugin):
    inputs = {**GOOD, "port": wire.UNKNOWN, "vpcSecurityGroupIds": [wire.UNKNOWN]}
    assert Resource(plugin, CLUSTER).failures(inputs) == {}


def test_defaults_are_filled_in_and_secrets_stay_secret(plugin):
    checked = Resource(plugin, CLUSTER).checked({**GOOD, "masterPassword": wire.secret("word")})
    assert checked["engineMode"] == "provisioned"
    assert checked["skipFinalSnapshot"] is False
    assert checked["masterPassword"] == wire.secret("word")


def test_a_name_is_made_up_once_and_kept(plugin):
    group = Resource(plugin, GROUP, "logs")
    group.inputs = group.checked({"retentionInDays": 7})
    assert group.inputs["name"].startswith("logs-")
    assert group.checked({"retentionInDays": 14})["name"] == group.inputs["name"]


def test_a_replacement_of_a_named_resource_deletes_first_and_of_an_unnamed_one_does_not(plugin):
    group = Resource(plugin, GROUP, "logs")
    group.inputs = group.checked({"name": "mine", "logGroupClass": "STANDARD"})
    group.state = {**group.inputs, "tagsAll": {"owner": "dr"}}
    kinds, answer = group.diff({"name": "mine", "logGroupClass": "INFREQUENT_ACCESS"})
    assert kinds == {"logGroupClass": "UPDATE_REPLACE"}
    assert list(answer.replaces) == ["logGroupClass"]
    assert answer.deleteBeforeReplace is True
    group.inputs = {}
    group.inputs = group.checked({"logGroupClass": "STANDARD"})
    group.state = {**group.inputs, "tagsAll": {"owner": "dr"}}
    assert group.diff({"logGroupClass": "INFREQUENT_ACCESS"})[1].deleteBeforeReplace is False


def test_a_type_that_is_not_served_names_the_nearest_one(plugin):
    import grpc

    with pytest.raises(grpc.RpcError) as refused:
        Resource(plugin, "aws:rds/clusters:Clusters").failures({})
    assert "aws:rds/cluster:Cluster" in refused.value.details()


@pytest.mark.parametrize(
    ("kind", "inputs", "filled"),
    [
        (
            CLUSTER,
            GOOD,
            {
                "copyTagsToSnapshot": False,
                "enableGlobalWriteForwarding": False,
                "enableHttpEndpoint": False,
                "enableLocalWriteForwarding": False,
            },
        ),
        (
            "aws:rds/clusterInstance:ClusterInstance",
            {
                "clusterIdentifier": "c",
                "engine": "aurora-mysql",
                "identifier": "i",
                "instanceClass": "db.r6g.large",
            },
            {"copyTagsToSnapshot": False, "monitoringInterval": 0},
        ),
        (
            "aws:rds/globalCluster:GlobalCluster",
            {"globalClusterIdentifier": "g", "engine": "aurora-mysql"},
            {"deletionProtection": False},
        ),
        (
            "aws:route53/healthCheck:HealthCheck",
            {"type": "CALCULATED"},
            {"disabled": False, "measureLatency": False},
        ),
        (SERVICE, {"name": "s"}, {"enableEcsManagedTags": False, "enableExecuteCommand": False}),
        (GROUP, {"name": "g"}, {"retentionInDays": 0}),
    ],
)
def test_what_is_not_said_is_filled_in_as_by_the_real_provider(plugin, kind, inputs, filled):
    checked = Resource(plugin, kind).checked(inputs)
    assert {name: checked.get(name) for name in filled} == filled
