"""EventBridge: rules that take a moment, what AWS refuses, and global endpoints.

A change of a rule's state is accepted at once and seen a little later, as EventBridge is eventually
consistent. Global endpoints, which moto lacks, are in eventbridge_endpoints. Matching and sending
of events stay moto's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.events.models import EventBus, EventsBackend, Rule
from moto.events.responses import EventsHandler

from . import eventbridge_endpoints, runtime
from .extend import extend
from .modelled import Refusal, checked

SEEN_SECONDS = 2.0
TARGETS_PER_RULE = 5
RULES_PER_BUS = 300

_put_rule = EventsBackend.put_rule
_put_targets = EventsBackend.put_targets
_delete_rule = EventsBackend.delete_rule
_delete_bus = EventsBackend.delete_event_bus
_tagged = EventsBackend.iter_tagged_resources
_describe = Rule.describe
_describe_bus = EventsHandler.describe_event_bus
_create_bus = EventsBackend.create_event_bus


class _Rule:
    def enable(self: Any) -> None:
        """Switch it on; seen in a moment."""
        _switch(self, "ENABLED")

    def disable(self: Any) -> None:
        """Switch it off; seen in a moment."""
        _switch(self, "DISABLED")

    def describe(self: Any) -> dict[str, Any]:
        """With the state that can be seen already."""
        shown: dict[str, Any] = _describe(self)
        shown["State"] = vars(self).get("seen_state") or self.state
        return shown


class _Backend:
    def put_rule(self: Any, name: str, *given: Any, **named: Any) -> Rule:
        """Make or replace a rule. Tags count when it is made; services own some rules."""
        bus = self._get_event_bus(self._normalize_event_bus_arn(named.get("event_bus_arn")))
        old = bus.rules.get(name)
        if old is not None:
            _refuse_managed(old)
            named["tags"] = None
        elif len(bus.rules) >= RULES_PER_BUS:
            raise Refusal(
                "LimitExceededException", "The requested resource exceeds the maximum number."
            )
        made: Rule = _put_rule(self, name, *given, **named)
        if old is not None and old.state != made.state:
            wanted, made.state = made.state, old.state
            _switch(made, wanted)
        return made

    def put_targets(
        self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        """At most five per rule."""
        rule = self.describe_rule(name, event_bus_arn)
        _refuse_managed(rule)
        ids = {one["Id"] for one in rule.targets} | {one["Id"] for one in targets}
        if len(ids) > TARGETS_PER_RULE:
            raise Refusal(
                "LimitExceededException", "The requested resource exceeds the maximum number."
            )
        _put_targets(self, name, event_bus_arn, targets)

    def disable_rule(self: Any, name: str, event_bus_arn: str | None) -> bool:
        """Switch a rule off."""
        rule = self.describe_rule(name, event_bus_arn)
        _refuse_managed(rule)
        rule.disable()
        return True

    def enable_rule(self: Any, name: str, event_bus_arn: str | None) -> bool:
        """Switch a rule on."""
        rule = self.describe_rule(name, event_bus_arn)
        _refuse_managed(rule)
        rule.enable()
        return True

    def delete_rule(self: Any, name: str, event_bus_arn: str | None) -> None:
        """Delete a rule without targets."""
        bus = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn))
        if name in bus.rules:
            _refuse_managed(bus.rules[name])
        _delete_rule(self, name, event_bus_arn)

    def create_event_bus(self: Any, *given: Any, **named: Any) -> EventBus:
        """A bus; the place of its log settings is kept free."""
        made: EventBus = _create_bus(self, *given, **named)
        made.log_config = None
        return made

    def delete_event_bus(self: Any, name: str) -> None:
        """Delete a bus that has no rules."""
        bus = self.event_buses.get(name)
        if bus is not None and bus.rules:
            raise Refusal(
                "ValidationException",
                f"Event bus {name} can't be deleted since it has rules.",
            )
        _delete_bus(self, name)

    def list_tags_for_resource(self: Any, arn: str) -> Any:
        """By the whole ARN: a rule and a bus may have one name."""
        return self.tagger.list_tags_for_resource(_existing(self, arn))

    def tag_resource(self: Any, arn: str, tags: dict[str, str]) -> None:
        """By the whole ARN."""
        given = self.tagger.convert_dict_to_tags_input(tags)
        self.tagger.tag_resource(_existing(self, arn), given)

    def untag_resource(self: Any, arn: str, tag_keys: list[str]) -> None:
        """By the whole ARN."""
        self.tagger.untag_resource_using_names(_existing(self, arn), tag_keys)

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """Buses, and the rules on them."""
        yield from _tagged(self)
        for bus in self.event_buses.values():
            for rule in bus.rules.values():
                yield TaggedResource(
                    arn=rule.arn,
                    tags=self.tagger.get_tag_dict_for_resource(rule.arn),
                    resource_type="events:rule",
                )


class _Responses:
    def update_event_bus(self: Any) -> ActionResult:
        """Change a bus's settings; what is not named is cleared."""
        name = self.params.get("Name") or "default"
        bus = self.events_backend.describe_event_bus(name)
        bus.description = self.params.get("Description")
        bus.kms_key_identifier = self.params.get("KmsKeyIdentifier")
        bus.dead_letter_config = self.params.get("DeadLetterConfig") or None
        return ActionResult({"Arn": bus.arn, "Name": bus.name})


def _switch(rule: Any, state: str) -> None:
    rule.seen_state = vars(rule).get("seen_state") or rule.state
    rule.state = state
    runtime.clock().after(SEEN_SECONDS, partial(_seen, rule))


def _seen(rule: Any) -> None:
    vars(rule).pop("seen_state", None)


def _refuse_managed(rule: Any) -> None:
    if rule.managed_by:
        raise Refusal(
            "ManagedRuleException",
            f"Rule {rule.name} is managed by {rule.managed_by} and can't be changed.",
        )


def _existing(backend: Any, arn: str) -> str:
    for bus in backend.event_buses.values():
        if bus.arn == arn or any(rule.arn == arn for rule in bus.rules.values()):
            return arn
    raise Refusal("ResourceNotFoundException", f"{arn.rpartition(':')[2]} does not exist.")


def install() -> None:
    """Put corrections and additions in place."""
    extend(Rule, _Rule, replaces=frozenset({"enable", "disable", "describe"}))
    extend(
        EventsBackend,
        _Backend,
        replaces=frozenset(name for name in vars(_Backend) if not name.startswith("__")),
    )
    extend(EventsHandler, _Responses)
    eventbridge_endpoints.install()
    checked(EventsHandler)
