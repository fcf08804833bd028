"""CloudTrail's history of events: what is in it, what is not, and when."""

import json
from datetime import timedelta

import pytest

from drstate.sandbox import process

DATA, APP = "211111111101", "211111111102"


class Trail:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.client = sandbox.client("cloudtrail", account=DATA)

    def events(self, key="", value="", **more):
        if key:
            more["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
        return self.client.lookup_events(**more)["Events"]

    def later(self, seconds=301):
        return process.advance(self.sandbox.home, seconds)


@pytest.fixture
def trail(sandbox):
    return Trail(sandbox)


def test_calls_are_events_after_a_while_with_who_what_and_when(trail, sandbox):
    rds = sandbox.client("rds", account=DATA)
    with pytest.raises(rds.exceptions.DBClusterNotFoundFault):
        rds.describe_db_clusters(DBClusterIdentifier="none")
    made = sandbox.client("ecs", account=DATA).create_cluster(clusterName="trailed")
    assert trail.events("EventName", "CreateCluster") == []
    trail.later()
    (event,) = trail.events("EventName", "CreateCluster")
    assert (event["EventSource"], event["Username"]) == ("ecs.amazonaws.com", "test-session")
    assert event["ReadOnly"] == "false"
    told = json.loads(event["CloudTrailEvent"])
    assert told["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == (
        f"arn:aws:iam::{DATA}:role/drstate-target"
    )
    assert told["requestID"] == made["ResponseMetadata"]["RequestId"]
    assert (told["eventID"], told["awsRegion"]) == (event["EventId"], "us-east-1")
    (failed,) = trail.events("EventName", "DescribeDBClusters")
    assert json.loads(failed["CloudTrailEvent"])["errorCode"] == "DBClusterNotFoundFault"
    assert failed["ReadOnly"] == "true"
    for key, value in (
        ("EventId", event["EventId"]),
        ("AccessKeyId", event["AccessKeyId"]),
        ("EventSource", "ecs.amazonaws.com"),
        ("Username", "test-session"),
        ("ReadOnly", "false"),
    ):
        assert event["EventId"] in {one["EventId"] for one in trail.events(key, value)}
    assert trail.events("EventSource", "drs.amazonaws.com") == []


def test_history_is_of_one_account_and_region_and_of_management_only(trail, sandbox):
    sandbox.client("ecs", account=APP).create_cluster(clusterName="elsewhere")
    sandbox.client("ecs", "us-west-2", DATA).create_cluster(clusterName="elsewhere")
    sqs = sandbox.client("sqs", account=DATA)
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="not told")
    sandbox.client("iam", "us-west-2", DATA).list_roles()
    trail.later()
    names = [one["EventName"] for one in trail.events()]
    assert names[:2] == ["ListRoles", "CreateQueue"], "the newest first"
    assert not {"CreateCluster", "SendMessage"} & set(names)
    west = sandbox.client("cloudtrail", "us-west-2", DATA)
    told = [one["EventName"] for one in west.lookup_events()["Events"]]
    assert told == ["CreateCluster"]


def test_pages_hold_still_while_events_come_and_spans_are_kept(trail, sandbox, refused):
    ecs = sandbox.client("ecs", account=DATA)
    for number in range(3):
        ecs.create_cluster(clusterName=f"c-{number}")
        trail.later(60)
    trail.later(300)
    whole = [one["EventId"] for one in trail.events("EventName", "CreateCluster")]
    pages = trail.client.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateCluster"}],
        PaginationConfig={"PageSize": 1},
    )
    seen = []
    for page in pages:
        assert len(page["Events"]) == 1
        seen += [one["EventId"] for one in page["Events"]]
        ecs.create_cluster(clusterName=f"new-{len(seen)}")
        trail.later(301)
    assert seen == whole
    times = [one["EventTime"] for one in trail.events("EventName", "CreateCluster")][-3:]
    middle = trail.events(
        "EventName",
        "CreateCluster",
        StartTime=times[1] - timedelta(seconds=1),
        EndTime=times[1] + timedelta(seconds=1),
    )
    assert [one["EventId"] for one in middle] == [whole[1]]
    look = trail.client.lookup_events
    bad = refused(look, StartTime=times[0], EndTime=times[0] - timedelta(days=1))
    assert bad[:2] == ("InvalidTimeRangeException", 400)
    assert refused(look, NextToken="nonsense")[0] == "InvalidNextTokenException"
    two = [{"AttributeKey": "EventName", "AttributeValue": "a"}] * 2
    assert refused(look, LookupAttributes=two)[0] == "InvalidLookupAttributesException"


def test_what_was_throttled_or_refused_at_the_door_is_told_apart(trail, sandbox, refused):
    process.add_fault(sandbox.home, {"effect": "throttle", "service": "ecs", "times": 1})
    ecs = sandbox.client("ecs", account=DATA)
    ecs.create_cluster(clusterName="tried-again-by-botocore")
    stranger = sandbox.checked(sandbox.with_key("AKIAUNKNOWN", "s"), "ecs", "us-east-1")
    assert refused(stranger.list_clusters)[0] == "UnrecognizedClientException"
    trail.later()
    told = trail.events("EventName", "CreateCluster")
    codes = [json.loads(one["CloudTrailEvent"]).get("errorCode") for one in told]
    assert codes == [None, "ThrottlingException"]
    assert trail.events("EventName", "ListClusters") == [], "whose key nobody knows"
