"""Calls over real HTTP: credentials, retries, pages, errors, and what is never shown."""

from __future__ import annotations

import logging
import threading
import traceback
from datetime import timedelta
from typing import Any

import pytest

from drstate.aws.caller import AwsCaller, open_caller
from drstate.aws.records import CallRecord, CallRetry
from drstate.aws.ways import Way
from drstate.errors import (
    AwsCallError,
    ConfigError,
    CredentialsError,
    DrstateError,
    InternalError,
    Retry,
)
from drstate.model.scope import Account
from tests.aws.clocks import FakeClock
from tests.aws.server import EXTERNAL_ID, Answer, SmallAws, sts_error

DATA, APP = "211111111101", "211111111102"
FILE = "stacks/acme/production.yaml"


def account(number: str, external_id: str = EXTERNAL_ID) -> Account:
    return Account(
        id=number,
        name=f"account-{number[-2:]}",
        role_arn=f"arn:aws:iam::{number}:role/drstate-target",
        external_id=external_id,
    )


def opened(clock: FakeClock, *accounts: Account, **more: Any) -> AwsCaller:
    return open_caller(
        accounts or (account(DATA), account(APP)),
        session_name="run 7/ops",
        clock=clock,
        scope_file=FILE,
        **more,
    )


def clusters(caller: AwsCaller, region: str = "us-west-2", number: str = DATA) -> dict[str, Any]:
    return caller.call("ecs", "list_clusters", account=number, region=region)


def services(caller: AwsCaller) -> list[Any]:
    return list(
        caller.pages(
            "ecs", "list_services", "serviceArns", account=DATA, region="us-west-2", cluster="c"
        )
    )


# credentials


def test_one_hop_into_the_target_role_through_sts_of_the_region_that_is_called(
    aws: SmallAws, clock: FakeClock
) -> None:
    aws.answers.append(Answer.of(clusterArns=["a"]))
    assert clusters(opened(clock)) == {"clusterArns": ["a"]}
    sts, ecs = aws.asked
    assert (sts.service, sts.region, sts.access_key) == ("sts", "us-west-2", "AKIARUNNER0000000000")
    assert (ecs.service, ecs.region, ecs.access_key) == ("ecs", "us-west-2", "ASIATEST00000001")
    asked = aws.assumed[0]
    assert asked["RoleArn"] == f"arn:aws:iam::{DATA}:role/drstate-target"
    assert (asked["DurationSeconds"], asked["ExternalId"]) == ("900", EXTERNAL_ID)
    assert asked["RoleSessionName"] == "run-7-ops"


def test_a_session_serves_all_regions_and_services_of_its_account_only(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = opened(clock)
    clusters(caller, "us-west-2")
    clusters(caller, "us-east-1")
    caller.call("logs", "describe_log_groups", account=DATA, region="us-east-1")
    clusters(caller, number=APP)
    assert [asked["RoleArn"].split(":")[4] for asked in aws.assumed] == [DATA, APP]
    assert {asked.access_key for asked in aws.calls("ecs")} == {
        "ASIATEST00000001",
        "ASIATEST00000002",
    }
    assert set(caller.assume_ms()) == {DATA, APP}


def test_a_session_is_renewed_before_it_ends_and_clients_go_on_with_it(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = opened(clock)
    clusters(caller)
    clock.forward(900 - 181)
    clusters(caller)
    assert len(aws.assumed) == 1
    clock.forward(2)
    aws.session_end = clock.now() + timedelta(seconds=900)
    clusters(caller)
    assert [asked.access_key[-1] for asked in aws.calls("ecs")] == ["1", "1", "2"]


def test_a_failed_renewal_is_no_failure_while_the_session_lasts(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = opened(clock)
    clusters(caller)
    clock.forward(800)
    aws.sts_answers.append(sts_error("AccessDenied", 403))
    clusters(caller)
    clusters(caller)
    assert len(aws.calls("sts")) == 2
    clock.forward(80)
    aws.sts_answers.append(sts_error("AccessDenied", 403))
    with pytest.raises(CredentialsError):
        clusters(caller)


def test_an_ended_session_is_replaced_once_and_the_call_repeated(
    aws: SmallAws, clock: FakeClock
) -> None:
    aws.answers.extend([Answer.error("ExpiredTokenException"), Answer.of(clusterArns=[])])
    clusters(opened(clock))
    assert [asked.access_key[-1] for asked in aws.calls("ecs")] == ["1", "2"]
    assert clock.slept == []
    aws.answers.extend([Answer.error("ExpiredTokenException")] * 2)
    with pytest.raises(CredentialsError, match="refused"):
        clusters(opened(clock))


def test_a_wrong_external_id_names_account_role_and_field_but_never_the_id(
    aws: SmallAws, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caller = opened(clock, account(DATA, "a-wrong-external-id"))
    with pytest.raises(CredentialsError) as caught:
        clusters(caller)
    shown = " ".join(caught.value.as_dict().values())
    for part in (DATA, "account-01", "role/drstate-target", "external_id", FILE, "AccessDenied"):
        assert part in shown
    trace = "".join(traceback.format_exception(caught.value))
    for secret in ("a-wrong-external-id", "the-runners-secret"):
        assert secret not in shown + trace + caplog.text + repr(caller)


def test_a_refusal_is_remembered_for_a_moment(aws: SmallAws, clock: FakeClock) -> None:
    caller = opened(clock, account(DATA, "wrong-id"), account(APP))
    for region in ("us-west-2", "us-east-1", "us-west-2"):
        with pytest.raises(CredentialsError):
            clusters(caller, region)
    assert len(aws.assumed) == 1
    clusters(caller, number=APP)
    clock.forward(31)
    with pytest.raises(CredentialsError):
        clusters(caller)
    assert len(aws.assumed) == 3


def test_an_unusable_sts_of_one_region_does_not_close_the_other(
    aws: SmallAws, clock: FakeClock
) -> None:
    aws.sts_answers.extend([Answer(0)] * 4)
    caller = opened(clock)
    with pytest.raises(CredentialsError, match="could not be assumed") as caught:
        clusters(caller, "us-east-1")
    assert caught.value.retry is Retry.TRANSIENT
    assert clock.slept == [1.0, 2.0, 4.0]
    clusters(caller, "us-west-2")
    assert aws.calls("ecs")[-1].region == "us-west-2"


def test_sessions_of_a_run_come_from_the_region_that_recovers(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = opened(clock, near="us-west-2")
    clusters(caller, "us-east-1")
    clusters(caller, "us-east-1", APP)
    assert {asked.region for asked in aws.calls("sts")} == {"us-west-2"}
    assert {asked.region for asked in aws.calls("ecs")} == {"us-east-1"}


def test_parallel_calls_into_one_account_ask_sts_once(aws: SmallAws, clock: FakeClock) -> None:
    caller = opened(clock)
    threads = [threading.Thread(target=clusters, args=(caller,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(aws.assumed), len(aws.calls("ecs"))) == (1, 12)


def test_missing_credentials_of_the_runner_are_told(
    aws: SmallAws, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="no usable AWS credentials") as caught:
        clusters(opened(clock))
    assert "aws sso login" in caught.value.hint
    assert aws.asked == []


def test_refused_credentials_of_the_runner_are_told(aws: SmallAws, clock: FakeClock) -> None:
    aws.sts_answers.append(sts_error("InvalidClientTokenId", 403))
    with pytest.raises(CredentialsError) as caught:
        clusters(opened(clock))
    assert "your own credentials" in caught.value.why


def test_an_account_outside_the_scope_is_never_called(aws: SmallAws, clock: FakeClock) -> None:
    with pytest.raises(ConfigError, match="322222222201") as caught:
        clusters(opened(clock), number="322222222201")
    assert FILE in caught.value.hint
    assert aws.asked == []


# retries


def test_what_persists_is_tried_once_a_minute_until_there_is_an_answer(
    aws: SmallAws, clock: FakeClock
) -> None:
    retries: list[CallRetry] = []
    aws.answers.extend([Answer.error("ServerException", 500)] * 6 + [Answer.of(clusterArns=["a"])])
    caller = opened(clock, on_retry=retries.append).derived(persists=lambda _: True)
    assert clusters(caller) == {"clusterArns": ["a"]}
    assert [retry.wait_seconds for retry in retries] == [1.0, 2.0, 4.0, 60.0, 60.0, 60.0]
    assert sum(clock.slept) == 187.0


def test_what_persists_looks_meanwhile_whether_it_still_should(
    aws: SmallAws, clock: FakeClock
) -> None:
    aws.answers.extend([Answer.error("ServerException", 500)] * 20)
    caller = opened(clock).derived(persists=lambda call: clock.monotonic() < 80)
    with pytest.raises(AwsCallError) as caught:
        clusters(caller)
    assert caught.value.retry is Retry.TRANSIENT
    # 7 s of usual waits, a minute, and what was left
    assert sum(clock.slept) == pytest.approx(81, abs=2)


def test_what_is_refused_is_not_persisted_in(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.append(Answer.error("AccessDeniedException"))
    with pytest.raises(DrstateError):
        clusters(opened(clock).derived(persists=lambda _: True))
    assert clock.slept == []


@pytest.mark.parametrize(
    "trouble",
    [
        Answer.error("ThrottlingException"),
        Answer.error("ServerException", 500),
        Answer(502, "<html>bad gateway</html>", "text/html"),
        Answer(0),
    ],
)
def test_passing_trouble_is_retried_after_1_2_and_4_seconds(
    aws: SmallAws, clock: FakeClock, trouble: Answer
) -> None:
    retries: list[CallRetry] = []
    aws.answers.extend([trouble] * 3 + [Answer.of(clusterArns=["a"])])
    assert clusters(opened(clock, on_retry=retries.append)) == {"clusterArns": ["a"]}
    assert clock.slept == [1.0, 2.0, 4.0]
    assert [(retry.attempt, retry.wait_seconds) for retry in retries] == [(1, 1), (2, 2), (3, 4)]
    assert {(retry.service, retry.operation, retry.region) for retry in retries} == {
        ("ecs", "list_clusters", "us-west-2")
    }
    assert all(retry.reason for retry in retries)


def test_nothing_is_tried_again_that_could_outlast_the_time_it_has(
    aws: SmallAws, clock: FakeClock
) -> None:
    aws.answers.extend([Answer.error("ThrottlingException")] * 4)
    caller = opened(clock).derived(until=clock.monotonic() + 10, way=Way(read_seconds=4))
    with pytest.raises(AwsCallError, match="ThrottlingException"):
        # once more than asked for: what else is derived from it has no more time
        clusters(caller.derived(on_retry=lambda _: None))
    assert clock.slept == [1.0, 2.0], "after 3 s another 4 s of waiting and 4 s for the answer"


def test_the_fourth_failure_is_the_last(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.extend([Answer.error("ThrottlingException")] * 4)
    with pytest.raises(AwsCallError, match="ThrottlingException") as caught:
        clusters(opened(clock))
    assert len(aws.calls("ecs")) == 4
    assert (caught.value.aws_code, caught.value.retry) == ("ThrottlingException", Retry.TRANSIENT)


def test_questions_are_not_asked_again_for_a_minute_after_five_failures(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = opened(clock, gives_up_early=True)
    aws.answers.extend([Answer.error("ThrottlingException")] * 6)
    with pytest.raises(AwsCallError, match=r"failed: ThrottlingException$"):
        clusters(caller)
    with pytest.raises(AwsCallError, match=r"failed: ThrottlingException$"):
        clusters(caller.derived())
    assert len(aws.calls("ecs")) == 5
    assert clock.slept == [1.0, 2.0, 4.0], "the fifth failure is waited for by nobody"
    with pytest.raises(AwsCallError, match="it was not asked again") as refused:
        clusters(caller)
    assert "asked again in 60 s" in refused.value.why
    assert refused.value.retry is Retry.TRANSIENT
    assert len(aws.calls("ecs")) == 5

    clock.forward(60)
    with pytest.raises(AwsCallError, match=r"failed: ThrottlingException$"):
        clusters(caller)
    with pytest.raises(AwsCallError, match="it was not asked again"):
        clusters(caller)
    assert len(aws.calls("ecs")) == 6, "one was let through to see"

    clock.forward(60)
    aws.answers.append(Answer.of(clusterArns=["a"]))
    assert clusters(caller) == {"clusterArns": ["a"]}
    aws.answers.extend([Answer.error("ThrottlingException"), Answer.of(clusterArns=["b"])])
    assert clusters(caller) == {"clusterArns": ["b"]}, "it counts from the beginning"


def test_what_a_run_does_is_always_tried(aws: SmallAws, clock: FakeClock) -> None:
    caller = opened(clock)
    aws.answers.extend([Answer.error("ThrottlingException")] * 11)
    for _ in range(2):
        with pytest.raises(AwsCallError):
            clusters(caller)
    aws.answers.append(Answer.of(clusterArns=["a"]))
    assert clusters(caller) == {"clusterArns": ["a"]}
    assert len(aws.calls("ecs")) == 12


def test_a_permanent_error_is_not_retried(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.append(Answer.error("ClusterNotFoundException", 400, "no such cluster"))
    with pytest.raises(AwsCallError, match="ClusterNotFoundException") as caught:
        clusters(opened(clock))
    error = caught.value
    assert (error.service, error.operation, error.account, error.region) == (
        "ecs",
        "list_clusters",
        DATA,
        "us-west-2",
    )
    assert (error.why, error.retry, clock.slept) == ("no such cluster", Retry.PERMANENT, [])
    assert error.hint


def test_an_adapters_own_transient_codes_hold_for_its_caller_only(
    aws: SmallAws, clock: FakeClock
) -> None:
    caller = opened(clock)
    aws.answers.extend([Answer.error("UpdateInProgressException"), Answer.of()])
    clusters(caller.derived(transient_codes=frozenset({"UpdateInProgressException"})))
    assert clock.slept == [1.0]
    aws.answers.append(Answer.error("UpdateInProgressException"))
    with pytest.raises(AwsCallError):
        clusters(caller)
    assert len(aws.assumed) == 1


def test_a_silent_service_is_given_up_after_the_time_limit(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.extend([Answer(-1)] * 4)
    with pytest.raises(AwsCallError, match="no usable answer") as caught:
        clusters(opened(clock, read_seconds=0.25))
    assert (caught.value.aws_code, caught.value.retry) == ("ReadTimeoutError", Retry.TRANSIENT)


def test_a_closed_port_is_told(
    aws: SmallAws, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", "http://127.0.0.1:1")
    with pytest.raises(AwsCallError, match="no usable answer") as caught:
        clusters(opened(clock))
    assert caught.value.aws_code == "EndpointConnectionError"


# errors


def test_a_missing_permission_names_it_and_the_role(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.append(Answer.error("AccessDeniedException", 400, "not authorized"))
    with pytest.raises(AwsCallError) as caught:
        clusters(opened(clock))
    assert "ecs:ListClusters" in caught.value.hint
    assert "role/drstate-target" in caught.value.hint
    assert caught.value.retry is Retry.NEEDS_PERSON


def test_a_text_of_aws_that_repeats_the_external_id_is_masked(
    aws: SmallAws, clock: FakeClock
) -> None:
    aws.answers.append(Answer.error("InvalidException", 400, f"'{EXTERNAL_ID}' is odd"))
    with pytest.raises(AwsCallError) as caught:
        clusters(opened(clock))
    assert caught.value.why == "'***' is odd"


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("ecs", "list_clutters", {}),
        ("ecs", "describe_services", {"cluster": 7}),
        ("no-such-service", "x", {}),
    ],
)
def test_a_wrong_call_is_a_bug_of_ours(
    aws: SmallAws, clock: FakeClock, service: str, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(InternalError):
        opened(clock).call(service, operation, account=DATA, region="us-west-2", **params)


# pages and records


def test_pages_are_followed_and_each_is_retried_on_its_own(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.extend(
        [
            Answer.of(serviceArns=["a", "b"], nextToken="t1"),
            Answer.error("ThrottlingException"),
            Answer.of(serviceArns=[], nextToken="t2"),
            Answer.of(serviceArns=["c"]),
        ]
    )
    assert services(opened(clock)) == ["a", "b", "c"]
    assert [asked.values.get("nextToken") for asked in aws.calls("ecs")] == [None, "t1", "t1", "t2"]
    assert clock.slept == [1.0]


def test_a_list_that_repeats_itself_is_refused(aws: SmallAws, clock: FakeClock) -> None:
    aws.answers.extend([Answer.of(serviceArns=["a"], nextToken="t")] * 3)
    with pytest.raises(AwsCallError, match="no usable answer"):
        services(opened(clock))


def test_a_call_without_pages_is_a_bug_of_ours(aws: SmallAws, clock: FakeClock) -> None:
    with pytest.raises(InternalError, match="no pages"):
        list(opened(clock).pages("ecs", "update_service", "x", account=DATA, region="us-west-2"))


def test_every_call_is_recorded_with_its_permission(aws: SmallAws, clock: FakeClock) -> None:
    records: list[CallRecord] = []
    caller = opened(clock).derived(on_call=records.append)
    aws.answers.append(Answer.error("ThrottlingException"))
    clusters(caller)
    services(caller)
    caller.call("resourcegroupstaggingapi", "get_resources", account=DATA, region="us-west-2")
    assert [record.permission for record in records] == [
        "ecs:ListClusters",
        "ecs:ListServices",
        "tag:GetResources",
    ]
    assert (records[0].account, records[0].region) == (DATA, "us-west-2")


def test_parameters_may_be_called_service_and_operation(aws: SmallAws, clock: FakeClock) -> None:
    opened(clock).call(
        "ecs", "update_service", account=DATA, region="us-west-2", cluster="c", service="s"
    )
    assert aws.calls("ecs")[0].values == {"cluster": "c", "service": "s"}


def test_an_answer_of_sts_that_cannot_be_read_is_told(aws: SmallAws, clock: FakeClock) -> None:
    aws.sts_answers.extend([Answer(200, "<html>login here", "text/html")] * 4)
    with pytest.raises(CredentialsError, match="could not be assumed") as caught:
        clusters(opened(clock))
    assert "ResponseParserError" in caught.value.why
