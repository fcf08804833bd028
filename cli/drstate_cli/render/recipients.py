"""Topics, recipients and trials as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drstate_cli.render.words import remedy, table

if TYPE_CHECKING:
    from drstate.model.notify import Recipient
    from drstate.model.scope import Scope
    from drstate.report.recipients import Standing, Trial


def listed(found: Iterable[tuple[Scope, Standing]]) -> str:
    """A block a scope."""
    blocks = ["\n".join(_scope(scope, one)) for scope, one in found]
    return "\n\n".join(blocks) or "the project has no scopes"


def _scope(scope: Scope, one: Standing) -> list[str]:
    people = scope.notifications
    if not people.topics:
        file = f"stacks/{scope.customer}/{scope.environment}.yaml"
        return [f"{one.scope}: nobody is told", f"  help: add notifications.topics to {file}"]
    lines = [f"{one.scope}"]
    lines += [
        f"  topic {topic.name} in {topic.region}: {_wants(topic.events, topic.severity)}"
        + (", with tokens of gates" if topic.tokens else "")
        for topic in people.topics
    ]
    if one.rows:
        head = ("recipient", "by", "address", "how often", "topic", "state")
        how = {recipient.name: _often(recipient) for recipient in people.recipients}
        rows = [
            (row.recipient, row.protocol, row.endpoint, how.get(row.recipient, ""),
             _place(row.topic), str(row.state))
            for row in one.rows
        ]  # fmt: skip
        lines += ["", *table([head, *rows], indent="  ")]
    for rule in people.rules:
        more = [_wants(rule.events, rule.severity)]
        more += [f"priority {' or '.join(rule.priorities)}"] if rule.priorities else []
        more += [f"wave {' or '.join(map(str, rule.waves))}"] if rule.waves else []
        more += [] if rule.drills else ["no drills"]
        lines.append(f"  rule: {', '.join(rule.to)} get {'; '.join(more)}")
    # the same of several is told once
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for row in (*one.rows, *one.strays):
        if row.hint:
            alike.setdefault((row.state, row.topic, row.why, row.hint), []).append(row.recipient)
    for (state, topic, reason, hint), names in alike.items():
        why = f": {reason}" if reason else ""
        lines += ["", f"{state} at {_place(topic)}: {', '.join(names)}{why}", *remedy("", hint)]
    if one.trials:
        lines += ["", "last trials:", *(f"  {line}" for line in map(trial_line, one.trials[:5]))]
    return lines


def tried(trials: Iterable[Trial]) -> str:
    """What became of trials, with what helps."""
    lines = []
    for row in trials:
        lines.append(trial_line(row))
        lines += remedy("", row.hint) if row.hint else []
    return "\n".join(lines)


def trial_line(row: Trial) -> str:
    """What became of one message."""
    whom = ", ".join(row.recipients) or "whoever reads all of it"
    when = f"{row.at:%Y-%m-%d %H:%M:%S}"
    if row.message:
        return f"{when}  {_place(row.topic)} took it in {row.seconds:.1f} s, for {whom}"
    return f"{when}  {_place(row.topic)} did not take it, for {whom}: {row.why}"


def _place(topic: str) -> str:
    parts = topic.split(":")
    return f"{parts[5]} in {parts[3]}"


def _wants(events: Iterable[str], severity: str) -> str:
    what = ", ".join(events) or "every event"
    return what if severity == "info" else f"{what}, from {severity} on"


def _often(one: Recipient) -> str:
    if one.digest_minutes is not None:
        return f"digest, {one.digest_minutes} min"
    if one.at_most is not None:
        return f"{one.at_most} in {one.per_minutes} min"
    return "at once"
