"""Where a found resource lies: by its ARN, or by who was asked where the ARN does not say."""

from __future__ import annotations

from drstate.inventory.found import Found

ASKED = ("211111111101", "us-west-2")


def test_a_bucket_lies_where_it_was_asked_for() -> None:
    bucket = Found(arn="arn:aws:s3:::orders", tags={}, asked=ASKED)
    assert (bucket.account, bucket.region) == ASKED


def test_an_arn_that_says_where_decides() -> None:
    queue = Found(arn="arn:aws:sqs:us-east-1:322222222201:jobs", tags={}, asked=ASKED)
    assert (queue.account, queue.region) == ("322222222201", "us-east-1")


def test_a_global_resource_lies_in_no_region() -> None:
    cluster = Found(arn="arn:aws:rds::211111111101:global-cluster:one", tags={}, asked=ASKED)
    assert (cluster.account, cluster.region) == ("211111111101", "")
