"""One DynamoDB table as the store's parts use it: items as plain values, writes with conditions.

Every read is strongly consistent, except where an index is named. Writers that meet at the same
item are kept apart by DynamoDB: one of them is told to try again, which is done here. How calls
reach AWS is not known here: ``Calls`` is handed in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from drstate.errors import JournalError, Retry, StateError

T = TypeVar("T")
Scalar = str | int | bytes | frozenset[str]
Values = Mapping[str, Scalar]
#: partition and sort key
Key = tuple[str, str]

PARTITION, SORT = "pk", "sk"
CONFLICT, FAILED = "TransactionConflict", "ConditionalCheckFailed"
#: DynamoDB's own limits
_MOST_KEYS = 100
#: how often writers that meet try again, and the longest pause between two tries in seconds
_TRIES = 28
_PAUSE = 0.5
#: seconds for which a runner's write is tried again while the store does not answer, and between
PATIENCE = 60.0
_PATIENT_PAUSE = 3.0
_NAMES = re.compile(r"#(\w+)")


class Calls(Protocol):
    """What carries calls to AWS. ``aws.tables`` has the one that is used."""

    table: str
    region: str

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """One call; ``{"Refused": (code, …)}`` where a condition does not hold."""
        ...

    def now(self) -> datetime:
        """The store's own time."""
        ...

    def monotonic(self) -> float:
        """Seconds of this machine; only differences mean something."""
        ...

    def wait(self, seconds: float) -> None:
        """Let some time pass."""
        ...


@dataclass(frozen=True)
class Condition:
    """What must hold for a write. Attributes are written ``#name``, values ``:name``."""

    text: str
    values: Values = field(default_factory=dict)


#: the item is not there
ABSENT = Condition(f"attribute_not_exists(#{PARTITION})")


@dataclass(frozen=True)
class Write:
    """One change of one item: a check alone, a whole item, an update, or its removal."""

    kind: str
    key: Key
    condition: Condition | None = None
    values: Values = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    add: Values = field(default_factory=dict)

    @classmethod
    def check(cls, key: Key, condition: Condition) -> Write:
        """Change nothing, but refuse the transaction unless the condition holds."""
        return cls("ConditionCheck", key, condition)

    @classmethod
    def put(cls, key: Key, values: Values, condition: Condition | None = None) -> Write:
        """The whole item."""
        return cls("Put", key, condition, values)

    @classmethod
    def update(
        cls,
        key: Key,
        values: Values,
        condition: Condition | None = None,
        *,
        remove: tuple[str, ...] = (),
        add: Values | None = None,
    ) -> Write:
        """Set and remove attributes; ``add`` puts words into sets."""
        return cls("Update", key, condition, values, remove, add or {})

    @classmethod
    def delete(cls, key: Key, condition: Condition | None = None) -> Write:
        """Remove the item."""
        return cls("Delete", key, condition)

    def request(self, table: str) -> dict[str, Any]:
        """The parameters of the call, or of its part of a transaction."""
        made: dict[str, Any] = {"TableName": table}
        texts = []
        given = dict(self.condition.values) if self.condition else {}
        if self.kind == "Put":
            made["Item"] = _encoded({PARTITION: self.key[0], SORT: self.key[1], **self.values})
        else:
            made["Key"] = _key(self.key)
        if self.kind == "Update":
            sets = ", ".join(f"#{name} = :new_{name}" for name in self.values)
            adds = ", ".join(f"#{name} :more_{name}" for name in self.add)
            removes = ", ".join(f"#{name}" for name in self.remove)
            parts = (("SET", sets), ("ADD", adds), ("REMOVE", removes))
            made["UpdateExpression"] = " ".join(f"{word} {text}" for word, text in parts if text)
            given |= {f"new_{name}": value for name, value in self.values.items()}
            given |= {f"more_{name}": value for name, value in self.add.items()}
            texts.append(made["UpdateExpression"])
        if self.condition is not None:
            made["ConditionExpression"] = self.condition.text
            texts.append(self.condition.text)
        return made | _expressed(texts, given)


class Table:
    """Reads and writes of one table. Safe between threads."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.name = calls.table

    def get(self, key: Key) -> dict[str, Any] | None:
        """The item, or None."""
        answer = self.calls.call(
            "get_item", TableName=self.name, Key=_key(key), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None else decoded(item)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
        """Those of the items that are there, by key."""
        found: dict[Key, dict[str, Any]] = {}
        for start in range(0, len(keys), _MOST_KEYS):
            asked: Any = [_key(key) for key in keys[start : start + _MOST_KEYS]]
            for attempt in range(_TRIES):
                wanted = {self.name: {"Keys": asked, "ConsistentRead": True}}
                answer = self.calls.call("batch_get_item", RequestItems=wanted)
                for item in answer.get("Responses", {}).get(self.name, ()):
                    values = decoded(item)
                    found[values[PARTITION], values[SORT]] = values
                left = answer.get("UnprocessedKeys", {}).get(self.name, {})
                asked = left.get("Keys", [])
                if not asked:
                    break
                self.pause(attempt)
            else:
                raise self.busy("reads are limited")
        return found

    def query(
        self,
        partition: str,
        *,
        low: str = "",
        high: str = "\U0010ffff",
        newest_first: bool = False,
        page: int | None = None,
        only: Condition | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Items of a partition between two sort keys (both included), page after page.

        ``page`` is how many items are read at once; ``only`` leaves some of them out.
        """
        condition = Condition(
            f"#{PARTITION} = :pk AND #{SORT} BETWEEN :low AND :high",
            {PARTITION: partition, "low": low or " ", "high": high},
        )
        yield from self._pages(condition, newest_first, page, only, ConsistentRead=True)

    def query_index(
        self, index: str, names: Key, partition: str, *, page: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Items of an index's partition, the highest sort key first. It may lag by a moment."""
        condition = Condition(f"#{names[0]} = :{names[0]}", {names[0]: partition})
        yield from self._pages(condition, True, page, None, IndexName=index)

    def _pages(
        self,
        condition: Condition,
        newest_first: bool,
        page: int | None,
        only: Condition | None,
        **more: Any,
    ) -> Iterator[dict[str, Any]]:
        texts, given = [condition.text], dict(condition.values)
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition.text,
            "ScanIndexForward": not newest_first,
            **more,
        }
        if page is not None:
            request["Limit"] = page
        if only is not None:
            request["FilterExpression"] = only.text
            texts.append(only.text)
            given |= only.values
        request |= _expressed(texts, given)
        while True:
            answer = self.calls.call("query", **request)
            yield from (decoded(item) for item in answer.get("Items", ()))
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, write: Write) -> bool:
        """One change; whether its condition held."""
        operation = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
        request = write.request(self.name)
        for attempt in range(_TRIES):
            answer = self.calls.call(operation[write.kind], **request)
            refused = answer.get("Refused")
            if refused is None:
                return True
            if refused[0] != CONFLICT:
                return False
            self.pause(attempt)
        raise self.busy()

    def transact(self, writes: Sequence[Write], token: str) -> tuple[str | None, ...]:
        """All changes or none: empty when done, else why not, one entry for each write.

        ``token`` makes a repeated request harmless; other changes under it are another request, and
        so is each new attempt: DynamoDB refuses a token that comes again with something else.
        Raises StateError where DynamoDB refuses for another reason, and what ``busy`` makes where
        the store stays so.
        """
        parts = [{write.kind: write.request(self.name)} for write in writes]
        mark = sha256(f"{token} {parts!r}".encode()).hexdigest()
        for attempt in range(_TRIES):
            answer = self.calls.call(
                "transact_write_items",
                TransactItems=parts,
                ClientRequestToken=f"{mark[:30]}-{attempt}",
            )
            refused: tuple[str | None, ...] | None = answer.get("Refused")
            if refused is None:
                return ()
            strange = {code for code in refused if code not in (None, FAILED, CONFLICT)}
            if strange:
                raise StateError(
                    f"the journal's table {self.name} in {self.calls.region} refused a write",
                    why=f"DynamoDB answered {', '.join(sorted(map(str, strange)))}",
                    hint="nothing was written; this is a bug in drstate: report it",
                )
            if FAILED in refused:
                return refused
            self.pause(attempt)
        raise self.busy()

    def patiently(self, work: Callable[[], T], *, fenced: bool) -> T:
        """What ``work`` gives, asked again for a minute while the store does not answer.

        For what a runner writes: a recovery is not broken off for a store that comes back. People
        (``fenced`` is false) are told at once. ``work`` must be safe to repeat.
        """
        begun: float | None = None
        while True:
            try:
                return work()
            except JournalError as error:
                now = self.calls.monotonic()
                begun = now if begun is None else begun
                if not fenced or error.retry is not Retry.TRANSIENT or now - begun >= PATIENCE:
                    raise
                self.calls.wait(_PATIENT_PAUSE)

    def pause(self, attempt: int, *, until: float | None = None) -> None:
        """Wait before trying again; ``attempt`` counts from 0. Raises JournalError after many.

        ``until``: on the monotonic clock, how long many are still too few.
        """
        if attempt >= _TRIES and (until is None or self.calls.monotonic() >= until):
            raise self.busy()
        # those that met must not meet again
        longest = min(0.02 * 2 ** min(attempt, _TRIES), _PAUSE)
        self.calls.wait(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def busy(self, why: str = "other writers were always there first") -> JournalError:
        """The refusal once trying again has not helped; it may help later."""
        return JournalError(
            f"the journal's table {self.name} in {self.calls.region} is busy",
            why=why,
            hint="try again; 'drstate status' names who runs what",
            retry=Retry.TRANSIENT,
        )


def decoded(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB writes it, as plain values."""
    found: dict[str, Any] = {}
    for name, typed in item.items():
        (kind, value), *_ = typed.items()
        if kind == "N":
            found[name] = int(value)
        elif kind == "SS":
            found[name] = frozenset(value)
        else:
            found[name] = bytes(value) if kind == "B" else value
    return found


def _encoded(values: Values) -> dict[str, Any]:
    return {name: _typed(value) for name, value in values.items()}


def _typed(value: Scalar) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case _:
            return {"SS": sorted(value)}


def _key(key: Key) -> dict[str, Any]:
    return _encoded({PARTITION: key[0], SORT: key[1]})


def _expressed(texts: Iterable[str], values: Values) -> dict[str, Any]:
    # every name is written as a placeholder: many plain ones are reserved words
    names = {found for text in texts for found in _NAMES.findall(text)}
    made: dict[str, Any] = {}
    # an empty one of either is refused
    if names:
        made["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    if values:
        made["ExpressionAttributeValues"] = {
            f":{name}": _typed(value) for name, value in values.items()
        }
    return made
