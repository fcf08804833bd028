"""CloudTrail: the history of events, from the sandbox's own record of calls.

Management events of the last 90 days, of the caller's account and region; calls to global
services are in us-east-1. An event is there a while after its call. Data events (objects,
items, messages, invocations) are in no history, as in AWS. Parameters and answers are not in the
record, so `requestParameters`, `responseElements` and `Resources` are empty, and looking for
a resource is refused by name. Trails stay moto's.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import ActionResult

from drstate.sandbox.calls import ANSWER_LOST, ANSWERED, ERROR, Call
from drstate.sandbox.wire import service_model

from . import runtime
from .extend import extend
from .modelled import Refusal, refuse_unmodelled, unsupported

# Usually within five minutes, says AWS.
DELAY_SECONDS = 300.0
HISTORY_DAYS = 90
_PAGE = 50
_HOME = "us-east-1"
_GLOBAL = {"iam", "route53", "organizations"}
# Operations that are data events.
_DATA_EVENTS = {
    "s3": (
        "GetObject PutObject DeleteObject DeleteObjects HeadObject CopyObject UploadPart "
        "CreateMultipartUpload CompleteMultipartUpload AbortMultipartUpload ListObjects "
        "ListObjectsV2 ListParts GetObjectTagging PutObjectTagging"
    ),
    "dynamodb": (
        "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem "
        "TransactGetItems TransactWriteItems ExecuteStatement"
    ),
    "sqs": (
        "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch "
        "ChangeMessageVisibility ChangeMessageVisibilityBatch"
    ),
    "sns": "Publish PublishBatch",
    "lambda": "Invoke InvokeWithResponseStream",
    "cloudwatch": "PutMetricData GetMetricData",
    "logs": "PutLogEvents",
}
_READS = ("Describe", "List", "Get", "Head", "Lookup", "Search", "BatchGet", "Test", "AssumeRole")
_EXCEPT = {"cloudwatch": "monitoring", "stepfunctions": "states"}


class _Responses:
    def lookup_events(self: Any) -> ActionResult:
        """Events that fit, the last one first."""
        params = json.loads(self.body or "{}")
        limit = params.get("MaxResults", _PAGE)
        if not 1 <= limit <= _PAGE:
            raise Refusal(
                "InvalidMaxResultsException", f"MaxResults must be between 1 and {_PAGE}."
            )
        refuse_unmodelled("cloudtrail", "LookupEvents", params)
        unsupported("cloudtrail", "LookupEvents", params, "EventCategory")
        begin, end = _span(params)
        test = _attribute(params)
        below = _number(params.get("NextToken"))
        found: list[dict[str, Any]] = []
        for call in reversed(_calls(self.current_account, self.region, begin, end)):
            if below is not None and call.number >= below:
                continue
            event = _event(call)
            if test is not None and str(event[test[0]]) != test[1]:
                continue
            if len(found) == limit:
                # One more than asked for: there is a next page, from here on.
                return ActionResult({"Events": found, "NextToken": _token(call.number + 1)})
            found.append(event)
        return ActionResult({"Events": found})


def _token(below: int) -> str:
    return base64.urlsafe_b64encode(f"below {below}".encode()).decode()


def _number(token: str | None) -> int | None:
    """Below which number a page begins: events that come meanwhile are not in later pages."""
    if not token:
        return None
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("below "))
    except ValueError as error:
        raise Refusal("InvalidNextTokenException", "The token is not valid.") from error


def _span(params: dict[str, Any]) -> tuple[float, float]:
    now = runtime.clock().now()
    begin = _moment(params.get("StartTime"), now - timedelta(days=HISTORY_DAYS))
    end = _moment(params.get("EndTime"), now)
    if begin > end:
        raise Refusal("InvalidTimeRangeException", "StartTime must be before EndTime.")
    oldest = (now - timedelta(days=HISTORY_DAYS)).timestamp()
    scale = runtime.clock().scale
    return max(begin, oldest), min(end, now.timestamp() - DELAY_SECONDS * scale)


def _moment(given: Any, usual: datetime) -> float:
    return usual.timestamp() if given is None else float(given)


def _attribute(params: dict[str, Any]) -> tuple[str, str] | None:
    given = params.get("LookupAttributes") or []
    if not given:
        return None
    if len(given) > 1:
        raise Refusal("InvalidLookupAttributesException", "You may specify only one attribute.")
    key, value = given[0]["AttributeKey"], str(given[0]["AttributeValue"])
    if key in {"ResourceType", "ResourceName"}:
        unsupported("cloudtrail", f"LookupEvents by {key}", params, "LookupAttributes")
    return key, value


def _calls(account: str, region: str, begin: float, end: float) -> list[Call]:
    return [
        call
        for call in runtime.history()
        if call.account == account
        and begin <= call.time <= end
        and call.operation
        and call.outcome in {ANSWERED, ERROR, ANSWER_LOST}
        and (_HOME if call.service in _GLOBAL else call.region) == region
        and call.operation not in _DATA_EVENTS.get(call.service, "").split()
    ]


def _event(call: Call) -> dict[str, Any]:
    read = "true" if call.operation.startswith(_READS) else "false"
    name = call.session or call.principal.rsplit("/", 1)[-1]
    moment = datetime.fromtimestamp(call.time, tz=UTC)
    source = f"{_endpoint(call.service)}.amazonaws.com"
    shown = {
        "EventId": _id(call),
        "EventName": call.operation,
        "ReadOnly": read,
        "AccessKeyId": call.access_key,
        "EventTime": moment,
        "EventSource": source,
        "Username": name,
        "Resources": [],
    }
    return {**shown, "CloudTrailEvent": json.dumps(_record(call, shown))}


def _record(call: Call, shown: dict[str, Any]) -> dict[str, Any]:
    """The event itself, as CloudTrail writes it."""
    who: dict[str, Any] = {
        "type": "AssumedRole" if call.session else "IAMUser",
        "arn": call.principal,
        "accountId": call.account,
        "accessKeyId": call.access_key,
    }
    if call.session:
        role = call.principal.rsplit("/", 1)[-1]
        who["arn"] = f"arn:aws:sts::{call.account}:assumed-role/{role}/{call.session}"
        who["sessionContext"] = {
            "sessionIssuer": {"type": "Role", "arn": call.principal, "userName": role}
        }
    else:
        who["userName"] = shown["Username"]
    event = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": shown["EventTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": shown["EventSource"],
        "eventName": call.operation,
        "awsRegion": _HOME if call.service in _GLOBAL else call.region,
        "requestParameters": None,
        "responseElements": None,
        "requestID": call.request_id,
        "eventID": shown["EventId"],
        "readOnly": shown["ReadOnly"] == "true",
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }
    return {**event, "errorCode": call.error} if call.error else event


def _id(call: Call) -> str:
    return f"{call.number:08x}-0000-4000-8000-{int(call.time):012x}"


@lru_cache(maxsize=256)
def _endpoint(service: str) -> str:
    model = service_model(service)
    if service in _EXCEPT or model is None:
        return _EXCEPT.get(service, service)
    return str(model.metadata.get("signingName") or model.metadata["endpointPrefix"])


def install() -> None:
    """Add what moto's CloudTrail lacks."""
    extend(CloudTrailResponse, _Responses)
