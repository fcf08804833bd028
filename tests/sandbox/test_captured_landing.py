"""Every table of a site map: what it names is there at both sites, under that very identifier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from drstate.errors import AwsCallError, ConfigError
from drstate.model.scope import Scope
from drstate.model.scope import SiteMapTable as T
from drstate.sandbox import process
from tests.adapters.world import World
from tests.contract.stage import environment
from tests.sandbox.captured_trip import rebuilt, written
from tests.sandbox.test_captured_files import ACCOUNT, EAST, WEST, catalog, content, entry

PATH = "acme/production.yaml"


def arn(service: str, rest: str, region: str = EAST) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def both(service: str, rest: str) -> tuple[str, str]:
    """The ARN of something that is called the same at both sites."""
    return arn(service, rest), arn(service, rest, WEST)


def uuid(number: int) -> str:
    return f"{number:08d}-0b0b-4b0b-8b0b-0b0b0b0b0b0b"


Asked = tuple[str, str, dict[str, Any]]


def asked(service: str, operation: str, **parameters: Any) -> Asked:
    return service, operation, parameters


#: table -> identifiers here and there, and the call whose answer has the identifier (None: a name,
#: or made with whoever uses it)
NAMED: dict[T, tuple[tuple[str, str], Any]] = {
    T.VPCS: (("vpc-0c1", "vpc-0c2"), lambda i: asked("ec2", "describe_vpcs", VpcIds=[i])),
    T.SUBNETS: (
        ("subnet-0c1", "subnet-0c2"),
        lambda i: asked("ec2", "describe_subnets", SubnetIds=[i]),
    ),
    T.SECURITY_GROUPS: (
        ("sg-0c1", "sg-0c2"),
        lambda i: asked("ec2", "describe_security_groups", GroupIds=[i]),
    ),
    T.DB_SUBNET_GROUPS: (
        ("data", "data-dr"),
        lambda i: asked("rds", "describe_db_subnet_groups", DBSubnetGroupName=i),
    ),
    T.CLUSTER_PARAMETER_GROUPS: (
        ("pg", "pg-dr"),
        lambda i: asked(
            "rds", "describe_db_cluster_parameter_groups", DBClusterParameterGroupName=i
        ),
    ),
    T.PARAMETER_GROUPS: (
        ("pi", "pi-dr"),
        lambda i: asked("rds", "describe_db_parameter_groups", DBParameterGroupName=i),
    ),
    T.OPTION_GROUPS: (
        ("og", "og-dr"),
        lambda i: asked("rds", "describe_option_groups", OptionGroupName=i),
    ),
    T.KMS_KEYS: (
        both("kms", f"key/{uuid(1)}"),
        lambda i: asked("kms", "describe_key", KeyId=i),
    ),
    T.ROLES: (
        (f"arn:aws:iam::{ACCOUNT}:role/app/one", f"arn:aws:iam::{ACCOUNT}:role/app/two"),
        lambda i: asked("iam", "get_role", RoleName=i.rpartition("/")[2]),
    ),
    T.CERTIFICATES: (
        both("acm", f"certificate/{uuid(2)}"),
        lambda i: asked("acm", "describe_certificate", CertificateArn=i),
    ),
    T.IMAGES: (
        tuple(f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/web" for region in (EAST, WEST)),
        lambda i: asked("ecr", "describe_repositories", repositoryNames=["web"]),
    ),
    T.SECRETS: (
        both("secretsmanager", "secret:app/db-AbCdEf"),
        lambda i: asked("secretsmanager", "describe_secret", SecretId=i),
    ),
    T.TARGET_GROUPS: (
        both("elasticloadbalancing", "targetgroup/web/0c0c0c0c0c0c0c01"),
        lambda i: asked("elbv2", "describe_target_groups", TargetGroupArns=[i]),
    ),
    T.ECS_CLUSTERS: (
        ("main", "main-dr"),
        lambda i: asked("ecs", "describe_clusters", clusters=[i]),
    ),
    T.LOG_GROUPS: (
        both("logs", "log-group:/app/web"),
        lambda i: asked("logs", "describe_log_groups", logGroupNamePrefix="/app/web"),
    ),
    T.LAUNCH_TEMPLATES: (
        ("lt-0c0c0c0c0c0c0c001", "lt-0c0c0c0c0c0c0c002"),
        lambda i: asked("ec2", "describe_launch_templates", LaunchTemplateIds=[i]),
    ),
    T.AMIS: (
        ("ami-0c0c0c0c0c0c0c001", "ami-0c0c0c0c0c0c0c002"),
        lambda i: asked("ec2", "describe_images", ImageIds=[i]),
    ),
    T.KEY_PAIRS: (("ops", "ops-dr"), lambda i: asked("ec2", "describe_key_pairs", KeyNames=[i])),
    T.INSTANCE_PROFILES: (
        ("fleet", "fleet-dr"),
        lambda i: asked("iam", "get_instance_profile", InstanceProfileName=i),
    ),
    T.LOAD_BALANCERS: (
        both("elasticloadbalancing", "loadbalancer/net/front/0c0c0c0c0c0c0c01"),
        lambda i: asked("elbv2", "describe_load_balancers", LoadBalancerArns=[i]),
    ),
    T.CACHE_SUBNET_GROUPS: (
        ("cache", "cache-dr"),
        lambda i: asked("elasticache", "describe_cache_subnet_groups", CacheSubnetGroupName=i),
    ),
    T.CACHE_PARAMETER_GROUPS: (("cp", "cp-dr"), None),
    T.MEMORYDB_SUBNET_GROUPS: (
        ("mem", "mem-dr"),
        lambda i: asked("memorydb", "describe_subnet_groups", SubnetGroupName=i),
    ),
    T.MEMORYDB_PARAMETER_GROUPS: (("mp", "mp-dr"), None),
    T.MEMORYDB_ACLS: (
        ("acl", "acl-dr"),
        lambda i: asked("memorydb", "describe_acls", ACLName=i),
    ),
    T.BUCKETS: (
        ("acme-assets", "acme-assets-dr"),
        lambda i: asked("s3", "get_bucket_versioning", Bucket=i),
    ),
    T.TOPICS: (
        both("sns", "news"),
        lambda i: asked("sns", "get_topic_attributes", TopicArn=i),
    ),
    T.QUEUES: (
        both("sqs", "orders.fifo"),
        lambda i: asked("sqs", "get_queue_url", QueueName="orders.fifo"),
    ),
    T.STREAMS: (
        both("dynamodb", "table/carts/stream/2025-03-01T10:00:00.000"),
        lambda i: asked("dynamodb", "describe_table", TableName="carts"),
    ),
    T.EVENT_BUSES: (
        ("bus", "bus-dr"),
        lambda i: asked("events", "describe_event_bus", Name=i),
    ),
    T.EVENT_TARGETS: (
        both("sqs", "targets"),
        lambda i: asked("sqs", "get_queue_url", QueueName="targets"),
    ),
    T.FILE_SYSTEMS: (
        ("fs-0c0c0c0c0c0c0c001", "fs-0c0c0c0c0c0c0c002"),
        lambda i: asked("efs", "describe_file_systems", FileSystemId=i),
    ),
    T.ACCESS_POINTS: (
        both("elasticfilesystem", "access-point/fsap-0c0c0c0c0c0c0c001"),
        lambda i: asked("efs", "describe_access_points", AccessPointId=i.rpartition("/")[2]),
    ),
    T.DOCUMENTS: (
        ("freeze", "freeze-dr"),
        lambda i: asked("ssm", "describe_document", Name=i),
    ),
    T.FUNCTIONS: (
        ("tell", "tell-dr"),
        lambda i: asked("lambda", "get_function", FunctionName=i),
    ),
    T.CODE_ARTIFACTS: (
        ("tell", "s3://acme-code-dr/tell/7.zip"),
        lambda i: (
            asked("s3", "head_object", Bucket="acme-code-dr", Key="tell/7.zip")
            if i.startswith("s3:")
            else None
        ),
    ),
    T.LAYERS: (
        both("lambda", "layer:tools:3"),
        lambda i: asked("lambda", "get_layer_version_by_arn", Arn=i),
    ),
    T.DOMAINS: (("d", "d-dr"), None),
    T.CLUSTERS: (("k", "k-dr"), None),
    T.SVMS: (("svm-0c1", "svm-0c2"), None),
    T.DIRECTORIES: (("d-1", "d-2"), None),
    T.IDENTIFIERS: (
        ("i-0c0c0c0c0c0c0c001", "i-0c0c0c0c0c0c0c002"),
        lambda i: asked("ssm", "describe_instance_information"),
    ),
}
#: these services have no region, or one namespace
GLOBAL = ("iam",)


def text(**tables: dict[str, str]) -> str:
    return yaml.safe_dump(content(site_map={WEST: tables}))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("landing")
    scope = text(**{str(table): dict([pair]) for table, (pair, _) in NAMED.items()})
    # nobody is protected: who is not named by anybody is in every account
    file = written(folder / "captured.json", scope, catalog(), PATH)
    with rebuilt(file, folder / "home") as home, environment(home):
        yield World(home, Scope.model_validate(yaml.safe_load(scope)))


def test_every_table_is_looked_at() -> None:
    assert set(NAMED) == set(T)


@pytest.mark.parametrize("table", T)
def test_what_a_table_names_is_there_at_both_sites(world: World, table: T) -> None:
    pair, ask = NAMED[table]
    for identifier, region in zip(pair, (EAST, WEST), strict=True):
        call = ask(identifier) if ask else None
        if call is None:
            continue
        service, operation, parameters = call
        where = EAST if service in GLOBAL else region
        answer = world.aws.call(service, operation, account=ACCOUNT, region=where, **parameters)
        said = str(answer)
        last = identifier.replace(":", "/").rpartition("/")[2]
        assert service == "s3" or last in said, said


def test_a_name_that_differs_is_not_at_the_other_site(world: World) -> None:
    with pytest.raises(AwsCallError):
        world.aws.call(
            "rds",
            "describe_db_subnet_groups",
            account=ACCOUNT,
            region=WEST,
            DBSubnetGroupName="data",
        )


@pytest.mark.parametrize(
    ("table", "identifier"),
    [
        (T.KMS_KEYS, "nonsense"),
        (T.TARGET_GROUPS, "web"),
        (T.SECRETS, "db"),
        (T.LAYERS, arn("lambda", "layer:tools")),
        (T.LAYERS, arn("lambda", "layer:tools:100000")),
        (T.CODE_ARTIFACTS, "s3://bucket-without-an-object"),
    ],
)
def test_what_cannot_be_made_is_named(table: T, identifier: str) -> None:
    from drstate.sandbox.estates.captured.things import MAKERS

    site = SimpleNamespace(naming=lambda *_, **__: [], here=lambda _, one: one, own_tags=dict)
    with pytest.raises(ConfigError) as refused:
        MAKERS[table](site, ACCOUNT, EAST, identifier)
    assert identifier in refused.value.what
    assert "drstate sandbox export" in refused.value.hint


def test_more_than_is_emulated_is_refused_before_it_is_built() -> None:
    from drstate.sandbox.estates.captured import build

    many = entry("ecs", "web", desired_count=5_001)
    piece = SimpleNamespace(build=lambda *_: pytest.fail("it was built"))
    site = SimpleNamespace(ids=SimpleNamespace(named=lambda *_: None))
    with pytest.raises(ConfigError) as refused:
        build._build(piece, site, many)  # type: ignore[arg-type]
    assert "desired_count" in refused.value.what
    assert "5001" in refused.value.why


def test_what_the_emulation_refuses_is_named_and_nothing_starts(tmp_path: Path) -> None:
    scope = text(buckets={"A_": "b"})
    file = written(tmp_path / "captured.json", scope, catalog(), PATH)
    with pytest.raises(ConfigError) as refused, rebuilt(file, tmp_path / "home"):
        pass
    for part in ("site_map.us-west-2.buckets", "A_", "InvalidBucketName"):
        assert part in refused.value.why
    assert "drstate sandbox export" in refused.value.hint
    assert process.status(tmp_path / "home") is None
