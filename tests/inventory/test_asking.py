"""Resource Explorer first, the tagging API where that cannot serve, exact calls over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.aws.caller import AwsCaller, open_caller
from drstate.aws.records import CallRecord
from drstate.errors import AwsCallError, CredentialsError
from drstate.inventory.asking import GRANTS, ask
from drstate.model.inventory import Source
from drstate.model.scope import Account
from tests.aws.clocks import FakeClock
from tests.aws.server import EXTERNAL_ID, Answer, SmallAws
from tests.inventory.values import DATA

VIEW = f"arn:aws:resource-explorer-2:us-east-1:{DATA}:view/all/1"
HERE = f"arn:aws:rds:us-east-1:{DATA}:cluster:"


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
def caller(aws: SmallAws, clock: FakeClock, records: list[CallRecord]) -> AwsCaller:
    account = Account(
        id=DATA,
        name="data",
        role_arn=f"arn:aws:iam::{DATA}:role/dr",
        external_id=EXTERNAL_ID,
    )
    return open_caller([account], session_name="x", clock=clock, on_call=records.append)


def indexed(arn: str, *, tags: bool = True) -> dict[str, Any]:
    data = [{"Key": "dr:enabled", "Value": "true"}, {"Key": "Customer", "Value": "acme"}]
    return {"Arn": arn, "Properties": [{"Name": "tags", "Data": data}] if tags else []}


def tagged(*arns: str, token: str = "") -> Answer:
    return Answer.of(
        PaginationToken=token,
        ResourceTagMappingList=[
            {"ResourceARN": arn, "Tags": [{"Key": "dr:enabled", "Value": "true"}]} for arn in arns
        ],
    )


def operations(records: list[CallRecord]) -> list[str]:
    return [record.operation for record in records]


def test_the_default_view_is_asked_page_by_page(
    aws: SmallAws, caller: AwsCaller, records: list[CallRecord]
) -> None:
    aws.answers.extend(
        [
            Answer.of(ViewArn=VIEW),
            Answer.of(Resources=[indexed(HERE + "a")], NextToken="t"),
            Answer.of(Resources=[indexed(HERE + "b")]),
        ]
    )
    answer = ask(caller, DATA, "us-east-1")
    assert [one.arn for one in answer.found] == [HERE + "a", HERE + "b"]
    assert answer.found[0].tags == {"dr:enabled": "true", "Customer": "acme"}
    assert (answer.source, answer.note) == (Source.EXPLORER, "")
    first, second = aws.asked[-2:]
    assert first.values["Filters"] == {"FilterString": 'region:us-east-1 tag.key:"dr:enabled"'}
    assert (first.values["ViewArn"], second.values["NextToken"]) == (VIEW, "t")
    assert operations(records) == ["get_default_view", "list_resources"]


def test_without_a_default_view_the_first_one_is_asked(aws: SmallAws, caller: AwsCaller) -> None:
    aws.answers.extend(
        [Answer.of(), Answer.of(Views=[VIEW]), Answer.of(Resources=[indexed(HERE + "a")])]
    )
    assert ask(caller, DATA, "us-east-1").source is Source.EXPLORER


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        ([Answer.of(), Answer.of(Views=[])], "no view in us-east-1"),
        ([Answer.error("ResourceNotFoundException", 404), Answer.of(Views=[])], "no view"),
        ([Answer.error("AccessDeniedException", 403)], "resource-explorer-2:GetDefaultView"),
        ([Answer.error("SandboxNotImplemented", 422)], "SandboxNotImplemented"),
        ([Answer.of(ViewArn=VIEW), Answer.error("UnauthorizedException", 401)], "Unauthorized"),
        (
            [Answer.of(ViewArn=VIEW), *[Answer.error("InternalServerException", 500)] * 4],
            "Internal",
        ),
        (
            [Answer.of(ViewArn=VIEW), Answer.of(Resources=[indexed(HERE + "a", tags=False)])],
            "add the property 'tags'",
        ),
    ],
)
def test_the_tagging_api_is_asked_where_the_explorer_cannot_serve(
    aws: SmallAws, caller: AwsCaller, answers: list[Answer], note: str
) -> None:
    aws.answers.extend([*answers, tagged(HERE + "a", token="t"), tagged(HERE + "b")])
    answer = ask(caller, DATA, "us-east-1")
    assert answer.source is Source.TAGGING
    assert note in answer.note
    assert [one.arn for one in answer.found] == [HERE + "a", HERE + "b"]
    assert aws.asked[-1].values["TagFilters"] == [{"Key": "dr:enabled"}]
    assert aws.asked[-1].values["PaginationToken"] == "t"


def test_both_failing_is_the_callers_business(aws: SmallAws, caller: AwsCaller) -> None:
    aws.answers.extend([Answer.error("AccessDeniedException", 403)] * 2)
    with pytest.raises(AwsCallError) as caught:
        ask(caller, DATA, "us-east-1")
    assert "tag:GetResources" in caught.value.hint


def test_refused_credentials_are_no_reason_to_ask_elsewhere(
    aws: SmallAws, caller: AwsCaller
) -> None:
    aws.answers.extend([Answer.error("UnrecognizedClientException", 403)])
    with pytest.raises(CredentialsError):
        ask(caller, DATA, "us-east-1")
    assert len(aws.calls("resource-explorer-2")) == 1
    assert aws.calls("tagging") == []


def test_what_a_wide_view_tells_of_other_places_is_left_out(
    aws: SmallAws, caller: AwsCaller
) -> None:
    elsewhere = [
        "arn:aws:rds:us-east-1:999999999999:cluster:theirs",
        f"arn:aws:rds:eu-west-1:{DATA}:cluster:far",
        "not-an-arn",
    ]
    aws.answers.extend(
        [
            Answer.of(ViewArn=VIEW),
            Answer.of(Resources=[indexed(arn) for arn in [*elsewhere, HERE + "a"]]),
        ]
    )
    assert [one.arn for one in ask(caller, DATA, "us-east-1").found] == [HERE + "a"]


def test_every_call_is_among_the_declared_permissions(
    aws: SmallAws, caller: AwsCaller, records: list[CallRecord]
) -> None:
    aws.answers.extend([Answer.of(), Answer.of(Views=[VIEW]), Answer.of(Resources=[])])
    ask(caller, DATA, "us-east-1")
    aws.answers.extend([Answer.of(), Answer.of(Views=[]), tagged()])
    ask(caller, DATA, "us-east-1")
    assert {record.permission for record in records} <= {
        action for grant in GRANTS for action in grant.actions
    }
    assert len(operations(records)) == 6
