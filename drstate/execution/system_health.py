"""Whether drstate itself has what a recovery needs: journal, lease, workers, regions, readers.

Asked by ``drstate readiness``, on a schedule or by hand: most of it fails while no run is there to
notice. What a run can see while it lasts, a lease that is renewed late, is told by ``lease_watch``.
It changes nothing, and what is not used (Step Functions, topics) is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from drstate.errors import DrstateError
from drstate.execution.errorinfo import as_drstate
from drstate.execution.intime import InTime, Ticket
from drstate.execution.lease import RENEW_SECONDS
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.execution.states import OPEN
from drstate.journal.port import ExecutionHeader
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Kind, Severity
from drstate.model.scope import Scope
from drstate.model.words import counted, span
from drstate.report.readiness import FindingView
from drstate.report.recipients import State
from drstate.version import VERSION

#: a journal that takes longer than this to be written and read holds up every step
SLOW_SECONDS = 2.0
#: clocks that differ by more make times in logs and windows of maintenance wrong
SKEW_SECONDS = 5.0
#: a region that does not answer for so long is told as not answering
ANSWER_SECONDS = 6.0
#: workers that have said nothing for so long, while there is work
SILENT = timedelta(minutes=10)
_PROBE = "health/probe"


def system_health(
    services: Services, scope: Scope, catalog: Catalog | None
) -> tuple[FindingView, ...]:
    """What is wrong; none where all is well. Raises nothing but what the journal's reads raise."""
    return (
        *_journal(services),
        *_runs(services, scope),
        *_regions(services, scope, catalog),
        *_people(services, scope, catalog),
    )


def _finding(what: str, hint: str, *, stops: bool = False) -> FindingView:
    return FindingView(what=what, hint=hint, stops=stops, kind=Kind.SYSTEM_HEALTH)


def _journal(services: Services) -> Iterator[FindingView]:
    begun = services.clock.monotonic()
    try:
        services.journal.cache_put(_PROBE, True)
        services.journal.cache_get(_PROBE)
    except DrstateError as error:
        yield _finding(f"the journal takes nothing: {error.what}", error.hint, stops=True)
        return
    seconds = services.clock.monotonic() - begun
    if seconds > SLOW_SECONDS:
        yield _finding(
            f"the journal took {seconds:.1f} s to be written and read",
            "every step of a run waits for it; drstate doctor shows where it is",
        )
    apart = abs((services.journal.now() - services.clock.now()).total_seconds())
    if apart > SKEW_SECONDS:
        yield _finding(
            f"the clock of this machine and that of the journal are {apart:.0f} s apart",
            "let a time service set this machine's clock",
        )


def _runs(services: Services, scope: Scope) -> Iterator[FindingView]:
    """The newest execution: nobody at work on it, silent workers, another version."""
    newest = services.journal.executions(scope.key, limit=1)
    if not newest:
        return
    header = newest[0]
    kinds = ("execution_created", "dispatched")
    story = [event.payload for event in services.journal.events(header.execution, kinds=kinds)]
    version = next(
        (one.drstate_version for one in story if isinstance(one, e.ExecutionCreated)), VERSION
    )
    # an upgrade leaves older executions behind: only what is open, or newer than this, matters
    if version != VERSION and (header.status in OPEN or _parts(version) > _parts(VERSION)):
        yield _finding(
            f"execution {header.execution} was begun by drstate {version}; this is {VERSION}",
            "run one version on every machine: an older one may not understand what a newer wrote",
        )
    if header.status not in OPEN:
        return
    gone = services.readers.runner_gone(header)
    if gone:
        yield _finding(
            f"execution {header.execution} is {header.status}, and nobody works on it: {gone}",
            f"drstate resume {header.execution}",
        )
    dispatch = [one for one in story if isinstance(one, e.Dispatched)]
    if dispatch:
        yield from _workers(services, header, dispatch[-1])


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _workers(
    services: Services, header: ExecutionHeader, told: e.Dispatched
) -> Iterator[FindingView]:
    silent = services.clock.now() - header.updated_at
    if header.status in (ExecutionStatus.PENDING, ExecutionStatus.RUNNING) and silent > SILENT:
        yield _finding(
            f"nothing was heard of the workers of {header.execution} for "
            f"{span(silent.total_seconds())}",
            f"look whether any is there: drstate worker --region {told.region} on any machine",
        )
    try:
        dead = _dead_letters(services, told.region)
    except DrstateError as error:
        yield _finding(f"the workers' queue cannot be looked at: {error.what}", error.hint)
        return
    if dead:
        yield _finding(
            f"{counted(dead, 'task')} of workers in {told.region} were given up by SQS",
            f"drstate dispatcher dead --region {told.region}",
        )


def _dead_letters(services: Services, region: str) -> int:
    from drstate.aws.own import OwnCaller  # noqa: PLC0415 loaded when it is needed
    from drstate.execution.dispatch.queue import DEAD_QUEUE, waiting  # noqa: PLC0415 the same

    return waiting(OwnCaller(region, services.clock), DEAD_QUEUE) or 0


def _regions(services: Services, scope: Scope, catalog: Catalog | None) -> Iterator[FindingView]:
    """Whether AWS answers, with a session, in both regions."""
    serving = catalog.serving if catalog else scope.regions.primary
    recovery = scope.regions.other(serving)
    account = scope.accounts[0].id

    def ask(region: str) -> Callable[[Ticket], bool]:
        def question(_: Ticket) -> bool:
            caller = services.caller(scope, session="drstate-health", near=region)
            caller.call("sts", "get_caller_identity", account=account, region=region)
            return True

        return question

    with InTime[bool](services.clock, 2) as asking:
        for region in (recovery, serving):
            asking.start(region, ask(region), ANSWER_SECONDS)
        while not asking.idle:
            for ended in asking.ended():
                if ended.answer:
                    continue
                why = f"it did not answer within {ANSWER_SECONDS:g} s"
                hint = "look at the AWS Health Dashboard, and from another machine"
                if ended.error is not None:
                    error = as_drstate(ended.error)
                    why, hint = error.what, error.hint
                here = ended.key == recovery
                role = "is to recover" if here else "serves"
                if not here:
                    where = f"-c {scope.customer} -e {scope.environment}"
                    hint += f"; if it is lost: drstate failover --emergency {where}"
                # a recovery stops where it recovers; what it leaves may be lost
                yield _finding(
                    f"{ended.key}, which {role}, cannot be called: {why}", hint, stops=here
                )


def _people(services: Services, scope: Scope, catalog: Catalog | None) -> Iterator[FindingView]:
    """Whether anybody would hear of a recovery."""
    from drstate.model.phases import Phase  # noqa: PLC0415 with the next
    from drstate.planning.topics import topic_warnings  # noqa: PLC0415 loaded when it is needed

    serving = catalog.serving if catalog else scope.regions.primary
    for text in topic_warnings(scope, serving, (Phase.REPLICATE,)):
        what, _, hint = text.rpartition("; ")
        yield _finding(what, hint)
    if not scope.notifications.recipients:
        return
    from drstate.execution.subscribing import Subscriptions  # noqa: PLC0415 loaded when needed

    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for row in Subscriptions(services, scope).standing().rows:
        if row.state is not State.CONFIRMED:
            alike.setdefault((row.topic, row.state, row.why, row.hint), []).append(row.recipient)
    for (topic, state, why, hint), names in alike.items():
        tail = f": {why}" if why else ""
        yield _finding(
            f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not told through "
            f"{topic.rpartition(':')[2]}: {state}{tail}",
            hint,
        )


def lease_watch(services: Services, scope: Scope, recorder: Recorder) -> Callable[[], None]:
    """Call it now and then while a run holds the lease: says once that renewals come late."""
    said = False
    last = services.clock.monotonic()

    def look() -> None:
        nonlocal said, last
        now = services.clock.monotonic()
        if said or now - last < RENEW_SECONDS:
            return
        last = now
        held = services.journal.lease(scope.key)
        if held is None:
            return
        left = (held.expires_at - services.journal.now()).total_seconds()
        if left < RENEW_SECONDS:
            said = True
            recorder.warn(
                f"the lease of {scope.key} is renewed late: {max(0.0, left):.0f} s of it are left",
                "the journal is slow or busy, or this machine is: drstate doctor; if the lease is "
                f"lost, this run stops, and drstate resume {recorder.execution} goes on",
                kind=Kind.SYSTEM_HEALTH,
                severity=Severity.ERROR,
            )

    return look


def in_turn(*looks: Callable[[], None]) -> Callable[[], None]:
    """One look that is all of them."""

    def look() -> None:
        for one in looks:
            one()

    return look
