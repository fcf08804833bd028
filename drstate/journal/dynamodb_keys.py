"""Where things are in the table: the keys of every kind of item, and the table itself.

::

    pk                     sk                            what
    journal                journal                       schema of the table
    execution#<id>         header                        status, end of the chain
    events#<id>            <seq>                         events, never changed
    executions             <created>#<id>                all executions by date
    scope#<scope>          execution#<fence>#<created>#<id>  its executions, in order
    scope#<scope>          lease                         fence, and the lease while it is held
    scope#<scope>          catalog                       version and catalog
    cache#<key>            cache
    stack#<stack>          planned
    part#<unique>          <number>                      parts of long texts

Executions of a scope are ordered by fence, which only grows; clocks of several machines would not
do. Headers carry ``state`` and ``created``, the keys of the one index (executions by status).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drstate.journal.dynamodb_table import PARTITION, SORT, Key
from drstate.model.scope import ScopeKey

#: raised by every change of what items look like
SCHEMA_VERSION = 1
META: Key = ("journal", "journal")
BY_STATUS = "by-status"
#: partition and sort key of ``BY_STATUS``
STATUS_KEYS: Key = ("state", "created")
ALL = "executions"
OF_SCOPE = "execution#"
_DIGITS = 10


def header(execution: str) -> Key:
    """The execution's header."""
    return f"execution#{execution}", "header"


def events(execution: str) -> str:
    """The partition of the execution's events."""
    return f"events#{execution}"


def event(execution: str, seq: int) -> Key:
    """One event."""
    return events(execution), number(seq)


def number(seq: int) -> str:
    """A number that sorts as text."""
    return f"{seq:0{_DIGITS}d}"


def scope(key: ScopeKey | str) -> str:
    """The partition of a scope."""
    return f"scope#{key}"


def lease(key: ScopeKey | str) -> Key:
    """The scope's lease."""
    return scope(key), "lease"


def catalog(key: ScopeKey | str) -> Key:
    """The scope's catalog."""
    return scope(key), "catalog"


def in_scope(key: ScopeKey | str, fence: int, created: str, execution: str) -> Key:
    """The execution in its scope's list."""
    return scope(key), f"{OF_SCOPE}{number(fence)}#{created}#{execution}"


def in_all(created: str, execution: str) -> Key:
    """The execution in the list of all."""
    return ALL, f"{created}#{execution}"


def cache(key: str) -> Key:
    """A cache entry."""
    return f"cache#{key}", "cache"


def planned(stack: str) -> Key:
    """What was planned for a stack."""
    return f"stack#{stack}", "planned"


def moment(at: datetime) -> str:
    """A time that sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def table_definition(table: str, kms_key: str | None) -> dict[str, Any]:
    """The parameters of CreateTable: encrypted, protected from deletion, paid by request.

    No time to live: events are kept until somebody decides otherwise.
    """
    encryption: dict[str, Any] = {"Enabled": True, "SSEType": "KMS"}
    if kms_key:
        encryption["KMSMasterKeyId"] = kms_key
    names = (PARTITION, SORT, *STATUS_KEYS)
    return {
        "TableName": table,
        "AttributeDefinitions": [{"AttributeName": one, "AttributeType": "S"} for one in names],
        "KeySchema": _schema((PARTITION, SORT)),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": BY_STATUS,
                "KeySchema": _schema(STATUS_KEYS),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": encryption,
        "DeletionProtectionEnabled": True,
        "Tags": [{"Key": "drstate", "Value": "journal"}],
    }


def _schema(names: Key) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=True)
    ]
