"""S3 replication and multi-region access points: what is refused, and what takes its time."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from drstate.sandbox import process

DATA = "211111111101"
EAST, WEST = "us-east-1", "us-west-2"
HERE, THERE = "acme-documents", "acme-documents-west"
ROLE = f"arn:aws:iam::{DATA}:role/replicate"


def plain(sandbox, service, region, user=""):
    """A client whose answers are not held to the model: S3's has few of its errors."""
    endpoint = sandbox.status.endpoint.replace("://", f"://{user}", 1)
    return sandbox.assumed(DATA).client(service, region_name=region, endpoint_url=endpoint)


@contextmanager
def refused(said):
    """It is refused so, and by the service: not by a fault of the sandbox."""
    with pytest.raises(ClientError, match=said) as caught:
        yield
    assert "Sandbox" not in caught.value.response["Error"]["Code"]


@pytest.fixture
def east(sandbox):
    made = plain(sandbox, "s3", EAST)
    made.create_bucket(Bucket=HERE)
    return made


@pytest.fixture
def west(sandbox):
    made = plain(sandbox, "s3", WEST)
    made.create_bucket(Bucket=THERE, CreateBucketConfiguration={"LocationConstraint": WEST})
    return made


@pytest.fixture
def versioned(east, west):
    for client, bucket in ((east, HERE), (west, THERE)):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return east


def rule(**more):
    return {
        "ID": "to-the-west", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{THERE}", "Metrics": {"Status": "Enabled"}},
    } | more  # fmt: skip


def put(client, *rules, role=ROLE):
    client.put_bucket_replication(
        Bucket=HERE, ReplicationConfiguration={"Role": role, "Rules": list(rules)}
    )


def test_a_configuration_is_kept_whole(versioned):
    both = [
        rule(Filter={"And": {"Prefix": "a/", "Tags": [{"Key": "keep", "Value": "yes"}]}}),
        rule(ID="second", Priority=2, Filter={"Prefix": "b/"}, Status="Disabled"),
    ]
    put(versioned, *both)
    found = versioned.get_bucket_replication(Bucket=HERE)["ReplicationConfiguration"]
    assert found == {"Role": ROLE, "Rules": both}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([rule(), rule(ID="again")], "duplicate priority"),
        ([rule(), rule(Priority=2)], "Rule Id must be unique"),
        ([rule(Destination={"Bucket": "arn:aws:s3:::nowhere-at-all"})], "must exist"),
        ([rule(Destination={"Bucket": f"arn:aws:s3:::{HERE}"})], "cannot be the same"),
        ([rule(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}})], "Kms"),
        (
            [
                rule(
                    Destination={
                        "Bucket": f"arn:aws:s3:::{THERE}",
                        "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
                    }
                )
            ],
            "metrics must be enabled",
        ),
    ],
)
def test_what_s3_does_not_replicate_is_refused(versioned, rules, said):
    with refused(said):
        put(versioned, *rules)


def test_both_buckets_have_to_be_versioned_and_stay_so(sandbox, east, west):
    with refused("Versioning must be"):
        put(east, rule())
    enabled = {"Status": "Enabled"}
    east.put_bucket_versioning(Bucket=HERE, VersioningConfiguration=enabled)
    with refused("Destination bucket must have versioning"):
        put(east, rule())
    west.put_bucket_versioning(Bucket=THERE, VersioningConfiguration=enabled)
    put(east, rule())
    with refused("InvalidBucketState"):
        east.put_bucket_versioning(Bucket=HERE, VersioningConfiguration={"Status": "Suspended"})


def test_new_objects_arrive_and_the_metrics_are_in_the_region_of_the_destination(
    sandbox, versioned, west
):
    versioned.put_object(Bucket=HERE, Key="before", Body=b"old")
    put(versioned, rule())
    versioned.put_object(Bucket=HERE, Key="after", Body=b"new")
    assert pending(sandbox, WEST) == 3.0
    assert pending(sandbox, EAST) is None
    process.advance(sandbox.home, 16)
    assert pending(sandbox, WEST) == 0.0
    assert [one["Key"] for one in west.list_objects_v2(Bucket=THERE)["Contents"]] == ["after"]


def pending(sandbox, region):
    watch = sandbox.client("cloudwatch", region, DATA)
    now = datetime.now(tz=UTC)
    points = watch.get_metric_statistics(
        Namespace="AWS/S3", MetricName="BytesPendingReplication", Statistics=["Maximum"],
        Period=60, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=5),
        Dimensions=[
            {"Name": "SourceBucket", "Value": HERE},
            {"Name": "DestinationBucket", "Value": THERE},
            {"Name": "RuleId", "Value": "to-the-west"},
        ],
    )["Datapoints"]  # fmt: skip
    latest = sorted(points, key=lambda one: one["Timestamp"])
    return latest[-1]["Maximum"] if latest else None


def test_buckets_are_found_in_their_region_by_both_indexes(sandbox, east, west):
    for client, bucket in ((east, HERE), (west, THERE)):
        client.put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [{"Key": "dr:enabled", "Value": "true"}]}
        )
    for region, bucket in ((EAST, HERE), (WEST, THERE)):
        arn = f"arn:aws:s3:::{bucket}"
        tagging = sandbox.client("resourcegroupstaggingapi", region, DATA)
        found = tagging.get_resources(ResourceTypeFilters=["s3"])["ResourceTagMappingList"]
        assert [one["ResourceARN"] for one in found] == [arn]
        explorer = sandbox.client("resource-explorer-2", region, DATA)
        view = explorer.get_default_view()["ViewArn"]
        seen = explorer.list_resources(
            ViewArn=view, Filters={"FilterString": "resourcetype:s3:bucket"}
        )["Resources"]
        assert [(one["Arn"], one["Region"]) for one in seen] == [(arn, region)]


def control(sandbox, region):
    return plain(sandbox, "s3control", region, user="sandbox@")


@pytest.fixture
def point(sandbox, east, west):
    oregon = control(sandbox, WEST)
    token = oregon.create_multi_region_access_point(
        AccountId=DATA, ClientToken="one",
        Details={"Name": "documents", "Regions": [{"Bucket": HERE}, {"Bucket": THERE}]},
    )["RequestTokenARN"]  # fmt: skip
    made = oregon.get_multi_region_access_point(AccountId=DATA, Name="documents")["AccessPoint"]
    assert made["Status"] == "CREATING"
    process.advance(sandbox.home, 301)
    done = oregon.describe_multi_region_access_point_operation(
        AccountId=DATA, RequestTokenARN=token
    )["AsyncOperation"]
    assert done["RequestStatus"] == "SUCCEEDED"
    return f"arn:aws:s3::{DATA}:accesspoint/{made['Alias']}"


def dials(client, point):
    found = client.get_multi_region_access_point_routes(AccountId=DATA, Mrap=point)["Routes"]
    return {one["Region"]: one["TrafficDialPercentage"] for one in found}


def test_routes_are_changed_in_five_regions_and_are_in_force_in_a_while(sandbox, point):
    ireland = control(sandbox, "eu-west-1")
    assert dials(ireland, point) == {EAST: 100, WEST: 100}
    ireland.submit_multi_region_access_point_routes(
        AccountId=DATA, Mrap=point,
        RouteUpdates=[{"Region": EAST, "TrafficDialPercentage": 0}],
    )  # fmt: skip
    assert dials(control(sandbox, WEST), point) == {EAST: 100, WEST: 100}
    process.advance(sandbox.home, 61)
    assert dials(control(sandbox, EAST), point) == {EAST: 0, WEST: 100}
    with refused("served in us-east-1, us-west-2"):
        dials(control(sandbox, "eu-central-1"), point)


@pytest.mark.parametrize(
    ("updates", "said"),
    [
        ({EAST: 0, WEST: 0}, "At least one Region"),
        ({EAST: 50}, "must be 0 or 100"),
        ({"eu-west-1": 0}, "no bucket in eu-west-1"),
    ],
)
def test_routes_that_aws_refuses(sandbox, point, updates, said):
    with refused(said):
        control(sandbox, WEST).submit_multi_region_access_point_routes(
            AccountId=DATA, Mrap=point,
            RouteUpdates=[
                {"Region": region, "TrafficDialPercentage": dial}
                for region, dial in updates.items()
            ],
        )  # fmt: skip


def test_access_points_are_managed_in_one_region(sandbox, east):
    with refused("us-west-2 only"):
        control(sandbox, EAST).list_multi_region_access_points(AccountId=DATA)
    with refused("does not exist"):
        control(sandbox, WEST).create_multi_region_access_point(
            AccountId=DATA, ClientToken="one",
            Details={"Name": "documents", "Regions": [{"Bucket": HERE}, {"Bucket": "no-such"}]},
        )  # fmt: skip
