"""The demo's identifiers are named by committed scope files: they may not move."""

import json

import pytest

from drstate.sandbox import process

SCOPES = ("acme/production", "acme/staging", "globex/production", "globex/staging")


@pytest.fixture(scope="module")
def facts(original):
    return process.facts(original.home)


def test_identifiers_are_the_ones_that_scope_files_name(facts):
    acme = facts["acme/production"]
    assert acme["data"]["us-east-1"]["subnet_ids"] == [
        "subnet-d2158bb5edac2f717",
        "subnet-e9943b8b78fe7dccc",
    ]
    assert acme["data"]["us-west-2"]["kms_key_arn"] == (
        "arn:aws:kms:us-west-2:211111111101:key/b1d53d91-f910-42a8-9db8-aa2a16ed3038"
    )
    assert acme["app"]["us-west-2"]["load_balancer"]["target_group_arn"] == (
        "arn:aws:elasticloadbalancing:us-west-2:211111111102:targetgroup/"
        "acme-production-web-dr/60f30b85d7bb829c"
    )
    assert acme["app"]["us-west-2"]["secret_arn"] == (
        "arn:aws:secretsmanager:us-west-2:211111111102:secret:acme-production/db-pxmiMo"
    )
    assert acme["dns"]["zone_id"] == "Z65WIR0FXK93R57LMDAU9G"
    assert facts["globex/production"]["dns"]["zone_id"] == "ODEU4MDPOZ8UPIGV1ZUQLB"


def test_everything_is_the_same_in_another_process(original, tmp_path):
    home = tmp_path / "another"
    process.start(home, time_scale=1.0)
    try:
        assert process.facts(home) == process.facts(original.home)
        assert process.digest(home) == process.digest(original.home)
    finally:
        process.stop(home)


@pytest.mark.parametrize("scope", SCOPES)
def test_facts_name_things_that_exist(sandbox, facts, scope):
    found = facts[scope]
    for region in ("us-east-1", "us-west-2"):
        data, app = found["data"][region], found["app"][region]
        for part in (data, app):
            ec2 = sandbox.client("ec2", region, part["account"])
            assert len(ec2.describe_subnets(SubnetIds=part["subnet_ids"])["Subnets"]) == 2
            (group,) = ec2.describe_security_groups(GroupIds=[part["security_group_id"]])[
                "SecurityGroups"
            ]
            assert group["GroupName"] == part["security_group_name"]
        rds = sandbox.client("rds", region, data["account"])
        rds.describe_db_subnet_groups(DBSubnetGroupName=data["db_subnet_group"])
        rds.describe_db_cluster_parameter_groups(
            DBClusterParameterGroupName=data["db_cluster_parameter_group"]
        )
        kms = sandbox.client("kms", region, data["account"])
        assert (
            kms.describe_key(KeyId=data["kms_alias"])["KeyMetadata"]["Arn"] == (data["kms_key_arn"])
        )
        elb = sandbox.client("elbv2", region, app["account"])
        elb.describe_target_groups(TargetGroupArns=[app["load_balancer"]["target_group_arn"]])
        secrets = sandbox.client("secretsmanager", region, app["account"])
        value = json.loads(secrets.get_secret_value(SecretId=app["secret_arn"])["SecretString"])
        assert value["username"] == "orders"
        logs = sandbox.client("logs", region, app["account"])
        groups = logs.describe_log_groups(logGroupNamePrefix=app["log_group"])["logGroups"]
        assert [one["logGroupName"] for one in groups] == [app["log_group"]]


@pytest.mark.parametrize("scope", SCOPES)
def test_recovery_region_holds_no_database_and_no_service(sandbox, facts, scope):
    found = facts[scope]
    rds = sandbox.client("rds", "us-west-2", found["data"]["us-west-2"]["account"])
    assert rds.describe_db_clusters()["DBClusters"] == []
    app = found["app"]["us-west-2"]
    ecs = sandbox.client("ecs", "us-west-2", app["account"])
    assert ecs.list_services(cluster=app["ecs_cluster"])["serviceArns"] == []


def test_production_is_bigger_than_staging_and_protected(sandbox):
    rds = sandbox.client("rds", account="211111111101")
    shown = {one["DBClusterIdentifier"]: one for one in rds.describe_db_clusters()["DBClusters"]}
    production, staging = shown["acme-production-orders"], shown["acme-staging-orders"]
    assert [len(one["DBClusterMembers"]) for one in (production, staging)] == [2, 1]
    assert [one["DeletionProtection"] for one in (production, staging)] == [True, False]
    for one in (production, staging):
        assert (one["Status"], one["EngineVersion"], one["StorageEncrypted"]) == (
            "available",
            "15.4",
            True,
        )
        assert one["BackupRetentionPeriod"] == 7


def test_only_globex_production_is_in_a_global_database(sandbox):
    globex = sandbox.client("rds", account="322222222201")
    (group,) = globex.describe_global_clusters()["GlobalClusters"]
    assert group["GlobalClusterIdentifier"] == "globex-production-orders-global"
    acme = sandbox.client("rds", account="211111111101")
    assert acme.describe_global_clusters()["GlobalClusters"] == []


def test_task_definition_names_the_database_and_the_region(sandbox, facts):
    ecs = sandbox.client("ecs", account="211111111102")
    database = facts["acme/production"]["data"]["us-east-1"]["cluster"]
    (container,) = ecs.describe_task_definition(taskDefinition="acme-production-web")[
        "taskDefinition"
    ]["containerDefinitions"]
    variables = {one["name"]: one["value"] for one in container["environment"]}
    assert variables["DB_HOST"] == database["endpoint"]
    assert variables["DB_READER"] == database["reader_endpoint"]
    assert variables["AWS_REGION"] == "us-east-1"
    assert container["image"].startswith("211111111102.dkr.ecr.us-east-1.amazonaws.com/")
    assert container["logConfiguration"]["options"]["awslogs-region"] == "us-east-1"
    assert (
        container["secrets"][0]["valueFrom"]
        == (facts["acme/production"]["app"]["us-east-1"]["secret_arn"])
    )


def test_misfits_are_wrong_in_one_way_each(sandbox):
    def tags(service, account, arn):
        client = sandbox.client("resourcegroupstaggingapi", account=account)
        (one,) = client.get_resources(ResourceARNList=[arn])["ResourceTagMappingList"]
        return {tag["Key"]: tag["Value"] for tag in one["Tags"]}

    cluster = "arn:aws:rds:us-east-1:211111111101:cluster:"
    service = "arn:aws:ecs:us-east-1:{}:service/{}/{}"
    assert tags("rds", "211111111101", f"{cluster}acme-staging-reports")["dr:wave"] == "first"
    scratch = tags("rds", "211111111101", f"{cluster}acme-production-scratch")
    assert scratch["dr:enabled"] == "false"
    legacy = service.format("211111111102", "acme-production", "acme-prod-legacy")
    assert tags("ecs", "211111111102", legacy)["Environment"] == "prod"
    guest = service.format("211111111102", "acme-production", "globex-production-guest")
    assert tags("ecs", "211111111102", guest)["Customer"] == "globex"
    batch = service.format("322222222202", "globex-production", "globex-production-batch")
    assert tags("ecs", "322222222202", batch)["dr:priority"] == "urgent"


def test_worker_has_no_priority_and_no_autoscaling(sandbox):
    ecs = sandbox.client("ecs", account="211111111102")
    (worker,) = ecs.describe_services(
        cluster="acme-production", services=["acme-production-worker"], include=["TAGS"]
    )["services"]
    keys = {one["key"] for one in worker["tags"]}
    assert {"dr:enabled", "dr:wave"} <= keys
    assert "dr:priority" not in keys
    assert worker["runningCount"] == 2
    assert worker["loadBalancers"] == []
    scaling = sandbox.client("application-autoscaling", account="211111111102")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert {one["ResourceId"].rsplit("/", 1)[1] for one in targets} == {
        "acme-production-web",
        "acme-staging-web",
    }


def test_digest_of_a_scope_moves_with_that_scope_only(sandbox):
    def digests():
        found = {}
        for scope in SCOPES:
            customer, environment = scope.split("/")
            found[scope] = process.digest(sandbox.home, customer=customer, environment=environment)
        return found

    before = digests()
    assert all(len(one["resources"]) > 20 for one in before.values())
    ecs = sandbox.client("ecs", account="211111111102")
    ecs.update_service(cluster="acme-production", service="acme-production-web", desiredCount=9)
    zone = before["acme/production"]
    assert any("/records/app.acme.example." in name for name in zone["resources"])
    sandbox.dns().change_resource_record_sets(
        HostedZoneId="Z65WIR0FXK93R57LMDAU9G",
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": "app.staging.acme.example",
                        "Type": "CNAME",
                        "TTL": 60,
                        "ResourceRecords": [{"Value": "elsewhere.example"}],
                    },
                }
            ]
        },
    )
    after = digests()
    assert [scope for scope in SCOPES if before[scope] != after[scope]] == [
        "acme/production",
        "acme/staging",
    ]


def test_digest_does_not_move_with_time_or_by_looking(sandbox):
    before = process.digest(sandbox.home)
    process.advance(sandbox.home, 7200)
    sandbox.client("rds", account="322222222201").describe_db_clusters()
    sandbox.client("ec2", account="211111111101").describe_vpcs()
    assert process.digest(sandbox.home) == before
    assert not any("AKIA" in json.dumps(one) for one in before["resources"].values())
