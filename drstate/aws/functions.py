"""Asks a Lambda function something: one JSON document there, one back.

It waits for the answer, so it is for functions that end in seconds. A function that raised is an
error here, with what it said; whether it is asked again is the caller's business, because nobody
here knows what it did.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from drstate.errors import OperationError, Retry

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: the longest text of a function's error that is told
_TOLD = 300


@dataclass(frozen=True)
class Told:
    """What a function said: its answer or its error, and the end of its log."""

    text: str
    failed: bool
    log: str


def ask(
    aws: AwsCaller, function: str, request: dict[str, Any], *, account: str, region: str
) -> Told:
    """Whatever ``function`` (a name or ARN) says to ``request``; that it raised is no error here.

    Raises AwsCallError (no such function, not allowed), OperationError where the answer is lost.
    """
    answer = aws.call(
        "lambda",
        "invoke",
        account=account,
        region=region,
        FunctionName=function,
        InvocationType="RequestResponse",
        LogType="Tail",
        Payload=json.dumps(request).encode(),
    )
    try:
        text = answer["Payload"].read().decode(errors="replace")
    except (BotoCoreError, OSError) as error:
        raise OperationError(
            f"the answer of {_where(function, account, region)} could not be read",
            why=str(error),
            hint="try again, if the function may be asked twice",
        ) from error
    log = base64.b64decode(answer.get("LogResult") or "").decode(errors="replace")
    return Told(text, bool(answer.get("FunctionError")), log)


def invoke(
    aws: AwsCaller, function: str, request: dict[str, Any], *, account: str, region: str
) -> dict[str, Any]:
    """What ``function`` (a name or ARN) answers to ``request``.

    Raises AwsCallError (no such function, not allowed), OperationError where it raised or answered
    something that is no JSON object.
    """
    told = ask(aws, function, request, account=account, region=region)
    where, text = _where(function, account, region), told.text
    if told.failed:
        raise OperationError(
            f"{where} raised an error",
            why=text[:_TOLD],
            hint=f"its log group is /aws/lambda/{function.rpartition(':')[2]}",
            # a function that ran out of time may have more luck the next time
            retry=Retry.TRANSIENT,
        )
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise OperationError(
            f"{where} did not answer as expected",
            why=f"it answered {text[:_TOLD]!r}, not a JSON object",
            hint="name a function that was made for this",
        )
    return document


def _where(function: str, account: str, region: str) -> str:
    return f"function {function} in {region} of account {account}"
