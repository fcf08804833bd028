"""Use case: send a trial to a scope's topics and recipients, and remember what became of it.

A trial is no part of an execution: it stands beside the catalog in the journal, the newest few of a
scope, and is shown with its recipients.
"""

from __future__ import annotations

from collections.abc import Iterable

from drstate.errors import DrstateError, UsageError
from drstate.execution.channels.registry import Channels
from drstate.execution.services import Services
from drstate.execution.subscribing import Subscriptions
from drstate.model.notify import Kind, Severity, Topic
from drstate.model.scope import Scope
from drstate.report.notification import Notification
from drstate.report.recipients import Standing, Trial

#: trials of a scope that are remembered
KEPT = 20


def standing(services: Services, scope: Scope, names: Iterable[str] = ()) -> Standing:
    """How recipients stand, with the last trials. As ``Subscriptions.standing``."""
    found = Subscriptions(services, scope).standing(names)
    return found.model_copy(update={"trials": trials(services, scope)})


def trials(services: Services, scope: Scope) -> tuple[Trial, ...]:
    """The last trials of the scope, newest first."""
    kept = services.journal.cache_get(_key(scope))
    return tuple(Trial.model_validate(row) for row in (kept.value if kept else ()))


def attempt(services: Services, scope: Scope, names: Iterable[str] = ()) -> tuple[Trial, ...]:
    """Send one trial to each topic, for these recipients or for everybody.

    With names, only topics that reach them. Raises UsageError where the scope has no topics,
    UnknownNameError.
    """
    people = scope.notifications
    if not people.topics:
        raise UsageError(
            f"{scope.key} tells nobody",
            why="its file names no topic",
            hint=f"add notifications.topics to stacks/{scope.customer}/{scope.environment}.yaml; "
            "docs/notifications.md shows it",
        )
    wanted = tuple(names)
    chosen = Subscriptions(services, scope).chosen(wanted)
    channels = Channels(services, scope, "drstate-notify")
    made = []
    for topic in people.topics:
        readers = tuple(one.name for one in chosen if topic in people.through(one))
        if readers or not wanted:
            made.append(_try(services, scope, channels, topic, readers))
    kept = (*made, *trials(services, scope))[:KEPT]
    services.journal.cache_put(_key(scope), [row.model_dump(mode="json") for row in kept])
    return tuple(made)


def _try(
    services: Services, scope: Scope, channels: Channels, topic: Topic, readers: tuple[str, ...]
) -> Trial:
    now = services.clock.now()
    catalog = services.journal.load_catalog(scope.key)
    note = Notification(
        kind=Kind.TEST,
        severity=Severity.INFO,
        execution="",
        customer=scope.customer,
        environment=str(scope.environment),
        about=0,
        at=now,
        operator=services.operator,
        phases=(),
        serving=catalog.serving if catalog else scope.regions.primary,
        recovery=catalog.recovery if catalog else scope.regions.recovery,
        sandbox=services.sandbox,
        what=f"{services.operator} tries whether you are told; nothing has happened",
        recipients=readers,
    )
    return send(services, channels, topic, note)


def send(services: Services, channels: Channels, topic: Topic, note: Notification) -> Trial:
    """One message outside of any execution, tried once; what became of it. Never raises."""
    told = Trial(topic=topic.arn, recipients=note.recipients, at=note.at)
    begun = services.clock.monotonic()
    try:
        message = channels(topic, note, patient=False)
    except DrstateError as error:
        return told.model_copy(update={"why": error.what, "hint": error.hint})
    seconds = services.clock.monotonic() - begun
    return told.model_copy(update={"message": message, "seconds": seconds})


def _key(scope: Scope) -> str:
    return f"told/trials/{scope.key}"
