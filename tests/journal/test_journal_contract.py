"""What every store of the journal promises (the port's contract)."""

from __future__ import annotations

import threading

import pytest

from drstate.errors import JournalError, Retry, UnknownNameError
from drstate.journal import Journal, Lease
from drstate.model.events import (
    ConsentRecorded,
    ErrorInfo,
    ExecutionFinished,
    ExecutionHidden,
    ExecutionPaused,
    ExecutionStatus,
    GateDecided,
    GateOpened,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    Warned,
)
from drstate.model.notify import Kind
from drstate.model.phases import SiteState
from drstate.model.scope import ScopeKey
from tests.journal.values import (
    ACME,
    GLOBEX,
    START,
    Now,
    Opener,
    attached,
    catalog,
    created,
    finished,
    progress,
    shard,
)


def take(
    journal: Journal, scope: ScopeKey = ACME, runner: str = "r1", ttl: float = 60, **more: Lease
) -> Lease:
    return journal.acquire(scope, runner=runner, host="h", pid=7, ttl_seconds=ttl, **more)


def begin(journal: Journal, execution: str = "e1", scope: ScopeKey = ACME) -> int:
    fence = take(journal, scope).fence
    journal.append(execution, created(scope), fence)
    return fence


# events


def test_events_come_back_as_they_were_appended_numbered_from_one(
    journal: Journal, now: Now
) -> None:
    fence = begin(journal)
    now.forward(1.5)
    second = journal.append("e1", attached(fence), fence)
    third = journal.append("e1", progress("ü \u2028"), fence)
    events = journal.events("e1")
    assert [event.seq for event in events] == [1, 2, 3]
    assert events[0].payload == created()
    assert events[1:] == [second, third]
    assert (events[0].at, events[1].at.timestamp() - events[0].at.timestamp()) == (START, 1.5)


def test_events_after_a_number_and_of_some_kinds(journal: Journal) -> None:
    fence = begin(journal)
    for name in "abc":
        journal.append("e1", progress(name), fence)
    journal.append("e1", Warned(text="w"), fence)
    assert [event.seq for event in journal.events("e1", after=3)] == [4, 5]
    assert journal.events("e1", after=5) == []
    assert [event.seq for event in journal.events("e1", kinds={"warned", "stack_progress"})] == [
        2,
        3,
        4,
        5,
    ]
    assert [event.seq for event in journal.events("e1", 2, kinds=["warned"])] == [5]
    assert journal.events("e1", kinds=()) == []


def test_what_one_process_appended_another_reads(opener: Opener) -> None:
    first, second = opener(), opener()
    fence = begin(first)
    assert len(second.events("e1")) == 1
    second.append("e1", progress("x"), fence)
    assert [event.seq for event in first.events("e1")] == [1, 2]


def test_appends_from_many_threads_leave_no_gap_and_an_intact_chain(opener: Opener) -> None:
    stores = [opener(), opener()]
    fence = begin(stores[0])

    def work(store: Journal) -> None:
        for number in range(10):
            store.append("e1", progress(str(number)), fence)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in stores[0].events("e1")] == list(range(1, 62))
    assert stores[1].verify("e1") == 61


def test_an_event_of_an_unknown_execution_is_refused(journal: Journal) -> None:
    fence = begin(journal, "known")
    with pytest.raises(UnknownNameError, match="other") as caught:
        journal.append("other", attached(fence), fence)
    assert "known" in caught.value.why
    for read in (journal.events, journal.header, journal.verify):
        with pytest.raises(UnknownNameError):
            read("other")


def test_an_execution_is_created_once(journal: Journal) -> None:
    fence = begin(journal)
    with pytest.raises(JournalError, match="exists already"):
        journal.append("e1", created(), fence)
    assert len(journal.events("e1")) == 1


def test_nothing_follows_a_completed_execution(journal: Journal) -> None:
    fence = begin(journal)
    journal.append("e1", finished(), fence)
    with pytest.raises(JournalError, match="has ended"):
        journal.append("e1", progress("late"), fence)
    with pytest.raises(JournalError, match="has ended"):
        journal.append("e1", Warned(text="late"), None)


def test_a_failed_execution_can_go_on(journal: Journal) -> None:
    fence = begin(journal)
    journal.append("e1", finished(ExecutionStatus.FAILED), fence)
    assert journal.header("e1").status is ExecutionStatus.FAILED
    journal.append("e1", attached(fence), fence)
    assert journal.header("e1").status is ExecutionStatus.RUNNING


# headers


def test_the_status_in_the_list_follows_the_events(journal: Journal, now: Now) -> None:
    fence = begin(journal)
    steps = [
        (attached(fence), ExecutionStatus.RUNNING),
        (progress("a"), ExecutionStatus.RUNNING),
        (GateOpened(stage="s", reason="r"), ExecutionStatus.PAUSED),
        (progress("b"), ExecutionStatus.PAUSED),
        (GateDecided(stage="s", approved=True, by="p"), ExecutionStatus.RUNNING),
        (ExecutionPaused(reason="r", hint="h"), ExecutionStatus.PAUSED),
        (attached(fence), ExecutionStatus.RUNNING),
        (GateOpened(stage="s", reason="r"), ExecutionStatus.PAUSED),
        (GateDecided(stage="s", approved=False, by="p"), ExecutionStatus.PAUSED),
        (
            ExecutionFinished(status=ExecutionStatus.CANCELLED, changes=0, duration_seconds=1),
            ExecutionStatus.CANCELLED,
        ),
    ]
    assert journal.header("e1").status is ExecutionStatus.PENDING
    for number, (payload, expected) in enumerate(steps, start=2):
        now.forward(1)
        journal.append("e1", payload, fence)
        header = journal.header("e1")
        assert (header.status, header.events) == (expected, number), payload
        assert (header.created_at, header.updated_at) == (START, now.value)


def test_executions_are_listed_newest_first_by_scope_and_limit(journal: Journal) -> None:
    for number in range(3):
        begin(journal, f"a{number}")
    begin(journal, "g0", GLOBEX)
    assert [header.execution for header in journal.executions()] == ["g0", "a2", "a1", "a0"]
    assert [header.execution for header in journal.executions(ACME, limit=2)] == ["a2", "a1"]
    listed = journal.executions(GLOBEX)[0]
    assert listed == journal.header("g0")
    assert (listed.scope, listed.operator, listed.sandbox) == (GLOBEX, "ops", True)


# fences


def test_an_append_with_an_old_fence_is_refused_and_leaves_no_trace(
    journal: Journal, now: Now
) -> None:
    old = begin(journal)
    now.forward(61)
    new = take(journal, runner="r2").fence
    with pytest.raises(JournalError, match="lost") as caught:
        journal.append("e1", progress("late"), old)
    assert "r2" in caught.value.why
    assert len(journal.events("e1")) == 1
    assert journal.append("e1", progress("mine"), new).seq == 2
    assert journal.verify("e1") == 2


def test_a_released_lease_no_longer_writes(journal: Journal) -> None:
    lease = take(journal)
    journal.append("e1", created(), lease.fence)
    journal.release(lease)
    with pytest.raises(JournalError, match="lost"):
        journal.append("e1", progress("late"), lease.fence)


def test_an_expired_lease_writes_until_somebody_takes_it(journal: Journal, now: Now) -> None:
    fence = begin(journal)
    now.forward(3600)
    assert journal.append("e1", progress("slow"), fence).seq == 2


def test_a_fence_of_another_scope_does_not_open_this_one(journal: Journal) -> None:
    begin(journal)
    take(journal, GLOBEX)
    other = take(journal, GLOBEX).fence
    assert other == 2
    with pytest.raises(JournalError, match="lost"):
        journal.append("e1", progress("x"), other)
    with pytest.raises(JournalError, match="lost"):
        journal.append("g1", created(GLOBEX), 99)


def test_only_what_a_person_says_needs_no_fence(journal: Journal) -> None:
    begin(journal)
    for payload in (
        ConsentRecorded(kind="data-loss", by="p", text="t"),
        GateDecided(stage="s", approved=True, by="p"),
        Warned(text="w"),
    ):
        journal.append("e1", payload, None)
    for refused in (progress("x"), finished()):
        with pytest.raises(JournalError, match="without the fence"):
            journal.append("e1", refused, None)
    with pytest.raises(JournalError, match="without the fence"):
        journal.append("e2", created(), None)
    assert journal.header("e1").events == 4


# leases


def test_a_lease_is_held_by_one_runner_at_a_time(opener: Opener) -> None:
    first, second = opener(), opener()
    lease = take(first)
    with pytest.raises(JournalError, match="process 7") as caught:
        take(second, runner="r2")
    assert caught.value.retry is Retry.NEEDS_PERSON
    assert second.lease(ACME) == lease
    assert take(second, GLOBEX, runner="r2").scope == GLOBEX


def test_an_expired_lease_is_taken_with_a_higher_fence(journal: Journal, now: Now) -> None:
    lease = take(journal, ttl=60)
    now.forward(59.9)
    with pytest.raises(JournalError):
        take(journal, runner="r2")
    now.forward(0.1)
    taken = take(journal, runner="r2")
    assert taken.fence > lease.fence
    with pytest.raises(JournalError, match="lost"):
        journal.renew(lease, 60)


def test_renewal_counts_from_now(journal: Journal, now: Now) -> None:
    lease = take(journal, ttl=60)
    now.forward(50)
    renewed = journal.renew(lease, 60)
    assert (renewed.expires_at - now.value).total_seconds() == 60
    assert (renewed.fence, renewed.acquired_at) == (lease.fence, lease.acquired_at)
    assert journal.lease(ACME) == renewed
    now.forward(59)
    with pytest.raises(JournalError):
        take(journal, runner="r2")


def test_a_dead_holder_is_replaced_only_as_it_was_seen(journal: Journal, now: Now) -> None:
    seen = take(journal)
    now.forward(1)
    renewed = journal.renew(seen, 60)
    with pytest.raises(JournalError, match="r1"):
        take(journal, runner="r2", instead_of=seen)
    taken = take(journal, runner="r2", instead_of=renewed)
    assert taken.fence == seen.fence + 1


def test_a_fence_is_never_used_again_after_a_release(journal: Journal) -> None:
    first = take(journal)
    journal.release(first)
    assert journal.lease(ACME) is None
    second = take(journal, runner="r2")
    assert second.fence == first.fence + 1
    journal.release(first)
    assert journal.lease(ACME) == second
    with pytest.raises(JournalError, match="lost"):
        journal.renew(first, 60)


# catalogs


def test_a_catalog_comes_back_with_the_next_version(opener: Opener) -> None:
    first, second = opener(), opener()
    assert first.load_catalog(ACME) is None
    saved = first.save_catalog(catalog())
    assert saved.version == 1
    assert second.load_catalog(ACME) == saved
    assert second.load_catalog(GLOBEX) is None
    assert saved.model_copy(update={"version": 0}) == catalog()


def test_a_catalog_that_is_known_is_read_again_only_where_another_is_stored(
    opener: Opener,
) -> None:
    first, second = opener(), opener()
    known = first.save_catalog(catalog())
    assert second.load_catalog(ACME, known=known) is known
    saved = first.save_catalog(known.model_copy(update={"serving": "us-west-2"}))
    assert second.load_catalog(ACME, known=known) == saved
    assert second.load_catalog(GLOBEX, known=known) is None


def test_a_catalog_saved_on_an_old_version_is_refused(journal: Journal) -> None:
    first = journal.save_catalog(catalog())
    second = journal.save_catalog(first.model_copy(update={"serving": "us-west-2"}))
    for old in (catalog(), first, second.model_copy(update={"version": 9})):
        with pytest.raises(JournalError, match="changed by another") as caught:
            journal.save_catalog(old)
        assert caught.value.retry is Retry.TRANSIENT
    assert journal.load_catalog(ACME) == second


def test_a_catalog_saved_under_a_lost_lease_is_refused(journal: Journal, now: Now) -> None:
    lease = take(journal)
    saved = journal.save_catalog(catalog(), fence=lease.fence)
    now.forward(61)
    take(journal, runner="r2")
    with pytest.raises(JournalError, match="lost"):
        journal.save_catalog(saved, fence=lease.fence)
    assert journal.load_catalog(ACME) == saved


# caches and planned shards


def test_a_cache_entry_is_stamped_and_replaced(journal: Journal, now: Now) -> None:
    assert journal.cache_get("k") is None
    journal.cache_put("k", {"a": [1, 2.5, None, "ü"]})
    now.forward(10)
    put = journal.cache_put("k", ["new"])
    got = journal.cache_get("k")
    assert got == put
    assert got is not None
    assert (got.value, got.stored_at) == (["new"], now.value)


def test_a_value_that_is_not_json_is_refused(journal: Journal) -> None:
    with pytest.raises(JournalError, match="not JSON"):
        journal.cache_put("k", {"a": object()})


def test_the_last_planned_shard_of_a_stack_is_kept(journal: Journal) -> None:
    assert journal.planned_shard("s1") is None
    journal.save_planned_shard(shard("s1"))
    journal.save_planned_shard(shard("s1", SiteState.WARM))
    journal.save_planned_shard(shard("s2"))
    assert journal.planned_shard("s1") == shard("s1", SiteState.WARM)
    assert journal.planned_shard("s2") == shard("s2")


def test_closing_twice_is_fine(journal: Journal) -> None:
    journal.close()
    journal.close()


@pytest.mark.parametrize("status", [ExecutionStatus.COMPLETED, ExecutionStatus.CANCELLED])
def test_who_was_told_and_what_is_hidden_may_follow_the_end_and_change_nothing(
    journal: Journal, now: Now, status: ExecutionStatus
) -> None:
    fence = begin(journal)
    journal.append("e1", attached(fence), fence)
    journal.append("e1", finished(status), fence)
    before = journal.header("e1")
    now.forward(5)
    topic = "arn:aws:sns:us-west-2:211111111101:dr"
    told = NotificationDelivered(
        topic=topic, kind=Kind.COMPLETED, about=3, message="m-1", delay_seconds=5,
        recipients=("boss",), covers=((Kind.STARTED, 1),),
    )  # fmt: skip
    untold = NotificationFailed(
        topic=topic, kind=Kind.STARTED, about=1, error=ErrorInfo(code="x", what="no answer")
    )
    held = NotificationHeld(
        topic=topic, recipient="boss", kind=Kind.COMPLETED, about=3, until=START, why="digest"
    )
    hidden = ExecutionHidden(by="ann", reason="a trial")
    for payload in (told, untold, held, hidden):
        assert journal.append("e1", payload, None).payload == payload
    assert [event.seq for event in journal.events("e1")] == [1, 2, 3, 4, 5, 6, 7]
    after = journal.header("e1")
    assert (after.status, after.updated_at, after.events) == (status, before.updated_at, 7)
    assert journal.verify("e1") == 7
    (stored,) = journal.events("e1", kinds=("execution_hidden",))
    assert stored.payload == hidden
    # nothing else is taken
    with pytest.raises(JournalError, match=r"has ended|COMPLETED|CANCELLED"):
        journal.append("e1", Warned(text="too late"), None)
