"""What the real aws provider reads besides, and goes wrong by if it is not as AWS tells it."""

import pytest

WEST = "us-west-2"
ACCOUNT = "211111111101"


@pytest.fixture
def rds(sandbox):
    return sandbox.client("rds", WEST, ACCOUNT)


def made(sandbox, rds, **more):
    """A cluster in a subnet group, with one instance."""
    group = sandbox.facts("acme/production")["data"][WEST]["db_subnet_group"]
    rds.create_db_cluster(
        DBClusterIdentifier="read",
        Engine="aurora-mysql",
        MasterUsername="admin",
        MasterUserPassword="not-a-secret",
        DBSubnetGroupName=group,
        **more,
    )
    return group


def test_a_provisioned_cluster_shows_no_scaling_of_serverless(sandbox, rds):
    made(sandbox, rds)
    shown = rds.describe_db_clusters(DBClusterIdentifier="read")["DBClusters"][0]
    assert "ScalingConfigurationInfo" not in shown


def test_a_serverless_cluster_shows_its_scaling(sandbox, rds):
    made(sandbox, rds, EngineMode="serverless")
    shown = rds.describe_db_clusters(DBClusterIdentifier="read")["DBClusters"][0]
    assert shown["ScalingConfigurationInfo"]["MaxCapacity"] == 16


def test_an_instance_is_in_the_subnets_and_of_the_network_type_of_its_cluster(sandbox, rds):
    group = made(sandbox, rds)
    rds.create_db_instance(
        DBInstanceIdentifier="read-1",
        DBClusterIdentifier="read",
        DBInstanceClass="db.r6g.large",
        Engine="aurora-mysql",
    )
    shown = rds.describe_db_instances(DBInstanceIdentifier="read-1")["DBInstances"][0]
    assert shown["DBSubnetGroup"]["DBSubnetGroupName"] == group
    assert shown["NetworkType"] == "IPV4"


def test_a_session_of_a_role_is_no_user(sandbox, refused):
    iam = sandbox.client("iam", "us-east-1", ACCOUNT)
    code, status, message, _ = refused(iam.get_user)
    assert (code, status) == ("ValidationError", 400)
    assert message == "Must specify userName when calling with non-User credentials"
