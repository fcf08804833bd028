import pytest

from drstate.sandbox import process

EAST, WEST = "us-east-1", "us-west-2"
ACCOUNT = "211111111102"
CLUSTER, SERVICE = "acme-production", "acme-production-web"


@pytest.fixture
def ecs(sandbox):
    return sandbox.client("ecs", EAST, ACCOUNT)


def service(client, cluster=CLUSTER, name=SERVICE):
    return client.describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"][
        0
    ]


def health(sandbox, region=EAST):
    elb = sandbox.client("elbv2", region, ACCOUNT)
    facts = sandbox.facts("acme/production")["app"][region]["load_balancer"]
    shown = elb.describe_target_health(TargetGroupArn=facts["target_group_arn"])
    return [one["TargetHealth"]["State"] for one in shown["TargetHealthDescriptions"]]


def standby(sandbox, desired=0):
    """A service at the recovery site, as a plan would make it."""
    west = sandbox.client("ecs", WEST, ACCOUNT)
    east = sandbox.client("ecs", EAST, ACCOUNT)
    facts = sandbox.facts("acme/production")["app"][WEST]
    definition = east.describe_task_definition(taskDefinition=SERVICE)["taskDefinition"]
    west.register_task_definition(
        family=SERVICE,
        containerDefinitions=definition["containerDefinitions"],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="512",
        memory="1024",
    )
    made = west.create_service(
        cluster=facts["ecs_cluster"],
        serviceName=SERVICE,
        taskDefinition=SERVICE,
        desiredCount=desired,
        launchType="FARGATE",
        deploymentConfiguration={"minimumHealthyPercent": 50},
        enableECSManagedTags=True,
        healthCheckGracePeriodSeconds=30,
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": facts["subnet_ids"],
                "securityGroups": [facts["security_group_id"]],
            }
        },
        loadBalancers=[
            {
                "targetGroupArn": facts["load_balancer"]["target_group_arn"],
                "containerName": "web",
                "containerPort": 8080,
            }
        ],
    )["service"]
    return west, facts["ecs_cluster"], made


def test_service_of_the_estate_is_steady_and_healthy(sandbox, ecs):
    found = service(ecs)
    assert (found["desiredCount"], found["runningCount"], found["pendingCount"]) == (4, 4, 0)
    assert [one["rolloutState"] for one in found["deployments"]] == ["COMPLETED"]
    assert health(sandbox) == ["healthy"] * 4
    assert {"key": "dr:wave", "value": "2"} in found["tags"]


def test_service_is_described_without_tags_unless_asked(ecs):
    found = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]
    assert "tags" not in found


def test_new_service_at_zero_keeps_what_it_was_made_with(sandbox):
    west, cluster, made = standby(sandbox)
    assert (made["desiredCount"], made["runningCount"]) == (0, 0)
    found = service(west, cluster)
    assert found["deploymentConfiguration"]["minimumHealthyPercent"] == 50
    assert found["deploymentConfiguration"]["maximumPercent"] == 200
    assert found["enableECSManagedTags"] is True
    assert found["healthCheckGracePeriodSeconds"] == 30
    assert found["deployments"][0]["rolloutState"] == "COMPLETED"
    assert health(sandbox, WEST) == []


def test_scaling_up_takes_its_time_and_then_is_steady(sandbox):
    west, cluster, _ = standby(sandbox)
    changed = west.update_service(cluster=cluster, service=SERVICE, desiredCount=4)["service"]
    assert (changed["runningCount"], changed["pendingCount"]) == (0, 4)
    assert changed["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert health(sandbox, WEST) == []
    sandbox.settle()
    found = service(west, cluster)
    assert (found["runningCount"], found["pendingCount"]) == (4, 0)
    assert found["deployments"][0]["rolloutState"] == "COMPLETED"
    assert "has reached a steady state" in found["events"][0]["message"]
    assert health(sandbox, WEST) == ["healthy"] * 4


def test_targets_are_initial_before_they_are_healthy(sandbox):
    west, cluster, _ = standby(sandbox)
    west.update_service(cluster=cluster, service=SERVICE, desiredCount=2)
    process.advance(sandbox.home, 12)
    assert service(west, cluster)["runningCount"] == 2
    assert service(west, cluster)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert health(sandbox, WEST) == ["initial", "initial"]
    process.advance(sandbox.home, 5)
    assert health(sandbox, WEST) == ["healthy", "healthy"]


def test_update_of_one_thing_keeps_the_rest(ecs, sandbox):
    before = service(ecs)
    ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=6)
    sandbox.settle()
    after = service(ecs)
    changing = {"desiredCount", "runningCount", "pendingCount", "deployments", "events"}
    assert {key: value for key, value in after.items() if key not in changing} == {
        key: value for key, value in before.items() if key not in changing
    }
    assert after["runningCount"] == 6


def test_new_task_definition_starts_a_deployment_and_ends_the_old_one(ecs, sandbox):
    old = service(ecs)["deployments"][0]["id"]
    definition = ecs.describe_task_definition(taskDefinition=SERVICE)["taskDefinition"]
    made = ecs.register_task_definition(
        family=SERVICE,
        containerDefinitions=definition["containerDefinitions"],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="512",
        memory="1024",
    )["taskDefinition"]
    assert made["revision"] == 2
    changed = ecs.update_service(cluster=CLUSTER, service=SERVICE, taskDefinition=SERVICE)
    shown = [(one["status"], one["taskDefinition"][-2:]) for one in
             changed["service"]["deployments"]]  # fmt: skip
    assert shown == [("PRIMARY", ":2"), ("ACTIVE", ":1")]
    assert changed["service"]["runningCount"] == 4
    sandbox.settle()
    (only,) = service(ecs)["deployments"]
    assert only["id"] != old
    assert (only["rolloutState"], only["runningCount"]) == ("COMPLETED", 4)
    assert service(ecs)["taskDefinition"].endswith(":2")


def test_scaled_service_is_only_deleted_by_force(ecs, sandbox, refused):
    assert refused(
        ecs.delete_service, cluster=CLUSTER, service=SERVICE
    )[0] == "InvalidParameterException"  # fmt: skip
    gone = ecs.delete_service(cluster=CLUSTER, service=SERVICE, force=True)["service"]
    assert gone["status"] == "DRAINING"
    sandbox.settle()
    assert service(ecs)["status"] == "INACTIVE"
    assert health(sandbox) == []
    assert gone["serviceArn"] not in ecs.list_services(cluster=CLUSTER)["serviceArns"]
    assert refused(
        ecs.update_service, cluster=CLUSTER, service=SERVICE, desiredCount=1
    )[0] == "ServiceNotActiveException"  # fmt: skip


def test_service_exists_once_and_is_looked_up_by_its_cluster(ecs, refused):
    assert refused(
        ecs.create_service, cluster=CLUSTER, serviceName=SERVICE, taskDefinition=SERVICE
    )[0] == "InvalidParameterException"  # fmt: skip
    assert refused(
        ecs.update_service, cluster="missing", service=SERVICE, desiredCount=1
    )[0] == "ClusterNotFoundException"  # fmt: skip
    assert refused(
        ecs.update_service, cluster=CLUSTER, service="missing", desiredCount=1
    )[0] == "ServiceNotFoundException"  # fmt: skip
    assert ecs.describe_services(cluster=CLUSTER, services=["missing"])["failures"] == [
        {"arn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/missing", "reason": "MISSING"}
    ]


def test_more_than_ten_services_are_not_described_at_once(ecs, refused):
    names = [f"service-{number}" for number in range(11)]
    code, _, message, _ = refused(ecs.describe_services, cluster=CLUSTER, services=names)
    assert code == "InvalidParameterException"
    assert "10" in message


def test_autoscaling_keeps_what_is_not_given(sandbox, refused):
    scaling = sandbox.client("application-autoscaling", EAST, ACCOUNT)
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{CLUSTER}/{SERVICE}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }

    def shown():
        found = scaling.describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[target["ResourceId"]]
        )["ScalableTargets"][0]
        return found["MinCapacity"], found["MaxCapacity"]

    assert shown() == (2, 10)
    scaling.register_scalable_target(**target, MinCapacity=4)
    assert shown() == (4, 10)
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=0)
    assert shown() == (0, 0)
    code = refused(scaling.register_scalable_target, **target, MinCapacity=3)[0]
    assert code == "ValidationException"
    worker = target | {"ResourceId": f"service/{CLUSTER}/acme-production-worker"}
    assert refused(
        scaling.register_scalable_target, **worker, MinCapacity=1
    )[0] == "ValidationException"  # fmt: skip
    (policy,) = [
        one
        for one in scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
        if one["ResourceId"] == target["ResourceId"]
    ]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60.0
