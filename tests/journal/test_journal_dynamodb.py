"""What only the DynamoDB store promises: protection, clocks, proof, versions."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drstate.aws.clock import SystemClock
from drstate.aws.tables import TableCalls
from drstate.errors import JournalError, StateError
from drstate.journal.dynamodb import DynamoJournal
from drstate.journal.dynamodb_keys import table_definition
from drstate.journal.dynamodb_setup import facts, make_table
from drstate.model.events import Warned
from drstate.sandbox import process
from tests.aws.clocks import FakeClock
from tests.journal.tables import begun, calls_of, client, opened, take
from tests.journal.values import (
    ACME,
    created,
    finished,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def journal(calls: TableCalls) -> DynamoJournal:
    return opened(calls)


# the table


def test_the_table_is_encrypted_restorable_and_cannot_be_deleted(
    calls: TableCalls, emulated: Path
) -> None:
    found = facts(calls)
    assert (found.point_in_time_recovery, found.deletion_protection) == (True, True)
    assert found.encryption.startswith("arn:aws:kms:us-west-2:")
    with pytest.raises(ClientError, match="DeletionProtectionEnabled"):
        client(emulated).delete_table(TableName=calls.table)
    ttl = client(emulated).describe_time_to_live(TableName=calls.table)
    assert ttl["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"


def test_what_was_switched_off_is_switched_on_again(calls: TableCalls, emulated: Path) -> None:
    begun(opened(calls))
    own = client(emulated)
    own.update_table(TableName=calls.table, DeletionProtectionEnabled=False)
    own.update_continuous_backups(
        TableName=calls.table,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    assert facts(calls).missing == ("point-in-time recovery", "deletion protection")
    again = make_table(calls)
    assert (again.made, again.point_in_time_recovery, again.deletion_protection) == (
        False,
        True,
        True,
    )
    assert len(opened(calls).events("e1")) == 1


def test_a_new_table_that_is_not_known_everywhere_yet_is_waited_for(
    emulated: Path, faults: Any, clock: FakeClock
) -> None:
    faults(
        {
            "effect": "error",
            "service": "dynamodb",
            "operation": "DescribeTable",
            "code": "ResourceNotFoundException",
            "times": 2,
        }
    )
    found = make_table(calls_of(emulated, "new-table", clock))
    assert (found.made, found.missing) == (True, ())
    assert clock.slept == [2.0, 2.0]


def test_a_table_that_was_made_by_hand_is_protected_as_well(
    emulated: Path, clock: FakeClock
) -> None:
    wanted = table_definition("by-hand", None)
    for name in ("SSESpecification", "DeletionProtectionEnabled"):
        del wanted[name]
    client(emulated).create_table(**wanted)
    found = make_table(calls_of(emulated, "by-hand", clock))
    assert (found.made, found.missing) == (False, ())


def test_a_missing_table_and_that_of_another_program_are_refused(emulated: Path) -> None:
    missing = calls_of(emulated, "nowhere", SystemClock())
    with pytest.raises(StateError, match="no table nowhere") as caught:
        opened(missing)
    assert "drstate journal init --journal 'dynamodb://nowhere?region=us-west-2'" in (
        caught.value.hint
    )
    client(emulated).create_table(
        TableName="theirs",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    theirs = calls_of(emulated, "theirs", SystemClock())
    with pytest.raises(StateError, match="not a journal"):
        make_table(theirs)
    described = client(emulated).describe_table(TableName="theirs")["Table"]
    assert not described["DeletionProtectionEnabled"]


@pytest.mark.parametrize(("schema", "says"), [("2", "newer drstate"), ("0", "older drstate")])
def test_a_journal_of_another_schema_is_refused(
    calls: TableCalls, emulated: Path, schema: str, says: str
) -> None:
    client(emulated).update_item(
        TableName=calls.table,
        Key={"pk": {"S": "journal"}, "sk": {"S": "journal"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "schema"},
        ExpressionAttributeValues={":s": {"N": schema}},
    )
    with pytest.raises(StateError, match=says) as caught:
        opened(calls)
    assert "nothing was changed" in caught.value.hint


def test_nothing_is_ever_scanned(emulated: Path, journal: DynamoJournal) -> None:
    before = process.calls(emulated)[-1]["number"]
    fence = begun(journal, 3)
    journal.append("e1", finished(), fence)
    journal.executions()
    journal.executions(ACME)
    journal.executions(status=journal.header("e1").status)
    journal.events("e1", kinds={"warned"})
    journal.verify("e1")
    used = {one["operation"] for one in process.calls(emulated, before)}
    assert used <= {"GetItem", "BatchGetItem", "Query", "TransactWriteItems", "UpdateItem"}


def test_long_lists_are_read_in_parts(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drstate.journal.dynamodb_headers._PAGE", 3)
    monkeypatch.setattr("drstate.journal.dynamodb_table._MOST_KEYS", 2)
    names = [f"e{number}" for number in range(8)]
    for name in names:
        journal.append(name, created(), take(journal).fence)
    assert [row.execution for row in journal.executions()] == names[::-1]
    assert [row.execution for row in journal.executions(ACME, limit=7)] == names[:0:-1]


# clocks and leases


def test_a_lease_is_judged_by_the_stores_clock_not_by_this_machines(
    calls: TableCalls, emulated: Path
) -> None:
    held = take(opened(calls), ttl=30)
    hour_ahead = FakeClock(SystemClock().now() + timedelta(hours=1))
    with pytest.raises(JournalError, match="r1"):
        take(opened(calls_of(emulated, calls.table, hour_ahead)), runner="r2")
    # the time of the store goes on by this machine's monotonic clock
    hour_ahead.forward(32)
    assert calls_of(emulated, calls.table, hour_ahead).now() >= held.expires_at
    late = opened(calls_of(emulated, calls.table, hour_ahead))
    assert abs(late.table.calls.now() - SystemClock().now()) < timedelta(seconds=3)


def test_of_two_processes_one_gets_the_lease_and_both_append_without_a_gap(
    calls: TableCalls, emulated: Path
) -> None:
    journal = opened(calls)
    fence = begun(journal)
    known = process.status(emulated)
    assert known is not None
    code = """
        import sys
        from pathlib import Path
        from drstate.aws.clock import SystemClock
        from drstate.errors import JournalError
        from drstate.execution.journals import open_at
        from drstate.journal.address import TablePlace
        from tests.journal.values import ACME, GLOBEX, progress
        name, table, fence = sys.argv[1], sys.argv[2], int(sys.argv[3])
        journal = open_at(TablePlace(table, "us-west-2"), Path(), SystemClock())
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            lease = journal.acquire(GLOBEX, runner=name, host="h", pid=1, ttl_seconds=60)
            print("got", lease.fence)
        except JournalError as error:
            print("refused", error.what)
        for number in range(15):
            journal.append("e1", progress(f"{name}-{number}"), fence)
    """
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), name, calls.table, str(fence)],
            cwd=ROOT,
            env={**os.environ, **process.environment(known), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    said = sorted(each.communicate(timeout=60)[0] for each in running)
    assert [each.returncode for each in running] == [0, 0]
    assert said[0] == "got 1\n"
    assert said[1].startswith("refused globex/production is being run by ")
    events = journal.events("e1")
    assert [event.seq for event in events] == list(range(1, 32))
    for name in ("one", "two"):
        found = [getattr(event.payload, "name", "") for event in events]
        assert [one for one in found if one.startswith(name)] == [f"{name}-{n}" for n in range(15)]
    assert journal.verify("e1") == 31


# proof


def test_a_changed_a_missing_and_a_cut_off_event_are_found(
    calls: TableCalls, emulated: Path
) -> None:
    journal = opened(calls)
    begun(journal, 4)
    own = client(emulated)
    key = {"pk": {"S": "events#e1"}, "sk": {"S": "0000000002"}}
    kept = own.get_item(TableName=calls.table, Key=key)["Item"]
    changed = kept["text"]["S"].replace("resource-0", "resource-9")
    own.put_item(TableName=calls.table, Item={**kept, "text": {"S": changed}})
    with pytest.raises(JournalError, match="broken at event 2"):
        journal.verify("e1")
    own.delete_item(TableName=calls.table, Key=key)
    with pytest.raises(JournalError, match="broken at event 2"):
        journal.verify("e1")
    own.put_item(TableName=calls.table, Item=kept)
    assert journal.verify("e1") == 4
    last = {**key, "sk": {"S": "0000000004"}}
    cut = own.delete_item(TableName=calls.table, Key=last, ReturnValues="ALL_OLD")["Attributes"]
    with pytest.raises(JournalError, match="broken at event 4"):
        journal.verify("e1")
    own.put_item(TableName=calls.table, Item=cut)
    own.put_item(TableName=calls.table, Item={**cut, "sk": {"S": "0000000005"}})
    with pytest.raises(JournalError, match="broken at event 5"):
        journal.verify("e1")


def test_a_missing_part_of_a_long_text_is_damage(calls: TableCalls, emulated: Path) -> None:
    journal = opened(calls)
    fence = begun(journal)
    journal.append("e1", Warned(text=os.urandom(500_000).hex()), fence)
    own = client(emulated)
    event = own.get_item(
        TableName=calls.table, Key={"pk": {"S": "events#e1"}, "sk": {"S": "0000000002"}}
    )["Item"]
    name = event["parts"]["S"].partition("/")[0]
    own.delete_item(TableName=calls.table, Key={"pk": {"S": f"part#{name}"}, "sk": {"S": "00001"}})
    with pytest.raises(StateError, match="missing or was changed") as caught:
        journal.events("e1")
    assert "restore-table-to-point-in-time" in caught.value.hint


def test_a_refused_write_leaves_no_parts_behind(calls: TableCalls, emulated: Path) -> None:
    journal = opened(calls)
    old = take(journal)
    journal.append("e1", created(), old.fence)
    take(journal)
    large = os.urandom(500_000).hex()
    with pytest.raises(JournalError, match="lost"):
        journal.append("e1", Warned(text=large), old.fence)
    journal.cache_put("k", large)
    journal.cache_put("k", "small")
    left = client(emulated).scan(TableName=calls.table)["Items"]
    assert [item["pk"]["S"] for item in left if item["pk"]["S"].startswith("part#")] == []
