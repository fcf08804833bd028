"""No policy of a resource or role lets just anybody in.

Found is every policy document among the inputs, wherever it stands, as text or as an object, and
Lambda's permissions, which are statements without a document. A statement for everybody passes
where a condition narrows it to accounts, an organization, a network or a resource. Whatever only
excludes (NotPrincipal, Deny, negated conditions) narrows nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drstate.model.declared import Declared
from drstate.policy.rule import Rule

_PERMISSION = "aws:lambda/permission:Permission"
#: of a permission, what narrows it
_PERMISSION_LIMITS = ("sourceAccount", "sourceArn", "principalOrgId")
#: condition keys that say who or from where; in lower case, as IAM compares them
_NARROWING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "elasticfilesystem:accessedviamounttarget",
    }
)
#: a condition holds for a request without the key, or for all but some
_LOOSE = ("ifexists", "not", "forallvalues", "null")


def _check(resource: Declared) -> Iterable[str]:
    if resource.type == _PERMISSION:
        limited = any(resource.inputs.get(name) for name in _PERMISSION_LIMITS)
        if resource.inputs.get("principal") == "*" and not limited:
            yield "may be invoked by anybody"
        return
    for place, statement in _statements("", resource.inputs):
        if _open(statement):
            named = statement.get("Sid")
            which = f" (statement {named})" if named else ""
            yield f"lets everybody in: Principal * in {place}{which}"


def _statements(place: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every statement of every policy document in the value, with the path to the document."""
    found = _document(value)
    if isinstance(found, Mapping) and "Statement" in found:
        listed = found["Statement"]
        for one in listed if isinstance(listed, list) else [listed]:
            if isinstance(one, Mapping):
                yield place, one
    elif isinstance(found, Mapping):
        for name, part in found.items():
            yield from _statements(f"{place}.{name}" if place else str(name), part)
    elif isinstance(found, list):
        for number, part in enumerate(found):
            yield from _statements(f"{place}[{number}]", part)


def _document(value: Any) -> Any:
    """A text that holds a document, as the document; anything else as it is."""
    if not isinstance(value, str) or '"Statement"' not in value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _open(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or not _everybody(statement):
        return False
    conditions = statement.get("Condition")
    if not isinstance(conditions, Mapping):
        return True
    return not any(
        _narrows(str(operator), str(key), values)
        for operator, keys in conditions.items()
        if isinstance(keys, Mapping)
        for key, values in keys.items()
    )


def _everybody(statement: Mapping[str, Any]) -> bool:
    # an Allow for all but some is an Allow for everybody
    if "NotPrincipal" in statement:
        return True
    given = statement.get("Principal")
    named = list(given.values()) if isinstance(given, Mapping) else [given]
    return any("*" in (one if isinstance(one, list) else [one]) for one in named if one is not None)


def _narrows(operator: str, key: str, values: Any) -> bool:
    if key.lower() not in _NARROWING or any(word in operator.lower() for word in _LOOSE):
        return False
    listed = values if isinstance(values, list) else [values]
    if operator.lower() == "bool":
        return all(str(one).lower() == "true" for one in listed)
    # a pattern that everything matches is none
    return bool(listed) and all(str(one).strip("*?") for one in listed)


RULE = Rule(
    id="wildcard-trust",
    title="no policy lets just anybody in",
    why="a standby is looked at less often than what serves",
    hint="name the principals, or narrow the statement: aws:PrincipalOrgID, aws:SourceAccount, "
    "aws:SourceArn, aws:SourceVpce",
    check=_check,
)
