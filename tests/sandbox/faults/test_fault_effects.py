"""What a client sees of each effect: real boto3, real HTTP."""

import threading
import time
from email.utils import parsedate_to_datetime

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from drstate.errors import ConfigError, OperationError
from drstate.sandbox import process

DATA, APP = "211111111101", "211111111102"
CLUSTER = f"arn:aws:rds:us-east-1:{DATA}:cluster:acme-production-orders"


def code_of(operation, **parameters):
    with pytest.raises(ClientError) as caught:
        operation(**parameters)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status"),
    [
        ("ec2", "describe_vpcs", {}, "InsufficientInstanceCapacity", 500),
        ("rds", "describe_db_clusters", {}, "DBClusterNotFoundFault", 404),
        ("ecs", "list_clusters", {}, "ServerException", 400),
        ("sqs", "list_queues", {}, "RequestThrottled", 403),
        ("route53", "list_hosted_zones", {}, "NoSuchDelegationSet", 400),
        ("s3", "list_buckets", {}, "SlowDown", 503),
        ("drs", "describe_jobs", {}, "UninitializedAccountException", 400),
        ("cloudwatch", "list_metrics", {}, "InternalServiceError", 500),
        ("memorydb", "describe_clusters", {}, "ClusterNotFoundFault", 400),
    ],
    ids=["ec2", "query", "json", "query-json", "rest-xml", "s3", "rest-json", "cbor+json", "cbor"],
)
def test_an_error_comes_in_the_protocol_of_the_service(
    lab, service, operation, parameters, code, status
):
    name = lab.client(service).meta.method_to_api_mapping[operation]
    lab.add("error", service=service, operation=name, code=code, message="no luck")
    client = lab.client(service)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**parameters)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code
    assert answer["Error"]["Message"] == "no luck"
    [call] = lab.calls(service=service)
    assert (call["outcome"], call["error"], call["fault"]) == ("error", code, "fault-1")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == call["status"]
    assert answer["ResponseMetadata"]["RequestId"] == call["request_id"]
    if service not in ("cloudwatch", "memorydb"):
        assert call["status"] == status


def test_an_error_is_raised_before_anything_is_done_and_for_the_named_call_only(lab):
    lab.add("error", service="ecs", operation="UpdateService", code="ServerException", calls="2")
    ecs = lab.client("ecs", account=APP)
    service = {"cluster": "acme-production", "service": "acme-production-web"}
    ecs.update_service(**service, desiredCount=5)
    assert code_of(ecs.update_service, **service, desiredCount=1)[0] == "ServerException"
    assert (
        ecs.describe_services(cluster="acme-production", services=["acme-production-web"])[
            "services"
        ][0]["desiredCount"]
        == 5
    )
    ecs.update_service(**service, desiredCount=3)


def test_a_caller_without_rights_is_refused_before_the_fault(lab, sandbox):
    lab.add("throttle", service="sts")
    key = sandbox.status.credentials.access_key_id
    forged = sandbox.with_key(key, "wrong").client(
        "sts", region_name="us-east-1", endpoint_url=sandbox.status.endpoint
    )
    assert code_of(forged.get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_throttling_comes_in_the_services_own_code_and_passes(lab):
    lab.add("throttle", service="rds", calls="1-2")
    rds = lab.client("rds", account=DATA)
    assert code_of(rds.describe_db_clusters) == ("Throttling", 400)
    assert code_of(rds.describe_db_clusters) == ("Throttling", 400)
    assert rds.describe_db_clusters()["DBClusters"]
    assert [call["error"] for call in lab.calls(service="rds")] == ["Throttling"] * 2 + [""]


def test_a_refused_connection_is_reset_before_any_answer(lab):
    lab.add("refuse", service="ecs", operation="UpdateService")
    ecs = lab.client("ecs", account=APP)
    service = {"cluster": "acme-production", "service": "acme-production-web"}
    before = process.digest(lab.home)
    with pytest.raises(ConnectionClosedError):
        ecs.update_service(**service, desiredCount=1)
    assert process.digest(lab.home) == before
    [call] = lab.calls(operation="UpdateService")
    assert (call["status"], call["outcome"], call["account"]) == (0, "no-answer", APP)


def test_a_hanging_call_times_out_and_holds_up_nobody(lab):
    lab.add("hang", service="rds")
    with pytest.raises(ReadTimeoutError):
        lab.hasty("rds", DATA).describe_db_clusters()
    began = threading.Event()
    ended: list[str] = []

    def wait_long() -> None:
        patient = lab.client("rds", account=DATA)
        patient.meta.events.register("before-send", lambda **_: began.set())
        try:
            patient.describe_db_clusters()
        except ConnectionClosedError:
            ended.append("cut")

    waiting = threading.Thread(target=wait_long)
    waiting.start()
    assert began.wait(10)
    for _ in range(200):  # each look is a call over HTTP
        if process.hanging(lab.home) == 1:
            break
    assert process.hanging(lab.home) == 1, "the one that gave up is gone, the other hangs"
    lab.client("ecs", account=APP).list_clusters()
    assert process.clear_faults(lab.home) == 1
    waiting.join(10)
    assert ended == ["cut"]
    assert lab.outcomes(service="rds") == ["no-answer", "no-answer"]
    lab.client("rds", account=DATA).describe_db_clusters()


def test_a_hang_is_bounded_by_its_seconds(lab):
    lab.add("hang", service="rds", seconds=0.05)
    with pytest.raises(ConnectionClosedError):
        lab.client("rds", account=DATA).describe_db_clusters()


def test_stopping_does_not_wait_for_calls_that_hang(original, tmp_path):
    home = tmp_path / "copy"
    status = process.fork(original.home, home)
    process.add_fault(home, {"effect": "hang", "service": "sts"})
    keys = status.credentials
    client = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=status.endpoint,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=boto3.session.Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )
    errors: list[str] = []

    def ask() -> None:
        try:
            client.get_caller_identity()
        except ConnectionClosedError as error:
            errors.append(type(error).__name__)

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(400):
        if process.hanging(home):
            break
    began = time.monotonic()
    assert process.stop(home)
    asking.join(10)
    assert errors == ["ConnectionClosedError"]
    assert time.monotonic() - began < 5


def test_a_lost_answer_is_lost_after_the_change(lab):
    lab.add("lost-answer", service="rds", operation="CreateGlobalCluster", calls="1")
    rds = lab.client("rds", account=DATA)
    request = {"GlobalClusterIdentifier": "g1", "SourceDBClusterIdentifier": CLUSTER}
    with pytest.raises(ConnectionClosedError):
        rds.create_global_cluster(**request)
    assert code_of(rds.create_global_cluster, **request)[0] == "GlobalClusterAlreadyExistsFault"
    first, second = lab.calls(operation="CreateGlobalCluster")
    assert (first["outcome"], first["status"], first["error"]) == ("answer-lost", 200, "")
    assert second["outcome"] == "error"


def test_an_answer_can_be_lost_by_silence_too(lab):
    lab.add("lost-answer", service="rds", operation="CreateGlobalCluster", by="hang")
    with pytest.raises(ReadTimeoutError):
        lab.hasty("rds", DATA).create_global_cluster(
            GlobalClusterIdentifier="g1", SourceDBClusterIdentifier=CLUSTER
        )
    rds = lab.client("rds", account=DATA)
    assert len(rds.describe_global_clusters()["GlobalClusters"]) == 1


def test_a_region_that_is_down_answers_nothing_and_the_others_everything(lab):
    bucket = lab.client("s3", account=DATA)
    bucket.create_bucket(Bucket="in-the-east")
    west = lab.client("s3", "us-west-2", DATA)
    west.create_bucket(
        Bucket="in-the-west", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    # Sessions are there already.
    rds, sts = (lab.client(service, account=DATA) for service in ("rds", "sts"))
    abroad = [lab.client(service, "us-west-2", APP) for service in ("ecs", "sts")]
    zones = lab.dns()
    lab.add("region-down", region="us-east-1")
    for call in (rds.describe_db_clusters, sts.get_caller_identity, zones.list_hosted_zones):
        with pytest.raises(ConnectionClosedError):
            call()
    with pytest.raises(ConnectionClosedError):
        # signed for the other region, but the bucket's data is in this one
        west.list_objects_v2(Bucket="in-the-east")
    assert west.list_objects_v2(Bucket="in-the-west")["KeyCount"] == 0
    abroad[0].list_clusters()
    abroad[1].get_caller_identity()
    down = lab.calls(outcome="no-answer")
    assert [call["service"] for call in down] == ["rds", "sts", "route53", "s3"]
    lab.clear()
    rds.describe_db_clusters()


def test_global_control_planes_can_be_spared_and_a_region_can_be_silent(lab):
    zones, rds = lab.dns(), lab.hasty("rds", DATA)
    lab.add("region-down", region="us-east-1", by="hang", spare_global=True)
    assert zones.list_hosted_zones()["HostedZones"]
    with pytest.raises(ReadTimeoutError):
        rds.describe_db_clusters()


def test_faults_end_with_the_sandboxes_time(lab):
    lab.add("refuse", service="rds", expires_after=600)
    with pytest.raises(ConnectionClosedError):
        lab.client("rds", account=DATA).describe_db_clusters()
    process.advance(lab.home, 601)
    lab.client("rds", account=DATA).describe_db_clusters()
    [fault] = process.faults(lab.home)
    assert (fault["matched"], fault["struck"], fault["over"]) == (1, 1, True)


def test_a_clock_that_is_off_shows_in_the_date_and_refuses_signatures(lab):
    sts = lab.client("sts")

    def date():
        headers = sts.get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
        return parsedate_to_datetime(headers["date"])

    right = date()
    lab.add("clock-skew", seconds=240)
    assert 239 <= (date() - right).total_seconds() <= 250
    lab.clear()
    lab.add("clock-skew", seconds=-600)
    assert code_of(sts.get_caller_identity) == ("SignatureDoesNotMatch", 403)
    assert code_of(lab.client("ecs").list_clusters) == ("InvalidSignatureException", 403)
    assert lab.client("s3").list_buckets(), "S3 allows fifteen minutes"
    lab.clear()
    lab.add("clock-skew", seconds=1000)
    assert code_of(lab.client("s3").list_buckets) == ("RequestTimeTooSkewed", 403)
    assert code_of(lab.client("ec2").describe_vpcs) == ("RequestExpired", 400)
    lab.clear()
    sts.get_caller_identity()


def test_chance_strikes_the_same_calls_in_two_sandboxes(original, tmp_path):
    def fates(name: str, seed: int) -> list[bool]:
        home = tmp_path / name
        status = process.fork(original.home, home)
        try:
            process.add_fault(
                home, {"effect": "throttle", "service": "sts", "probability": 0.4, "seed": seed}
            )
            keys = status.credentials
            client = boto3.client(
                "sts",
                region_name="us-east-1",
                endpoint_url=status.endpoint,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                config=boto3.session.Config(retries={"total_max_attempts": 1}),
            )
            for _ in range(25):
                try:
                    client.get_caller_identity()
                except ClientError:
                    continue
            return [bool(call["error"]) for call in process.calls(home)]
        finally:
            process.stop(home)

    first = fates("one", seed=3)
    assert fates("two", seed=3) == first
    assert fates("three", seed=4) != first
    assert 3 < sum(first) < 20


def test_a_copy_has_the_faults_of_the_original_and_reset_has_none(lab, tmp_path):
    lab.add("refuse", service="rds", calls="2-")
    with pytest.raises(OperationError, match="refused"):
        process._control(lab.sandbox.status, "POST", "faults", document=[{"effect": "x"}])
    copy = tmp_path / "copied"
    process.fork(lab.home, copy)
    try:
        assert process.faults(copy) == process.faults(lab.home)
    finally:
        process.stop(copy)
    process.reset(lab.home)
    assert process.faults(lab.home) == []


def test_a_wrong_rule_never_reaches_the_sandbox(lab):
    with pytest.raises(ConfigError):
        process.add_faults(lab.home, [{"effect": "refuse"}, {"effect": "nonsense"}])
    assert process.faults(lab.home) == []


def test_a_snapshot_takes_the_rules_with_their_counts(lab, tmp_path):
    lab.add("refuse", service="ecs", calls="2-")
    ecs = lab.client("ecs", account=APP)
    ecs.list_clusters()
    process.snapshot(lab.home, tmp_path / "file")
    process.clear_faults(lab.home)
    process.restore(lab.home, tmp_path / "file")
    [fault] = process.faults(lab.home)
    assert (fault["matched"], fault["struck"]) == (1, 0)
    with pytest.raises(ConnectionClosedError):
        ecs.list_clusters()
