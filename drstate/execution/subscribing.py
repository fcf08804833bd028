"""Use case: the subscriptions of a scope's recipients: how they stand, made, taken back.

A subscription of ours is known by its filter: it lets through what carries the recipient's name and
nothing else. Others of the same topic are their owners' and are left alone. A mailbox has to agree
by itself; nobody can do that from here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.errors import AwsCallError, DrstateError, UnknownNameError, UsageError
from drstate.execution.channels.sns import RECIPIENTS, SnsChannel
from drstate.execution.services import Services
from drstate.model.notify import Recipient, Topic
from drstate.model.scope import Scope
from drstate.report.recipients import RecipientState, Standing, State

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_ABSENT = ("NotFound", "NotFoundException")
_DENIED = ("AuthorizationError", "AccessDenied", "AccessDeniedException")


@dataclass(frozen=True)
class _Found:
    arn: str
    protocol: str
    endpoint: str
    #: names that its filter lets through; None: it has another filter, or none
    names: tuple[str, ...] | None

    @property
    def pending(self) -> bool:
        return not self.arn.startswith("arn:")


class Subscriptions:
    """The subscriptions of one scope. Makes no call yet."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._scope = scope
        self._people = scope.notifications
        self._channel = SnsChannel(services, scope, "drstate-notify")
        self._where = f"-c {scope.customer} -e {scope.environment}"

    def standing(self, names: Iterable[str] = ()) -> Standing:
        """How each recipient stands at each of its topics, and what is ours and not declared.

        A topic that does not answer is told as such; it keeps no other from being told. Raises
        UnknownNameError for a recipient that the scope does not have.
        """
        chosen = self.chosen(names)
        rows, strays = [], []
        for topic in self._people.topics:
            readers = [one for one in chosen if topic in self._people.through(one)]
            try:
                found = list(self._subscribed(topic))
            except DrstateError as error:
                rows += [self._unknown(topic, one, error) for one in readers]
                continue
            rows += [self._state(topic, one, found) for one in readers]
            strays += [] if names else [*self._strays(topic, found)]
        order = {one.name: at for at, one in enumerate(chosen)}
        rows.sort(key=lambda row: order[row.recipient])
        return Standing(scope=self._scope.key, rows=tuple(rows), strays=tuple(strays))

    def subscribe(self, names: Iterable[str] = ()) -> Standing:
        """Make what is missing, mend filters, ask mailboxes again that have not agreed.

        What a topic refuses is told in the standing. Raises UnknownNameError, UsageError (the scope
        has no recipients).
        """
        chosen = self.chosen(names)
        if not chosen:
            raise UsageError(
                f"{self._scope.key} has no recipients",
                why="mailboxes and phones are declared in its file",
                hint=f"add notifications.recipients to {self._file}: docs/notifications.md",
            )

        def mend(topic: Topic, one: Recipient, row: RecipientState) -> None:
            if row.state is State.DIFFERS:
                self._call(
                    topic,
                    "set_subscription_attributes",
                    SubscriptionArn=row.subscription,
                    AttributeName="FilterPolicy",
                    AttributeValue=_filter(one),
                )
            elif row.state in (State.MISSING, State.PENDING):
                self._call(
                    topic,
                    "subscribe",
                    TopicArn=topic.arn,
                    Protocol=one.protocol,
                    Endpoint=one.endpoint,
                    Attributes={"FilterPolicy": _filter(one)},
                )

        return self._each(chosen, mend)

    def unsubscribe(self, names: Iterable[str] = (), *, strays: bool = False) -> Standing:
        """Take back the recipients' subscriptions, or those whose recipient is declared no more.

        A mailbox that has not agreed has no subscription yet: AWS forgets it after two days.
        """
        if strays:
            for row in self.standing().strays:
                topic = next(one for one in self._people.topics if one.arn == row.topic)
                self._call(topic, "unsubscribe", SubscriptionArn=row.subscription)
            return self.standing()

        def end(topic: Topic, _one: Recipient, row: RecipientState) -> None:
            if row.subscription:
                self._call(topic, "unsubscribe", SubscriptionArn=row.subscription)

        return self._each(self.chosen(names), end)

    def chosen(self, names: Iterable[str]) -> tuple[Recipient, ...]:
        """The recipients with these names, or all. Raises UnknownNameError."""
        wanted = tuple(names)
        known = {one.name: one for one in self._people.recipients}
        strange = [name for name in wanted if name not in known]
        if strange:
            raise UnknownNameError(
                f"{self._scope.key} has no recipient {strange[0]!r}",
                why=f"{self._file} names {', '.join(known) or 'none'}",
                hint=f"drstate notify list {self._where}",
            )
        return tuple(known[name] for name in dict.fromkeys(wanted)) or self._people.recipients

    @property
    def _file(self) -> str:
        return f"stacks/{self._scope.customer}/{self._scope.environment}.yaml"

    def _each(
        self,
        chosen: tuple[Recipient, ...],
        change: Callable[[Topic, Recipient, RecipientState], None],
    ) -> Standing:
        """Change each row that is known; how it stands then, with what was refused."""
        names = [one.name for one in chosen]
        refused: dict[tuple[str, str], DrstateError] = {}
        topics = {topic.arn: topic for topic in self._people.topics}
        people = {one.name: one for one in chosen}
        for row in self.standing(names).rows:
            try:
                change(topics[row.topic], people[row.recipient], row)
            except DrstateError as error:
                refused[row.topic, row.recipient] = error
        after = self.standing(names)
        rows = tuple(
            row.model_copy(update={"why": refused[key].what, "hint": refused[key].hint})
            if (key := (row.topic, row.recipient)) in refused
            else row
            for row in after.rows
        )
        return after.model_copy(update={"rows": rows})

    def _state(self, topic: Topic, one: Recipient, found: list[_Found]) -> RecipientState:
        mine = [
            row
            for row in found
            if (row.protocol, row.endpoint.lower()) == (one.protocol, one.endpoint.lower())
        ]
        told = RecipientState(
            recipient=one.name, protocol=one.protocol, endpoint=one.endpoint, topic=topic.arn,
            state=State.MISSING, hint=f"drstate notify subscribe {self._where}",
        )  # fmt: skip
        if not mine:
            return told
        if mine[0].pending:
            hint = (
                f"its reader has to follow the link in the mail from AWS; to send that once more: "
                f"{told.hint}"
            )
            return told.model_copy(update={"state": State.PENDING, "hint": hint})
        right = mine[0].names == (one.name,)
        return told.model_copy(
            update={
                "state": State.CONFIRMED if right else State.DIFFERS,
                "subscription": mine[0].arn,
                "why": "" if right else "its filter is another one: it gets what is not for it",
                "hint": "" if right else told.hint,
            }
        )

    def _unknown(self, topic: Topic, one: Recipient, error: DrstateError) -> RecipientState:
        return RecipientState(
            recipient=one.name, protocol=one.protocol, endpoint=one.endpoint, topic=topic.arn,
            state=State.UNKNOWN, why=error.what, hint=_remedy(topic, error),
        )  # fmt: skip

    def _strays(self, topic: Topic, found: list[_Found]) -> Iterator[RecipientState]:
        declared = {(one.protocol, one.endpoint.lower()) for one in self._people.recipients}
        for row in found:
            if row.names and (row.protocol, row.endpoint.lower()) not in declared:
                yield RecipientState(
                    recipient=", ".join(row.names), protocol=row.protocol, endpoint=row.endpoint,
                    topic=topic.arn, state=State.STRAY, subscription=row.arn,
                    why="no recipient of the scope has this address any more",
                    hint=f"drstate notify unsubscribe --strays {self._where}",
                )  # fmt: skip

    def _subscribed(self, topic: Topic) -> Iterator[_Found]:
        caller = self._channel.caller(topic.region)
        rows = caller.pages(
            "sns", "list_subscriptions_by_topic", "Subscriptions",
            account=topic.publisher, region=topic.region, TopicArn=topic.arn,
        )  # fmt: skip
        for row in rows:
            if row["Protocol"] not in ("email", "sms"):
                continue
            arn = str(row["SubscriptionArn"])
            names = None
            if arn.startswith("arn:"):
                told = self._call(topic, "get_subscription_attributes", SubscriptionArn=arn)
                names = _names(told["Attributes"].get("FilterPolicy"))
            yield _Found(arn, str(row["Protocol"]), str(row["Endpoint"]), names)

    def _call(self, topic: Topic, operation: str, **params: Any) -> Any:
        caller: AwsCaller = self._channel.caller(topic.region)
        return caller.call("sns", operation, account=topic.publisher, region=topic.region, **params)


def _remedy(topic: Topic, error: DrstateError) -> str:
    code = error.aws_code if isinstance(error, AwsCallError) else ""
    if code in _ABSENT:
        return (
            f"there is no such topic: aws sns create-topic --name {topic.name} --region "
            f"{topic.region}, or correct notifications.topics in the scope file"
        )
    if code in _DENIED:
        return f"its role lacks: drstate iam policy --for subscriptions --topic {topic.arn}"
    return error.hint


def _filter(one: Recipient) -> str:
    return json.dumps({RECIPIENTS: [one.name]})


def _names(policy: str | None) -> tuple[str, ...] | None:
    """The names in a filter of ours; None for any other."""
    try:
        found = json.loads(policy or "{}")
    except ValueError:
        return None
    if not isinstance(found, dict) or set(found) != {RECIPIENTS}:
        return None
    return tuple(map(str, found[RECIPIENTS]))
