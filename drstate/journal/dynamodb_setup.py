"""Making the table of the shared journal, and knowing it again.

The table is encrypted, protected from deletion, and can be restored to any second of the last 35
days. Making it twice is fine: what is there already is left as it is, what protects it is switched
on again. A table of another program is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drstate.errors import StateError, TimedOutError
from drstate.journal import dynamodb_keys as keys
from drstate.journal.dynamodb_table import ABSENT, PARTITION, Calls, Scalar, Table, Write

FORMAT = "drstate-journal"
#: seconds to wait for the table, and between two looks
_WAIT_SECONDS = 300.0
_LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class TableFacts:
    """What protects the journal's table."""

    table: str
    region: str
    #: whether it was made just now
    made: bool
    point_in_time_recovery: bool
    #: the key's ARN, or the kind of encryption
    encryption: str
    deletion_protection: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """What is off and should be on."""
        on = {
            "point-in-time recovery": self.point_in_time_recovery,
            "encryption by KMS": self.encryption,
            "deletion protection": self.deletion_protection,
        }
        return tuple(name for name, there in on.items() if not there)


def require_schema(table: Table) -> None:
    """Raises StateError unless the table is a journal that this drstate understands."""
    found = table.get(keys.META)
    place = f"the table {table.name} in {table.calls.region}"
    address = f"dynamodb://{table.name}?region={table.calls.region}"
    if found is None or found.get("format") != FORMAT:
        raise StateError(
            f"{place} is not a journal of drstate",
            why="it holds no journal, or was made by another program",
            hint=f"make it one: drstate journal init --journal '{address}'; or name another table",
        )
    schema = int(found["schema"])
    if schema > keys.SCHEMA_VERSION:
        raise StateError(
            f"the journal in {place} was written by a newer drstate",
            why=f"its schema is {schema}; this drstate knows {keys.SCHEMA_VERSION}",
            hint="use the newer drstate (pip install --upgrade drstate); nothing was changed",
        )
    if schema < keys.SCHEMA_VERSION:
        raise StateError(
            f"the journal in {place} was written by an older drstate",
            why=f"its schema is {schema}; this drstate needs {keys.SCHEMA_VERSION}",
            hint="finish what is running with the older drstate; nothing was changed",
        )


def make_table(calls: Calls, *, kms_key: str | None = None) -> TableFacts:
    """Make the table, protect it, and mark it as a journal. It may take a minute.

    ``kms_key``: id, ARN or alias of a key of yours; AWS's own for DynamoDB where none is given.
    Raises StateError for a table that is something else, TimedOutError.
    """
    table = Table(calls)
    answer = calls.call("create_table", **keys.table_definition(calls.table, kms_key))
    made = "Refused" not in answer
    known = _active(calls, made=made)
    _require_shape(calls, known)
    if not known.get("DeletionProtectionEnabled"):
        calls.call("update_table", TableName=calls.table, DeletionProtectionEnabled=True)
        known = _active(calls)
    if not _encryption(known):
        wanted = keys.table_definition(calls.table, kms_key)["SSESpecification"]
        calls.call("update_table", TableName=calls.table, SSESpecification=wanted)
        _active(calls)
    if not _recoverable(calls):
        _switch_on_recovery(calls)
    marked: dict[str, Scalar] = {
        "format": FORMAT,
        "schema": keys.SCHEMA_VERSION,
        "made_at": datetime.now(UTC).isoformat() if made else "",
    }
    table.write(Write.put(keys.META, marked, ABSENT))
    require_schema(table)
    return facts(calls, made=made)


def facts(calls: Calls, *, made: bool = False) -> TableFacts:
    """What protects the table now. Raises StateError where there is none."""
    known = calls.call("describe_table", TableName=calls.table)["Table"]
    return TableFacts(
        table=calls.table,
        region=calls.region,
        made=made,
        point_in_time_recovery=_recoverable(calls),
        encryption=_encryption(known),
        deletion_protection=bool(known.get("DeletionProtectionEnabled")),
    )


def _encryption(known: dict[str, Any]) -> str:
    described = known.get("SSEDescription", {})
    on = described.get("Status") in ("ENABLED", "UPDATING", "ENABLING")
    return str(described.get("KMSMasterKeyArn") or "KMS") if on else ""


def _active(calls: Calls, *, made: bool = False) -> dict[str, Any]:
    waited = 0.0
    while True:
        known: dict[str, Any] = {}
        try:
            known = calls.call("describe_table", TableName=calls.table)["Table"]
        except StateError:
            # one that was made a moment ago is not known everywhere yet
            if not made or waited >= _WAIT_SECONDS:
                raise
        if known.get("TableStatus") == "ACTIVE":
            return known
        if waited >= _WAIT_SECONDS:
            raise _late(calls, f"it is {known.get('TableStatus', 'not there yet')}")
        calls.wait(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


def _require_shape(calls: Calls, known: dict[str, Any]) -> None:
    wanted = keys.table_definition(calls.table, None)
    indexes = [one["IndexName"] for one in known.get("GlobalSecondaryIndexes", ())]
    if known.get("KeySchema") != wanted["KeySchema"] or keys.BY_STATUS not in indexes:
        raise StateError(
            f"the table {calls.table} in {calls.region} is not a journal of drstate",
            why=f"its keys are not {PARTITION} and sk, or it lacks the index {keys.BY_STATUS}",
            hint="name a table that does not exist yet; nothing was changed",
        )


def _recoverable(calls: Calls) -> bool:
    answer = calls.call("describe_continuous_backups", TableName=calls.table)
    described = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return str(described.get("PointInTimeRecoveryStatus")) == "ENABLED"


def _switch_on_recovery(calls: Calls) -> None:
    waited = 0.0
    while True:
        try:
            calls.call(
                "update_continuous_backups",
                TableName=calls.table,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        except StateError as error:
            # right after a table is made, its backups are still being prepared
            if "ContinuousBackupsUnavailable" not in error.why or waited >= _WAIT_SECONDS:
                raise
            calls.wait(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        else:
            return


def _late(calls: Calls, why: str) -> TimedOutError:
    return TimedOutError(
        f"the table {calls.table} in {calls.region} was not ready in {_WAIT_SECONDS:.0f} seconds",
        why=why,
        hint="run the same command again: it goes on where it stopped",
    )
