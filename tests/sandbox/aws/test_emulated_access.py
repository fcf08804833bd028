from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from botocore.exceptions import ClientError

from drstate.sandbox import process

ACME_DATA = "211111111101"
ROLE = f"arn:aws:iam::{ACME_DATA}:role/drstate-target"


def test_operator_is_a_user_of_the_hub(sandbox):
    identity = sandbox.client("sts").get_caller_identity()
    assert identity["Account"] == "100000000001"
    assert identity["Arn"] == "arn:aws:iam::100000000001:user/drstate-operator"


def test_session_belongs_to_the_role_and_account(sandbox):
    identity = sandbox.client("sts", account=ACME_DATA).get_caller_identity()
    assert identity["Account"] == ACME_DATA
    assert identity["Arn"] == (f"arn:aws:sts::{ACME_DATA}:assumed-role/drstate-target/test-session")


@pytest.mark.parametrize(
    ("service", "operation", "status", "code"),
    [
        ("sts", "get_caller_identity", 403, "InvalidClientTokenId"),
        ("rds", "describe_db_clusters", 403, "InvalidClientTokenId"),
        ("route53", "list_hosted_zones", 403, "InvalidClientTokenId"),
        ("cloudwatch", "list_metrics", 403, "InvalidClientTokenId"),
        ("ecs", "list_clusters", 403, "UnrecognizedClientException"),
        ("resource-explorer-2", "list_indexes", 403, "UnrecognizedClientException"),
        ("ec2", "describe_vpcs", 401, "AuthFailure"),
    ],
)
def test_unknown_key_is_refused(sandbox, refused, service, operation, status, code):
    stranger = sandbox.with_key("AKIAIOSFODNN7EXAMPLE", "nobody")
    client = sandbox.checked(stranger, service, "us-east-1")
    assert refused(getattr(client, operation))[:2] == (code, status)


def test_operators_secret_must_fit(sandbox, refused):
    key = sandbox.status.credentials.access_key_id
    forged = sandbox.with_key(key, "another-secret")
    code, status, _, _ = refused(sandbox.checked(forged, "sts", "us-east-1").get_caller_identity)
    assert (code, status) == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize(
    "parameters",
    [
        {"RoleArn": ROLE, "ExternalId": "globex-dr-93ab"},
        {"RoleArn": ROLE},
        {"RoleArn": ROLE + "-missing", "ExternalId": "acme-dr-7c1f"},
        {"RoleArn": ROLE.replace(ACME_DATA, "999999999999"), "ExternalId": "acme-dr-7c1f"},
    ],
    ids=["wrong external id", "no external id", "no such role", "no such account"],
)
def test_assuming_is_denied_without_saying_why(sandbox, refused, parameters):
    sts = sandbox.client("sts")
    code, status, message, retries = refused(sts.assume_role, RoleSessionName="test", **parameters)
    assert (code, status, retries) == ("AccessDenied", 403, 0)
    assert message == (
        "User: arn:aws:iam::100000000001:user/drstate-operator is not authorized to perform: "
        f"sts:AssumeRole on resource: {parameters['RoleArn']}"
    )


def test_another_customers_session_cannot_assume(sandbox, refused):
    globex = sandbox.client("sts", account="322222222201")
    code, _, _, _ = refused(
        globex.assume_role, RoleArn=ROLE, RoleSessionName="test", ExternalId="acme-dr-7c1f"
    )
    assert code == "AccessDenied"


def test_session_ends_with_its_duration(sandbox, refused):
    granted = sandbox.client("sts").assume_role(
        RoleArn=ROLE, RoleSessionName="test", ExternalId="acme-dr-7c1f", DurationSeconds=900
    )["Credentials"]
    session = sandbox.with_key(
        granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"]
    )
    process.advance(sandbox.home, 800)
    sts = sandbox.checked(session, "sts", "us-east-1")
    assert sts.get_caller_identity()["Account"] == ACME_DATA
    process.advance(sandbox.home, 101)
    assert refused(sts.get_caller_identity)[:2] == ("ExpiredToken", 403)
    ecs = sandbox.checked(session, "ecs", "us-east-1")
    assert refused(ecs.list_clusters)[:2] == ("ExpiredTokenException", 400)


def test_session_key_without_its_token_is_unknown(sandbox, refused):
    granted = sandbox.client("sts").assume_role(
        RoleArn=ROLE, RoleSessionName="test", ExternalId="acme-dr-7c1f"
    )["Credentials"]
    session = sandbox.with_key(granted["AccessKeyId"], granted["SecretAccessKey"])
    sts = sandbox.checked(session, "sts", "us-east-1")
    assert refused(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_longer_than_the_role_allows_is_refused(sandbox, refused):
    code, status, message, _ = refused(
        sandbox.client("sts").assume_role,
        RoleArn=ROLE,
        RoleSessionName="test",
        ExternalId="acme-dr-7c1f",
        DurationSeconds=7200,
    )
    assert (code, status) == ("ValidationError", 400)
    assert "MaxSessionDuration" in message


def test_account_of_a_session_holds_only_its_own_resources(sandbox):
    acme = sandbox.client("rds", account=ACME_DATA).describe_db_clusters()["DBClusters"]
    globex = sandbox.client("rds", account="322222222201").describe_db_clusters()["DBClusters"]
    assert {one["DBClusterArn"].split(":")[4] for one in acme} == {ACME_DATA}
    assert {one["DBClusterArn"].split(":")[4] for one in globex} == {"322222222201"}


def test_unknown_operation_is_named_and_not_retried(sandbox, refused):
    rds = sandbox.client("rds", account=ACME_DATA)
    code, status, message, retries = refused(rds.describe_tenant_databases)
    assert (code, status, retries) == ("SandboxNotImplemented", 400, 0)
    assert "rds:DescribeTenantDatabases" in message


def test_unknown_service_is_named_and_not_retried(sandbox, refused):
    mgn = sandbox.client("mgn", account=ACME_DATA)
    code, status, message, retries = refused(mgn.describe_jobs)
    assert (code, status, retries) == ("SandboxNotImplemented", 400, 0)
    assert "mgn:DescribeJobs" in message


def test_fault_of_the_emulation_is_named_and_not_retried(sandbox, refused):
    ecs = sandbox.client("ecs", account="211111111102")
    code, status, message, retries = refused(
        ecs.stop_task, cluster="acme-production", task="no-such-task"
    )
    assert (code, status, retries) == ("SandboxFault", 400, 0)
    assert "ecs:StopTask" in message
    assert "has no registered tasks" in message


def test_every_call_is_on_record(sandbox):
    sandbox.client("rds", account=ACME_DATA).describe_db_clusters()
    assume, describe = process.calls(sandbox.home)
    assert (assume["service"], assume["operation"], assume["status"]) == (
        "sts",
        "AssumeRole",
        200,
    )
    assert assume["principal"] == "arn:aws:iam::100000000001:user/drstate-operator"
    assert (describe["account"], describe["region"]) == (ACME_DATA, "us-east-1")
    assert (describe["operation"], describe["principal"], describe["session"]) == (
        "DescribeDBClusters",
        ROLE,
        "test-session",
    )
    assert process.calls(sandbox.home, since=assume["number"]) == [describe]


def test_refused_calls_are_on_record_with_their_error(sandbox, refused):
    refused(
        sandbox.client("sts").assume_role,
        RoleArn=ROLE,
        RoleSessionName="test",
        ExternalId="wrong",
    )
    (call,) = process.calls(sandbox.home)
    assert (call["operation"], call["status"]) == ("AssumeRole", 403)


def test_requests_in_parallel_are_served_one_at_a_time(sandbox):
    rds = sandbox.client("rds", account=ACME_DATA)

    def create(number):
        try:
            rds.create_global_cluster(
                GlobalClusterIdentifier="contended", Engine="aurora-postgresql"
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return f"made by {number}"[:4]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(16)))
    assert sorted(set(outcomes)) == ["GlobalClusterAlreadyExistsFault", "made"]
    assert outcomes.count("made") == 1


def test_request_that_is_no_request_is_answered_and_not_retried(sandbox):
    connection = HTTPConnection("127.0.0.1", sandbox.status.port, timeout=10)
    try:
        connection.request(
            "POST",
            "/",
            body=b"Action=\xff\xfe",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "AWS4-HMAC-SHA256 Credential="
                "AKIADRSTATESANDBOX00/20260101/us-east-1/rds/aws4_request",
            },
        )
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status == 400
    assert b"SandboxFault" in body


def test_unsigned_request_is_refused(sandbox):
    connection = HTTPConnection("127.0.0.1", sandbox.status.port, timeout=10)
    try:
        connection.request("GET", "/2013-04-01/hostedzone")
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status == 403
    assert b"MissingAuthenticationToken" in body
