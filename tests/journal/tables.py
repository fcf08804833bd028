"""Tables of a sandbox as tests reach them: real HTTP, with a time that a test may move."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from drstate.aws.clock import Clock, SystemClock
from drstate.aws.tables import TableCalls
from drstate.journal import Lease
from drstate.journal.dynamodb import DynamoJournal, open_dynamodb_journal
from drstate.journal.dynamodb_table import Calls
from drstate.sandbox import process
from tests.journal.values import ACME, created, progress

REGION = "us-west-2"


@cache
def client(home: Path) -> Any:
    """A client of the operator's own account. One for all tests: it is slow to make."""
    known = process.status(home)
    assert known is not None
    return boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=known.endpoint,
        aws_access_key_id=known.credentials.access_key_id,
        aws_secret_access_key=known.credentials.secret_access_key,
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            account_id_endpoint_mode="disabled",
        ),
    )


def calls_of(home: Path, table: str, clock: Clock) -> TableCalls:
    return TableCalls(client(home), table, REGION, clock)


class TimedCalls:
    """Calls of a store whose time moves only when a test moves it.

    Each request is held to rules of DynamoDB's that the emulated one does not know.
    """

    def __init__(self, calls: TableCalls, now: Callable[[], datetime]) -> None:
        self.table, self.region = calls.table, calls.region
        self._call, self.wait, self.now = calls.call, calls.wait, now
        self.monotonic = calls.monotonic
        self._asked: dict[str, Any] = {}

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        parts = [next(iter(one.values())) for one in params.get("TransactItems", ())]
        for request in (params, *parts):
            _hold_to_rules(request)
        if "ClientRequestToken" in params:
            token, wanted = params["ClientRequestToken"], params["TransactItems"]
            assert len(token) <= 36
            assert self._asked.setdefault(token, wanted) == wanted, "one token, two requests"
        return self._call(operation, **params)


def _hold_to_rules(request: dict[str, Any]) -> None:
    texts = " ".join(str(text) for name, text in request.items() if name.endswith("Expression"))
    for kind, mark in (("Names", "#"), ("Values", ":")):
        name = f"ExpressionAttribute{kind}"
        used = set(re.findall(rf"{mark}\w+", texts))
        assert used == set(request.get(name, ())), (request, "unused or unknown")
        assert name not in request or request[name], (request, "must not be empty")
    if "UpdateExpression" in request:
        assert re.match(r"(SET|ADD|REMOVE) #", request["UpdateExpression"])
    for typed in request.get("Item", {}).values():
        assert typed != {"SS": []}
    for key in (request.get("Key", {}), request.get("Item", {})):
        assert all(key[part]["S"] for part in ("pk", "sk") if key)


def opened(calls: Calls) -> DynamoJournal:
    return open_dynamodb_journal(calls, now=SystemClock().now)


def take(journal: DynamoJournal, runner: str = "r1", ttl: float = 60) -> Lease:
    return journal.acquire(ACME, runner=runner, host="h", pid=7, ttl_seconds=ttl)


def begun(journal: DynamoJournal, events: int = 1) -> int:
    """Begin ``e1`` with so many events; the fence."""
    fence = take(journal).fence
    journal.append("e1", created(), fence)
    for number in range(events - 1):
        journal.append("e1", progress(f"resource-{number}"), fence)
    return fence
