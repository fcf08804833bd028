"""DynamoDB: queries and transactions that cost what they touch; transactions carried out once.

moto copies whole tables before each transaction, so that a table of ten thousand items is copied
for every event of a journal, and it takes a repeated request for a new one. Here conditions are all
looked at first, only items that are touched can be put back, and a request whose token was seen in
the last ten minutes is answered without being carried out again. Nor does a query of one partition
sort the whole table here, and items, which are JSON as they stand, are not taken through the model
of the answer (a millisecond for each attribute). Encryption can be switched on later. The rest is
moto's.
"""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import create_condition_expression_parser
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, Table
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from . import runtime
from .extend import extend

#: how long AWS remembers a request's token, in seconds of the sandbox's clock
TOKEN_SECONDS = 600.0
_MOST = 100
_transact = DynamoHandler.transact_write_items
_query = Table.query
_update_table = DynamoHandler.update_table
_execute_result = DynamoResult.execute_result
#: operations whose answers are items
_ITEMS = frozenset({"BatchGetItem", "GetItem", "Query"})
_Error = tuple[str | None, str | None, Any]
_DONE: _Error = (None, None, None)


class _Touched:
    """An item that a transaction is about, as it was before."""

    def __init__(self, table: Any, key: dict[str, Any]) -> None:
        self._table = table
        self._hash = DynamoType(key[table.hash_key_attr])
        self._range = (
            None if table.range_key_attr is None else DynamoType(key[table.range_key_attr])
        )
        self._before = copy.deepcopy(self.now())

    def now(self) -> Any:
        return self._table.get_item(self._hash, self._range)

    def put_back(self) -> None:
        held = self._table.items
        if self._range is None:
            if self._before is None:
                held.pop(self._hash, None)
            else:
                held[self._hash] = self._before
        elif self._before is None:
            held.get(self._hash, {}).pop(self._range, None)
        else:
            held[self._hash][self._range] = self._before


class _Backend:
    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        """All or none; conditions are held against what was there before."""
        if len(transact_items) > _MOST:
            raise TooManyTransactionsException
        touched, seen = [], set()
        for one in transact_items:
            if len(one) > 1:
                raise TransactWriteSingleOpException
            kind, op = next(iter(one.items()))
            table = self.get_table(op["TableName"])
            wanted = op["Item"] if kind == "Put" else op["Key"]
            names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
            key = {name: wanted[name] for name in names}
            mark = (op["TableName"], json.dumps(key, sort_keys=True, default=str))
            if mark in seen:
                raise MultipleTransactionsException
            seen.add(mark)
            touched.append(_Touched(table, key))
        errors = [_held(one, item) for one, item in zip(transact_items, touched, strict=True)]
        if all(error is _DONE for error in errors):
            errors = _apply(self, transact_items)
        if any(error is not _DONE for error in errors):
            for item in touched:
                item.put_back()
            raise TransactionCanceledException(errors)


def _held(one: dict[str, Any], item: _Touched) -> _Error:
    _, op = next(iter(one.items()))
    if op.get("ConditionExpression") is None:
        return _DONE
    condition = create_condition_expression_parser(
        op["ConditionExpression"],
        op.get("ExpressionAttributeNames"),
        op.get("ExpressionAttributeValues"),
    ).parse()
    current = item.now()
    if condition.expr(current):
        return _DONE
    shown = op.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and current
    old = current.to_json()["Attributes"] if shown else None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), old


def _apply(backend: Any, items: list[dict[str, Any]]) -> list[_Error]:
    errors: list[_Error] = []
    for one in items:
        kind, op = next(iter(one.items()))
        try:
            if kind == "Put":
                backend.put_item(op["TableName"], op["Item"])
            elif kind == "Delete":
                backend.delete_item(op["TableName"], op["Key"])
            elif kind == "Update":
                backend.update_item(
                    op["TableName"],
                    op["Key"],
                    update_expression=op["UpdateExpression"],
                    expression_attribute_names=op.get("ExpressionAttributeNames", {}),
                    expression_attribute_values=op.get("ExpressionAttributeValues", {}),
                )
        except DynamodbException as error:
            errors.append(("ValidationError", str(error), None))
        else:
            errors.append(_DONE)
    return errors


class _Table:
    def query(
        self: Any,
        hash_key: Any,
        range_comparison: str | None,
        range_objs: list[Any],
        limit: int,
        exclusive_start_key: dict[str, Any],
        scan_index_forward: bool,
        projection_expressions: Any,
        index_name: str | None = None,
        consistent_read: bool = False,
        filter_expression: Any = None,
        **rest: Any,
    ) -> tuple[list[Any], int, dict[str, Any] | None]:
        """One page of a partition's items; an index is asked in moto's way."""
        conditions = {"hash_key_conditions", "range_key_conditions"}
        if index_name or self.range_key_attr is None or rest.keys() - conditions:
            found: tuple[list[Any], int, dict[str, Any] | None] = _query(
                self, hash_key, range_comparison, range_objs, limit, exclusive_start_key,
                scan_index_forward, projection_expressions, index_name, consistent_read,
                filter_expression, **rest,
            )  # fmt: skip
            return found
        items = [
            item
            for item in self.items.get(hash_key, {}).values()
            if not range_comparison or _within(item.range_key, range_comparison, range_objs)
        ]
        items.sort(key=lambda item: item.range_key.cast_value, reverse=scan_index_forward is False)
        if exclusive_start_key is not None:
            last = DynamoType(exclusive_start_key[self.range_key_attr]).cast_value
            forward = scan_index_forward is not False
            items = [one for one in items if _beyond(one.range_key.cast_value, last, forward)]
        page, more = _page(items, limit)
        after = self._get_last_evaluated_key(page[-1], None) if more else None
        rows = copy.deepcopy(page)
        if filter_expression is not None:
            rows = [row for row in rows if filter_expression.expr(row)]
        if projection_expressions:
            rows = [row.project(projection_expressions) for row in rows]
        return rows, len(page), after


def _within(key: Any, comparison: str, bounds: list[Any]) -> bool:
    if comparison == "BETWEEN" and key.type == "S":
        return bool(bounds[0].value <= key.value <= bounds[1].value)
    return bool(key.compare(comparison, bounds))


def _beyond(key: Any, last: Any, forward: bool) -> bool:
    return bool(key > last if forward else key < last)


def _page(items: list[Item], limit: int | None) -> tuple[list[Item], bool]:
    """Items of one answer, and whether there are more."""
    size = 0
    for number, item in enumerate(items):
        size += item.size()
        if number and (number == limit or size > RESULT_SIZE_LIMIT):
            return items[:number], True
    return items, False


class _Mismatch(DynamodbException):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(
            "IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request.",
        )


class _Handler:
    def update_table(self: Any) -> Any:
        """Encryption can be switched on later, too."""
        wanted = self.body.get("SSESpecification")
        if wanted is not None:
            table = self.dynamodb_backend.get_table(self.body["TableName"])
            key = table._get_default_encryption_key(table.account_id, table.region_name)  # noqa: SLF001
            table.sse_specification = {"KMSMasterKeyId": key, **wanted}
        return _update_table(self)

    def transact_write_items(self: Any) -> Any:
        """Carried out once for each token."""
        token = self.body.get("ClientRequestToken")
        if not token:
            return _transact(self)
        known: dict[str, tuple[float, str]] = vars(self.dynamodb_backend).setdefault(
            "_drstate_tokens", {}
        )
        now = runtime.clock().seconds()
        # the oldest are first
        while known and next(iter(known.values()))[0] <= now - TOKEN_SECONDS:
            del known[next(iter(known))]
        asked = json.dumps(self.body["TransactItems"], sort_keys=True, default=repr)
        digest = sha256(asked.encode()).hexdigest()
        if token in known:
            if known[token][1] != digest:
                raise _Mismatch
            return ActionResult({"ConsumedCapacity": [], "ItemCollectionMetrics": {}})
        answer = _transact(self)
        known[token] = (now, digest)
        return answer


class _Result:
    def execute_result(self: Any, context: Any) -> Any:
        """The answer's status, headers and body."""
        if context.operation_model.name not in _ITEMS:
            return _execute_result(self, context)
        told = {name: value for name, value in self.result.items() if value is not None}
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, dynamo_json_dump(told)


def install() -> None:
    """Correct moto's DynamoDB."""
    replaced = frozenset({"transact_write_items"})
    extend(DynamoDBBackend, _Backend, replaces=replaced)
    extend(DynamoHandler, _Handler, replaces=replaced | {"update_table"})
    extend(DynamoResult, _Result, replaces=frozenset({"execute_result"}))
    extend(Table, _Table, replaces=frozenset({"query"}))
