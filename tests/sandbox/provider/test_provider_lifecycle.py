"""Every type through a whole life, over gRPC, against the emulated AWS."""

import json

import pytest

from drstate.sandbox.provider import wire
from tests.sandbox.provider.provider_harness import ACCOUNT, Resource

DIMENSION = {"scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs"}


@pytest.fixture(scope="module")
def network(aws):
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    )["SecurityGroups"]
    return {"subnets": [subnet["SubnetId"]], "securityGroups": [groups[0]["GroupId"]]}


def containers(image="nginx:1"):
    return json.dumps(
        [
            {
                "image": image,
                "memory": 128,
                "name": "app",
                "portMappings": [{"containerPort": 80}],
                "environment": [{"name": "B", "value": "1"}, {"name": "A", "value": "2"}],
            }
        ]
    )


def service(plugin, network, name, **more):
    """A cluster, a task definition and a service's inputs."""
    cluster = Resource(plugin, "aws:ecs/cluster:Cluster", name)
    cluster.create({"name": name})
    task = Resource(plugin, "aws:ecs/taskDefinition:TaskDefinition", name)
    task.create({"family": name, "containerDefinitions": containers(), "networkMode": "awsvpc"})
    return {
        "name": name,
        "cluster": cluster.state["arn"],
        "taskDefinition": task.state["arn"],
        "networkConfiguration": network,
        **more,
    }


def test_a_log_group_lives(plugin):
    group = Resource(plugin, "aws:cloudwatch/logGroup:LogGroup")
    first = {"name": "/life/group", "retentionInDays": 7}
    imported = group.lives(
        first,
        {**first, "retentionInDays": 14, "tags": {"a": "b"}},
        ["retentionInDays", "tags", "tagsAll.a"],
    )
    assert imported["retentionInDays"] == 14
    assert imported["tags"] == {"a": "b"}


def test_a_task_definition_lives(plugin):
    task = Resource(plugin, "aws:ecs/taskDefinition:TaskDefinition")
    first = {
        "family": "life",
        "containerDefinitions": containers(),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
    }
    arn = f"arn:aws:ecs:us-west-2:{ACCOUNT}:task-definition/life:1"
    task.lives(
        first, {**first, "skipDestroy": False, "tags": {"a": "b"}}, ["tags", "tagsAll.a"], arn
    )
    assert task.state["arnWithoutRevision"] == arn.removesuffix(":1")
    assert (task.id, task.state["revision"]) == ("life", 1)


def test_container_definitions_are_compared_by_what_they_mean(plugin):
    task = Resource(plugin, "aws:ecs/taskDefinition:TaskDefinition")
    task.create({"family": "meaning", "containerDefinitions": containers()})
    again = json.loads(containers())
    again[0]["environment"].reverse()
    again[0] |= {"cpu": 0, "essential": True, "mountPoints": []}
    same = {"family": "meaning", "containerDefinitions": json.dumps(again, indent=1)}
    assert task.diff(same)[0] == {}
    other = {"family": "meaning", "containerDefinitions": containers("nginx:2")}
    assert task.diff(other)[0] == {"containerDefinitions": "UPDATE_REPLACE"}
    assert task.diff(other)[1].deleteBeforeReplace is False


def test_an_ecs_cluster_lives_and_is_imported_by_name(plugin):
    cluster = Resource(plugin, "aws:ecs/cluster:Cluster")
    first = {"name": "life", "tags": {"a": "1"}}
    second = {**first, "settings": [{"name": "containerInsights", "value": "enabled"}]}
    cluster.lives(first, second, ["settings"], "life")
    assert cluster.id == cluster.state["arn"]


def test_a_service_lives_and_is_imported_by_cluster_and_name(plugin, network):
    first = service(plugin, network, "life-web", desiredCount=0, waitForSteadyState=True)
    second = {
        **first,
        "desiredCount": 2,
        "deploymentMinimumHealthyPercent": 50,
        "taskDefinition": "life-web:1",
    }
    resource = Resource(plugin, "aws:ecs/service:Service")
    resource.lives(
        first, second, ["desiredCount", "deploymentMinimumHealthyPercent"], "life-web/life-web"
    )
    assert resource.id == resource.state["arn"]


def test_a_scalable_target_and_its_policy_live(plugin, network):
    made = Resource(plugin, "aws:ecs/service:Service")
    made.create(service(plugin, network, "scaled", desiredCount=1))
    keys = {"resourceId": "service/scaled/scaled", **DIMENSION}
    target = Resource(plugin, "aws:appautoscaling/target:Target")
    target.create({**keys, "minCapacity": 1, "maxCapacity": 2})
    first = {
        **keys,
        "name": "cpu",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "targetValue": 50,
            "predefinedMetricSpecification": {
                "predefinedMetricType": "ECSServiceAverageCPUUtilization"
            },
        },
    }
    second = json.loads(json.dumps(first))
    second["targetTrackingScalingPolicyConfiguration"]["targetValue"] = 60.5
    policy = Resource(plugin, "aws:appautoscaling/policy:Policy")
    policy.lives(
        first,
        second,
        ["targetTrackingScalingPolicyConfiguration.targetValue"],
        "ecs/service/scaled/scaled/ecs:service:DesiredCount/cpu",
    )
    assert target.id == "service/scaled/scaled"
    target.delete()
    target.lives(
        {**keys, "minCapacity": 1, "maxCapacity": 2},
        {**keys, "minCapacity": 2, "maxCapacity": 4},
        ["minCapacity", "maxCapacity"],
        "ecs/service/scaled/scaled/ecs:service:DesiredCount",
    )


def test_an_alarm_lives(plugin):
    first = {
        "name": "life",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "m",
        "namespace": "n",
        "period": 60,
        "statistic": "Average",
        "threshold": 0,
        "dimensions": {"a": "b"},
    }
    second = {**first, "threshold": 1.5, "alarmActions": ["arn:aws:sns:us-west-2:1:t"]}
    alarm = Resource(plugin, "aws:cloudwatch/metricAlarm:MetricAlarm")
    alarm.lives(first, second, ["alarmActions", "threshold"])


def test_a_health_check_lives(plugin):
    first = {
        "type": "HTTPS",
        "fqdn": "app.example.com",
        "port": 443,
        "resourcePath": "/health",
        "referenceName": "life",
        "requestInterval": 30,
        "tags": {"a": "b"},
    }
    check = Resource(plugin, "aws:route53/healthCheck:HealthCheck")
    imported = check.lives(
        first,
        {**first, "resourcePath": "/ready", "invertHealthcheck": True},
        ["invertHealthcheck", "resourcePath"],
    )
    assert imported["referenceName"] == "life"


@pytest.fixture(scope="module")
def zone(aws):
    made = aws("route53").create_hosted_zone(Name="life.example", CallerReference="life")
    return made["HostedZone"]["Id"].rsplit("/", 1)[-1]


def test_a_record_lives(plugin, zone, aws):
    first = {"zoneId": zone, "name": "app", "type": "CNAME", "ttl": 60, "records": ["a.example"]}
    record = Resource(plugin, "aws:route53/record:Record")
    record.create(first)
    assert record.id == f"{zone}_app_CNAME"
    assert record.state["fqdn"] == "app.life.example"
    second = {**first, "records": ["b.example"], "ttl": 30}
    assert record.diff(second)[0] == {"records": "UPDATE", "ttl": "UPDATE"}
    record.update(second)
    shown = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    mine = next(one for one in shown if one["Name"] == "app.life.example.")
    assert (mine["TTL"], mine["ResourceRecords"]) == (30, [{"Value": "b.example"}])
    ident, inputs, _ = record.imported(record.id)
    assert (ident, inputs) == (record.id, second)
    record.delete()
    assert record.refresh()[0] == ""


def test_a_record_that_becomes_another_type_or_member_is_changed_in_one_batch(plugin, zone, aws):
    first = {"zoneId": zone, "name": "turns", "type": "CNAME", "ttl": 60, "records": ["a.example"]}
    record = Resource(plugin, "aws:route53/record:Record")
    record.create(first)
    second = {**first, "type": "A", "records": ["192.0.2.1"]}
    kinds, answer = record.diff(second)
    assert kinds == {"records": "UPDATE", "type": "UPDATE"}
    assert list(answer.replaces) == []
    record.update(second)
    assert record.diff(second)[0] == {}
    third = {**second, "setIdentifier": "one", "weightedRoutingPolicies": [{"weight": 1}]}
    record.update(third)
    assert record.diff({**third, "setIdentifier": "two"})[0] == {"setIdentifier": "UPDATE"}
    record.update({**third, "setIdentifier": "two"})
    shown = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    mine = [one for one in shown if one["Name"] == "turns.life.example."]
    assert [(one["Type"], one["SetIdentifier"]) for one in mine] == [("A", "two")]
    record.delete()


def test_a_failover_alias_record_lives_and_its_weight_may_be_zero(plugin, zone):
    alias = [{"name": "LB.example.com", "zoneId": "Z1", "evaluateTargetHealth": True}]
    first = {
        "zoneId": zone,
        "name": "api.life.example",
        "type": "A",
        "setIdentifier": "one",
        "weightedRoutingPolicies": [{"weight": 100}],
        "aliases": alias,
    }
    record = Resource(plugin, "aws:route53/record:Record")
    record.create(first)
    assert record.id == f"{zone}_api.life.example_A_one"
    second = {**first, "weightedRoutingPolicies": [{"weight": 0}]}
    assert record.diff(second)[0] == {"weightedRoutingPolicies[0].weight": "UPDATE"}
    record.update(second)
    assert record.diff(second)[0] == {}
    third = {k: v for k, v in first.items() if k != "weightedRoutingPolicies"}
    third["failoverRoutingPolicies"] = [{"type": "PRIMARY"}]
    record.update(third)
    assert record.diff(third)[0] == {}
    assert record.imported(record.id)[1]["failoverRoutingPolicies"] == [{"type": "PRIMARY"}]
    record.delete()


def test_an_existing_record_is_taken_over_only_when_that_is_allowed(plugin, zone, aws):
    import grpc

    record = {"Name": "old.life.example", "Type": "CNAME", "TTL": 9}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    record["ResourceRecords"] = [{"Value": "x.example"}]
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    inputs = {"zoneId": zone, "name": "old", "type": "CNAME", "ttl": 5, "records": ["y.example"]}
    resource = Resource(plugin, "aws:route53/record:Record")
    with pytest.raises(grpc.RpcError) as refused:
        resource.create(inputs)
    assert "InvalidChangeBatch" in refused.value.details()
    assert resource.create({**inputs, "allowOverwrite": True})["records"] == ["y.example"]


def cluster_inputs(name, **more):
    return {
        "clusterIdentifier": name,
        "engine": "aurora-mysql",
        "masterUsername": "admin",
        "masterPassword": wire.secret("very-secret-1"),
        "skipFinalSnapshot": True,
        **more,
    }


def test_a_cluster_and_its_instance_live(plugin):
    cluster = Resource(plugin, "aws:rds/cluster:Cluster")
    first = cluster_inputs("life-db", vpcSecurityGroupIds=["sg-2", "sg-1"])
    cluster.create(first)
    instance = Resource(plugin, "aws:rds/clusterInstance:ClusterInstance")
    of_instance = {
        "identifier": "life-db-1",
        "clusterIdentifier": cluster.id,
        "engine": "aurora-mysql",
        "instanceClass": "db.r6g.large",
    }
    instance.create(of_instance)
    assert instance.state["writer"] is True
    assert instance.state["endpoint"].startswith("life-db-1.")
    _, inputs, state = cluster.refresh()
    assert state["clusterMembers"] == ["life-db-1"]
    assert inputs == cluster.inputs
    assert instance.diff({**of_instance, "engineVersion": "5.7"})[0] == {}
    bigger = {**of_instance, "instanceClass": "db.r6g.xlarge"}
    assert instance.diff(bigger)[0] == {"instanceClass": "UPDATE"}
    instance.update(bigger)
    instance.delete()
    cluster.delete()
    reordered = {**first, "vpcSecurityGroupIds": ["sg-1", "sg-2"], "tags": {"x": "1"}}
    imported = cluster.lives(
        first,
        {**reordered, "backupRetentionPeriod": 9},
        ["backupRetentionPeriod", "tags", "tagsAll.x"],
    )
    assert imported["backupRetentionPeriod"] == 9
    for output in ("endpoint", "readerEndpoint", "hostedZoneId", "clusterResourceId"):
        assert cluster.state[output]


def test_a_global_cluster_lives(plugin):
    resource = Resource(plugin, "aws:rds/globalCluster:GlobalCluster")
    first = {"globalClusterIdentifier": "life", "engine": "aurora-mysql"}
    second = {**first, "deletionProtection": True}
    resource.create(first)
    assert resource.diff(first)[0] == {}
    assert resource.diff(second)[0] == {"deletionProtection": "UPDATE"}
    resource.update(second)
    assert resource.diff(second)[0] == {}
    resource.update(first)
    resource.delete()
    assert resource.refresh()[0] == ""
