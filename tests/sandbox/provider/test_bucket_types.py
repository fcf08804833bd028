"""Buckets, their settings, access points and search domains through a whole life, over gRPC."""

from typing import Any

import pytest

from tests.sandbox.provider.provider_harness import ACCOUNT, WEST, Resource

ROLE = f"arn:aws:iam::{ACCOUNT}:role/replicate"
EAST_BUCKET, BUCKET = "life-east", "life-west"


@pytest.fixture(scope="module")
def buckets(plugin: Any) -> Any:
    """Two versioned buckets, in two regions."""
    made = []
    for name, region in ((BUCKET, WEST), (EAST_BUCKET, "us-east-1")):
        bucket = Resource(plugin, "aws:s3/bucket:Bucket", name)
        bucket.create({"bucket": name, "region": region})
        versioning = Resource(plugin, "aws:s3/bucketVersioning:BucketVersioning", name)
        versioning.create(
            {
                "bucket": name,
                "region": region,
                "versioningConfiguration": {"status": "Enabled"},
            }
        )
        made.append(bucket)
    return made


def test_a_bucket_lives(plugin: Any) -> None:
    bucket = Resource(plugin, "aws:s3/bucket:Bucket")
    first = {"bucket": "life-alone"}
    imported = bucket.lives(first, {**first, "tags": {"a": "b"}}, ["tags", "tagsAll.a"])
    assert imported["tags"] == {"a": "b"}
    assert bucket.state["bucketRegionalDomainName"] == "life-alone.s3.us-west-2.amazonaws.com"


def test_what_stands_in_a_type_of_its_own_is_refused_in_the_bucket(plugin: Any) -> None:
    bucket = Resource(plugin, "aws:s3/bucket:Bucket")
    found = bucket.failures({"bucket": "life-inline", "versioning": {"enabled": True}})
    assert "declare it as a resource of its own" in found["versioning"]


def test_a_replication_configuration_lives(plugin: Any, buckets: Any) -> None:
    config = Resource(plugin, "aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    rule = {
        "id": "east",
        "priority": 1,
        "filter": {"prefix": ""},
        "status": "Enabled",
        "deleteMarkerReplication": {"status": "Enabled"},
        "destination": {"bucket": f"arn:aws:s3:::{EAST_BUCKET}", "metrics": {"status": "Enabled"}},
    }
    first = {"bucket": BUCKET, "role": ROLE, "rules": [rule]}
    second = {**first, "rules": [{**rule, "deleteMarkerReplication": {"status": "Disabled"}}]}
    config.lives(first, second, ["rules[0].deleteMarkerReplication.status"])


def test_settings_live(plugin: Any, buckets: Any) -> None:
    blocks = Resource(plugin, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    first = {"bucket": BUCKET, "blockPublicAcls": True}
    blocks.lives(first, {**first, "blockPublicPolicy": True}, ["blockPublicPolicy"])
    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    encryption = Resource(plugin, token)
    by_default = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    first = {"bucket": BUCKET, "rules": [by_default]}
    encryption.lives(
        first, {**first, "rules": [{**by_default, "bucketKeyEnabled": True}]}, ["rules"]
    )


def test_an_access_point_is_replaced_when_it_changes(plugin: Any, buckets: Any) -> None:
    point = Resource(plugin, "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint")
    details = {"name": "life", "regions": [{"bucket": BUCKET}, {"bucket": EAST_BUCKET}]}
    point.create({"details": details})
    assert point.id == f"{ACCOUNT}:life"
    assert point.state["domainName"] == (
        f"{point.state['alias']}.accesspoint.s3-global.amazonaws.com"
    )
    assert point.diff({"details": details})[0] == {}
    kinds, _ = point.diff({"details": {**details, "name": "other"}})
    assert kinds == {"details.name": "UPDATE_REPLACE"}
    point.delete()


def test_a_search_domain_lives(plugin: Any) -> None:
    domain = Resource(plugin, "aws:opensearch/domain:Domain")
    first = {
        "domainName": "life",
        "engineVersion": "OpenSearch_2.13",
        "clusterConfig": {"instanceType": "r6g.large.search", "instanceCount": 2},
        "ebsOptions": {"ebsEnabled": True, "volumeType": "gp3", "volumeSize": 10},
    }
    grown = {**first, "clusterConfig": {"instanceType": "r6g.large.search", "instanceCount": 4}}
    arn = f"arn:aws:es:{WEST}:{ACCOUNT}:domain/life"
    domain.lives(first, grown, ["clusterConfig.instanceCount"], arn)
    assert domain.state["endpoint"]


def test_a_domain_with_fine_grained_access_needs_somebody_to_begin_with(plugin: Any) -> None:
    domain = Resource(plugin, "aws:opensearch/domain:Domain")
    found = domain.failures({"domainName": "life", "advancedSecurityOptions": {"enabled": True}})
    assert "masterUserOptions is needed" in found["advancedSecurityOptions"]
