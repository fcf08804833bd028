"""Which scopes a changed file concerns, and why. Pure.

A file of a scope concerns that scope, one of a customer all of its scopes. What every plan is made
with (programs, adapters, policies, the project file, pinned versions) concerns all. Files that no
plan reads (documents, tests) concern none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from drstate.model.names import slug
from drstate.model.places import STACKS
from drstate.model.scope import Customer, Environment, ScopeKey

_CUSTOMER: TypeAdapter[str] = TypeAdapter(Customer)
#: names at the head of a path -> what the file is
_EVERYWHERE: Mapping[str, str] = {
    "Pulumi.yaml": "the project file concerns every scope",
    "drstate.yaml": "the project file concerns every scope",
    "programs": "programs concern every scope",
    "adapters": "adapters concern every scope",
    "policy": "policies concern every scope",
    "policies": "policies concern every scope",
    "manifests": "manifests concern every scope",
    "drstate": "every plan is made with it",
    "pyproject.toml": "versions of what plans are made with concern every scope",
    "uv.lock": "versions of what plans are made with concern every scope",
    "poetry.lock": "versions of what plans are made with concern every scope",
}
_PINS = re.compile(r"(requirements|constraints)([-./].*)?(\.txt|\.in)")
#: of drstate's own source: what only shows or rehearses
_IDLE = ("drstate/sandbox/", "drstate/report/")
_STACK_SETTINGS = re.compile(r"Pulumi\.(.+)\.ya?ml")


def touched(
    paths: Iterable[str], known: Sequence[ScopeKey]
) -> dict[ScopeKey, tuple[tuple[str, str], ...]]:
    """Scope -> the paths that concern it, each with why; only scopes that a path concerns.

    ``known``: the scopes that have a file now. A scope whose file is gone is among the result.
    """
    found: dict[ScopeKey, list[tuple[str, str]]] = {}
    for path in paths:
        scopes, why = _concerned(path, known)
        for scope in scopes:
            found.setdefault(scope, []).append((path, why))
    return {scope: tuple(found[scope]) for scope in sorted(found, key=str)}


def _concerned(path: str, known: Sequence[ScopeKey]) -> tuple[Sequence[ScopeKey], str]:
    parts = PurePosixPath(path).parts
    if path.endswith(".md"):
        return (), ""
    if parts and parts[0] == STACKS:
        return _in_stacks(parts[1:], known)
    if path.startswith(_IDLE):
        return (), ""
    why = _EVERYWHERE.get(parts[0]) if parts else None
    if why is None and _PINS.fullmatch(path):
        why = _EVERYWHERE["pyproject.toml"]
    return (known, why) if why is not None else ((), "")


def _in_stacks(parts: Sequence[str], known: Sequence[ScopeKey]) -> tuple[Sequence[ScopeKey], str]:
    if len(parts) == 2 and parts[1].endswith(".yaml"):
        scope = _scope(parts[0], parts[1].removesuffix(".yaml"))
        if scope is not None:
            gone = "" if scope in known else ", and is gone"
            return (scope,), f"it describes the scope{gone}"
    stack = _stack(parts)
    if stack is not None:
        own = [one for one in known if stack.startswith(f"{slug(one.customer)}.{one.environment}.")]
        return own, "it belongs to a stack of the scope"
    customers = [one for one in known if len(parts) > 1 and one.customer == parts[0]]
    if customers:
        return customers, "it is the customer's"
    return known, "every stack is made with it"


def _stack(parts: Sequence[str]) -> str | None:
    """The stack whose settings, or what was planned for it, the file holds."""
    if len(parts) == 1 and (found := _STACK_SETTINGS.fullmatch(parts[0])):
        return found.group(1)
    if len(parts) == 2 and parts[0] == "planned" and parts[1].endswith(".json"):
        return parts[1].removesuffix(".json")
    return None


def _scope(customer: str, environment: str) -> ScopeKey | None:
    try:
        _CUSTOMER.validate_python(customer)
        return ScopeKey(customer=customer, environment=Environment(environment))
    except (ValidationError, ValueError):
        return None
