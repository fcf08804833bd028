"""The replication rule that program and adapter share, and the names it takes from the site map."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.s3.rules import Rule, bucket_in, key_in, role_in
from drstate.programs.s3.spec import AccessPoint, S3Policy, S3Spec, access_point_name

EAST, WEST, ACCOUNT = "us-east-1", "us-west-2", "211111111101"
KEY = f"arn:aws:kms:{EAST}:{ACCOUNT}:key/one"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/replicate"
TRANSLATION = Translation(
    {
        SiteMapTable.BUCKETS: {"orders": "orders-west"},
        SiteMapTable.KMS_KEYS: {KEY: KEY.replace(EAST, WEST)},
        SiteMapTable.ROLES: {ROLE: f"{ROLE}-back"},
    },
    EAST,
    WEST,
)


def spec(**more: object) -> S3Spec:
    return S3Spec.model_validate(
        {
            "region": EAST,
            "captured_at": datetime(2026, 1, 1, tzinfo=UTC),
            "bucket": "orders",
            "arn": "arn:aws:s3:::orders",
            **more,
        }
    )


def rule(**more: object) -> Rule:
    given = {
        "destination": "orders-west",
        "region": WEST,
        "kms_key": None,
        "time_control": True,
        "delete_markers": True,
    }
    return Rule(**{**given, **more})  # type: ignore[arg-type]


def test_deletions_follow_or_not_as_the_owner_decided() -> None:
    assert rule().as_api(1)["DeleteMarkerReplication"] == {"Status": "Enabled"}
    kept = rule(delete_markers=False).as_api(1)
    assert kept["DeleteMarkerReplication"] == {"Status": "Disabled"}


def test_without_time_control_the_metrics_stay_on() -> None:
    goal = rule(time_control=False).as_api(1)["Destination"]
    assert goal == {"Bucket": "arn:aws:s3:::orders-west", "Metrics": {"Status": "Enabled"}}


def test_objects_under_kms_are_replicated_only_with_a_key_of_the_other_region() -> None:
    assert "SseKmsEncryptedObjects" not in rule().as_api(1)["SourceSelectionCriteria"]
    made = rule(kms_key="there").as_api(1)
    assert made["SourceSelectionCriteria"]["SseKmsEncryptedObjects"] == {"Status": "Enabled"}
    assert made["Destination"]["EncryptionConfiguration"] == {"ReplicaKmsKeyID": "there"}


@pytest.mark.parametrize(
    ("given", "region", "key"),
    [
        ({}, WEST, None),
        ({"encryption": "aws:kms"}, WEST, f"arn:aws:kms:{WEST}:{ACCOUNT}:alias/aws/s3"),
        ({"encryption": "aws:kms", "kms_key": KEY}, WEST, KEY.replace(EAST, WEST)),
        ({"encryption": "aws:kms", "kms_key": KEY}, EAST, KEY),
    ],
)
def test_the_key_of_a_region(given: dict[str, object], region: str, key: str | None) -> None:
    assert key_in(spec(**given), region, ACCOUNT, TRANSLATION) == key


def test_the_role_of_rules_that_were_there_goes_before_the_owners_choice() -> None:
    policy = S3Policy(replication_role=ROLE)
    assert role_in(spec(), policy, EAST, TRANSLATION) == ROLE
    assert role_in(spec(), policy, WEST, TRANSLATION) == f"{ROLE}-back"
    theirs = spec(replication_role=f"{ROLE}-theirs")
    assert role_in(theirs, policy, EAST, TRANSLATION) == f"{ROLE}-theirs"
    assert role_in(theirs, policy, WEST, TRANSLATION) == ROLE
    assert role_in(spec(), S3Policy(), EAST, TRANSLATION) is None


def test_a_counterpart_in_somebody_elses_access_point_needs_no_mapping() -> None:
    point = AccessPoint(name="one", alias="m1.mrap", buckets={EAST: "orders", WEST: "theirs"})
    assert bucket_in(spec(access_point=point), WEST, TRANSLATION) == "theirs"
    assert bucket_in(spec(), WEST, TRANSLATION) == "orders-west"
    assert bucket_in(spec(bucket="unmapped"), WEST, TRANSLATION) is None


def test_the_access_points_name_is_one_that_aws_takes() -> None:
    assert access_point_name("a.bucket." + "x" * 60) == "a-bucket-" + "x" * 41
