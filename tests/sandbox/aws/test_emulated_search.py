"""OpenSearch domains with a peer in another region: roles, refusals, and what takes its time."""

import pytest
from botocore.exceptions import ClientError

from drstate.sandbox import process

DATA = "211111111101"
EAST, WEST = "us-east-1", "us-west-2"
MASTER = f"arn:aws:iam::{DATA}:role/search-admin"


def arn(region, name="orders"):
    return f"arn:aws:es:{region}:{DATA}:domain/{name}"


@pytest.fixture
def east(sandbox):
    return sandbox.client("opensearch", EAST, DATA)


@pytest.fixture
def west(sandbox):
    return sandbox.client("opensearch", WEST, DATA)


def create(client, **more):
    return client.create_domain(
        **{
            "DomainName": "orders",
            "EngineVersion": "OpenSearch_2.13",
            "ClusterConfig": {"InstanceType": "r6g.large.search", "InstanceCount": 2},
            "NodeToNodeEncryptionOptions": {"Enabled": True},
            "AdvancedSecurityOptions": {
                "Enabled": True,
                "MasterUserOptions": {"MasterUserARN": MASTER},
            },
            **more,
        }
    )["DomainStatus"]


@pytest.fixture
def pair(sandbox, east, west):
    create(east)
    create(west)
    process.advance(sandbox.home, 901)
    begun = east.add_replication_peer(DomainName="orders", PeerDomainArn=arn(WEST))
    assert begun["Status"] == "PENDING_SETUP"
    process.advance(sandbox.home, 121)


def role(client):
    found = client.describe_domain_replication(DomainName="orders")
    peers = found["Peers"]
    return (found.get("Role"), peers[0]["Status"] if peers else None)


def test_a_planned_promotion_turns_the_roles(sandbox, east, west, pair):
    assert (role(east), role(west)) == (("PRIMARY", "ACTIVE"), ("SECONDARY", "ACTIVE"))
    west.switchover_replication(DomainName="orders", PeerDomainArn=arn(EAST))
    assert role(west) == ("SECONDARY", "SWITCHING_OVER")
    process.advance(sandbox.home, 61)
    assert (role(east), role(west)) == (("SECONDARY", "ACTIVE"), ("PRIMARY", "ACTIVE"))
    with pytest.raises(ClientError, match="is not the primary"):
        west.switchover_replication(DomainName="orders", PeerDomainArn=arn(EAST))


def test_a_forced_one_ejects_the_old_primary_until_the_peer_is_removed(sandbox, east, west, pair):
    with pytest.raises(ClientError, match="AllowDataLoss must be true"):
        west.failover_replication(DomainName="orders", PeerDomainArn=arn(EAST), AllowDataLoss=False)
    west.failover_replication(DomainName="orders", PeerDomainArn=arn(EAST), AllowDataLoss=True)
    process.advance(sandbox.home, 61)
    assert (role(east), role(west)) == (("SECONDARY", "EJECTED"), ("PRIMARY", "EJECTED"))
    with pytest.raises(ClientError, match="has a peer already"):
        west.add_replication_peer(DomainName="orders", PeerDomainArn=arn(EAST))
    west.remove_replication_peer(DomainName="orders", PeerDomainArn=arn(EAST))
    process.advance(sandbox.home, 31)
    assert role(east) == (None, None)
    west.add_replication_peer(DomainName="orders", PeerDomainArn=arn(EAST))
    process.advance(sandbox.home, 121)
    assert role(west) == ("PRIMARY", "ACTIVE")


def test_a_primary_that_does_not_answer_cannot_be_switched_over_from(sandbox, east, west, pair):
    process.add_faults(sandbox.home, [{"effect": "region-down", "region": EAST}])
    with pytest.raises(ClientError, match="use FailoverReplication"):
        west.switchover_replication(DomainName="orders", PeerDomainArn=arn(EAST))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"EngineVersion": "OpenSearch_2.11"}, "one engine version"),
        ({"NodeToNodeEncryptionOptions": {"Enabled": False}}, "node-to-node"),
        ({"AdvancedSecurityOptions": {"Enabled": False}}, "fine-grained"),
        ({"ClusterConfig": {"InstanceType": "t3.small.search"}}, "do not replicate"),
        ({"TagList": [{"Key": "sandbox:replication", "Value": "none"}]}, None),
    ],
)
def test_domains_that_do_not_fit_are_refused_also_in_a_dry_run(sandbox, east, west, there, said):
    create(east)
    create(west, **there)
    process.advance(sandbox.home, 901)
    if said is None:
        with pytest.raises(ClientError, match="DisabledOperationException"):
            west.describe_domain_replication(DomainName="orders")
        return
    for dry in (True, False):
        with pytest.raises(ClientError, match=said):
            east.add_replication_peer(DomainName="orders", PeerDomainArn=arn(WEST), DryRun=dry)
    assert role(east) == (None, None)


def test_a_change_is_merged_and_takes_its_time(sandbox, east):
    create(east)
    with pytest.raises(ClientError, match="in progress"):
        east.update_domain_config(DomainName="orders", ClusterConfig={"InstanceCount": 3})
    process.advance(sandbox.home, 901)
    east.update_domain_config(DomainName="orders", ClusterConfig={"InstanceCount": 3})
    found = east.describe_domain(DomainName="orders")["DomainStatus"]
    assert (found["Processing"], found["ClusterConfig"]["InstanceType"]) == (
        True,
        "r6g.large.search",
    )
    assert "Endpoint" in found
    process.advance(sandbox.home, 601)
    found = east.describe_domain(DomainName="orders")["DomainStatus"]
    assert (found["Processing"], found["ClusterConfig"]["InstanceCount"]) == (False, 3)


def test_a_domain_with_a_peer_is_not_deleted(east, pair):
    with pytest.raises(ClientError, match="remove its peer first"):
        east.delete_domain(DomainName="orders")
