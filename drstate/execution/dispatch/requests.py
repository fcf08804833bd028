"""What `aws stepfunctions start-execution --input` may say, read into one value. Pure.

The documents that ordered this show four shapes: names in PascalCase or camelCase, regions as
`PrimaryRegion`/`DRRegion`, as lists `Regions`/`DRRegions`, or not at all, waves as "all" or a
list. All are taken; anything else is refused with field, value and mend, because whoever starts a
recovery this way sees no preview: a word that was not understood must not be passed over.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drstate.errors import ConfigError, PlanRefusedError
from drstate.model.phases import Operation
from drstate.model.scope import Approval, Environment, Scope

#: a reference to an execution that is in the journal already
EXECUTION = "execution"
#: as the documents write them; compared without case
FIELDS = (
    "Customer",
    "Environment",
    "Operation",
    "PrimaryRegion",
    "DRRegion",
    "Regions",
    "DRRegions",
    "ApprovalMode",
    "Waves",
    "Message",
    "Consent",
)
#: as an operation; it is a failover that may lose data, which the input then consents to
EMERGENCY, CONSENT = "emergency", "data-loss"
#: Step Functions and its callers add these; they say nothing to us
_IGNORED = frozenset({"aws_step_functions_started_by_execution_id"})
_EXAMPLE = '{"Customer": "acme", "Environment": "production", "Operation": "failover"}'


@dataclass(frozen=True)
class RunRequest:
    """A wish, understood but not yet held against the scope. Regions are None where left out."""

    customer: str
    environment: Environment
    operation: Operation
    primary: str | None = None
    recovery: str | None = None
    #: None: as the scope's policy says
    approval: Approval | None = None
    #: none: all of them
    waves: tuple[int, ...] = ()
    message: str = ""
    #: a failover of cached inventory by force, for which the input gives the consent
    emergency: bool = False


def referred(given: Any) -> str | None:
    """The execution that the input refers to; None where it is a wish of its own."""
    if isinstance(given, Mapping) and set(given) - _IGNORED == {EXECUTION}:
        return _text(EXECUTION, given[EXECUTION])
    return None


def read_request(given: Any) -> RunRequest:
    """The wish. Raises ConfigError naming field, value and mend."""
    if not isinstance(given, Mapping):
        raise _refused("input", given, "it is one JSON object", f"--input '{_EXAMPLE}'")
    found = _canonical(given)
    emergency = _emergency(found)
    return RunRequest(
        customer=_text("Customer", _needed(found, "Customer")),
        environment=Environment(
            _one_of("Environment", _needed(found, "Environment"), [str(row) for row in Environment])
        ),
        operation=Operation.FAILOVER if emergency else _operation(_needed(found, "Operation")),
        primary=_region(found, "PrimaryRegion", "Regions"),
        recovery=_region(found, "DRRegion", "DRRegions"),
        approval=Approval.AUTOMATIC if emergency else _approval(found),
        waves=_waves(found.get("Waves")),
        message=_text("Message", found["Message"]) if found.get("Message") else "",
        emergency=emergency,
    )


def check_regions(wish: RunRequest, scope: Scope) -> None:
    """Hold the regions against the scope's pair. Raises ConfigError."""
    pair = scope.regions
    for field, value, right in (
        ("PrimaryRegion", wish.primary, pair.primary),
        ("DRRegion", wish.recovery, pair.recovery),
    ):
        if value is None or value == right:
            continue
        why = f"{scope.key} has {pair.primary} as primary and {pair.recovery} as recovery region"
        if value == pair.other(right):
            why += "; a failback does not swap the names, PrimaryRegion stays the original primary"
        raise _refused(field, value, why, f'"{field}": "{right}", or leave the regions out')


def check_direction(wish: RunRequest, scope: Scope, serving: str) -> None:
    """Refuse to go where the scope is already. Raises PlanRefusedError."""
    pair = scope.regions
    away = {Operation.FAILOVER: pair.recovery, Operation.FAILBACK: pair.primary}
    if away.get(wish.operation) != serving:
        return
    other = {Operation.FAILOVER: "failback", Operation.FAILBACK: "failover"}[wish.operation]
    raise PlanRefusedError(
        f"Operation {str(wish.operation)!r}: {scope.key} is served by {serving} already",
        why=f"a {wish.operation} goes to {serving}",
        hint=f'drstate status shows the roles; the way back is "Operation": "{other}"',
    )


def _canonical(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields under the names of ``FIELDS``; unknown and doubled ones are refused."""
    names = {name.lower(): name for name in FIELDS}
    found: dict[str, Any] = {}
    for written, value in given.items():
        if written.lower() in _IGNORED:
            continue
        name = names.get(written.replace("_", "").replace("-", "").lower())
        if name is None:
            near = difflib.get_close_matches(written, FIELDS, n=1)
            raise _refused(
                written,
                value,
                "there is no such field",
                f"did you mean {near[0]}?" if near else f"fields are {', '.join(FIELDS)}",
            )
        if name in found:
            raise _refused(written, value, f"{name} is given twice", "give it once")
        if value is not None:
            found[name] = value
    return found


def _needed(found: Mapping[str, Any], field: str) -> Any:
    if field not in found:
        raise ConfigError(
            f"{field} is missing in the input",
            why="customer, environment and operation are never guessed",
            hint=f"--input '{_EXAMPLE}'",
        )
    return found[field]


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _refused(field, value, "it is a text", f'"{field}": "…"')
    return value.strip()


def _one_of(field: str, value: Any, allowed: list[str]) -> str:
    text = _text(field, value).lower()
    if text not in allowed:
        raise _refused(field, value, "there is no such value", f"one of: {', '.join(allowed)}")
    return text


def _emergency(found: Mapping[str, Any]) -> bool:
    """Whether an emergency is wished for. Its consent to losing data stands in the input itself."""
    value, mend = found.get("Operation"), f'"Consent": "{CONSENT}"'
    if not isinstance(value, str) or value.strip().lower() != EMERGENCY:
        if "Consent" in found:
            why = f"only an {EMERGENCY} is consented to in its input"
            raise _refused("Consent", found["Consent"], why, f'"Operation": "{EMERGENCY}"')
        return False
    if "Consent" not in found:
        raise _refused(
            "Operation",
            value,
            "an emergency may lose what has not been replicated, and nobody is asked on the way",
            f"{mend} in the input consents to that",
        )
    if _text("Consent", found["Consent"]).lower() != CONSENT:
        raise _refused("Consent", found["Consent"], "there is no such consent", mend)
    if _approval(found) is Approval.REQUIRED:
        why = "an emergency stops at no gate: its consent is given at the start"
        raise _refused("ApprovalMode", found["ApprovalMode"], why, "leave it out")
    return True


def _operation(value: Any) -> Operation:
    allowed = [str(row) for row in Operation if row is not Operation.PHASE]
    return Operation(_one_of("Operation", value, [*allowed, EMERGENCY]))


def _region(found: Mapping[str, Any], single: str, several: str) -> str | None:
    named = [_text(single, found[single])] if single in found else []
    if several in found:
        listed = found[several]
        if not isinstance(listed, list) or len(listed) != 1:
            raise _refused(
                several,
                listed,
                "a scope has one primary and one recovery region",
                f'"{several}": ["us-east-1"], with one region',
            )
        named.append(_text(several, listed[0]))
    if len(set(named)) > 1:
        raise _refused(several, found[several], f"{single} says {named[0]}", f"give only {single}")
    return named[0] if named else None


def _approval(found: Mapping[str, Any]) -> Approval | None:
    if "ApprovalMode" not in found:
        return None
    return Approval(_one_of("ApprovalMode", found["ApprovalMode"], [str(row) for row in Approval]))


def _waves(value: Any) -> tuple[int, ...]:
    if value is None or (isinstance(value, str) and value.strip().lower() == "all"):
        return ()
    mend = '"Waves": "all", or a list such as [1, 2]'
    if not isinstance(value, list) or not value:
        raise _refused("Waves", value, "it is neither all nor a list of waves", mend)
    for one in value:
        if isinstance(one, bool) or not isinstance(one, int) or one < 1:
            raise _refused("Waves", value, f"{one!r} is no wave: they are counted from 1", mend)
    return tuple(dict.fromkeys(value))


def _refused(field: str, value: Any, why: str, mend: str) -> ConfigError:
    return ConfigError(f"{field} is {value!r}", why=why, hint=mend)
