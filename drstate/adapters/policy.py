"""IAM policies made from what is declared: nothing more than is called.

What adapters call and what declaring needs are separate statements, so that an owner can give the
second to a pipeline only. Probes from inside a VPC belong to no technology: what they need is here,
and only in policies of scopes that name a probe function.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from drstate.adapters.base import Adapter, Grant

VERSION = "2012-10-17"
#: characters of a customer managed policy, without white space
MANAGED_LIMIT = 6144
_LIFECYCLE = (
    "Delete",
    "Deregister",
    "Remove",
    "Untag",
    "Tag",
    "Add",
    "Modify",
    "Update",
    "Put",
    "Set",
    "Terminate",
    "Revoke",
    "Detach",
    "Disable",
    "Reset",
    "Change",
    "List",
)
#: what invoking probe functions needs, where nobody says which functions
PROBE_GRANT = Grant(
    "probe endpoints from inside the VPC",
    ("lambda:InvokeFunction",),
    ("arn:aws:lambda:*:*:function:*",),
)


def policy(
    adapters: Iterable[Adapter],
    *,
    actions: bool = True,
    stacks: bool = True,
    discovery: Sequence[Grant] = (),
    functions: Iterable[str] = (),
) -> dict[str, Any]:
    """The policy document of a target role.

    ``actions``: what adapters call; ``stacks``: what stack updates need; ``discovery``: the grants
    of finding resources; ``functions``: names or ARNs of the account's probe functions.
    """
    statements = _statements("Discovery", "Run", discovery)
    for adapter in sorted(adapters, key=lambda one: one.technology):
        name = "".join(part.capitalize() for part in adapter.technology.split("-"))
        if actions:
            statements += _statements(name, "Run", adapter.grants)
        if stacks:
            statements += _statements(name, "Declare", adapter.stack_grants)
    named = tuple(_function_arn(function) for function in functions)
    if named:
        grant = Grant(PROBE_GRANT.why, PROBE_GRANT.actions, named)
        statements += _statements("Probe", "Run", (grant,))
    return {"Version": VERSION, "Statement": statements}


def lifecycle(action: str) -> bool:
    """Whether a stack calls it only when a source's configuration changes, or on a destroy.

    Such permissions of ``stack_grants`` are needed although no phase calls them on the way.
    """
    return action.partition(":")[2].startswith(_LIFECYCLE)


def hub_policy(role_arns: Sequence[str]) -> dict[str, Any]:
    """What whoever runs drstate may do: assume the target roles, nothing else."""
    grant = Grant("assume the target roles", ("sts:AssumeRole",), tuple(role_arns))
    return {"Version": VERSION, "Statement": _statements("Hub", "Run", (grant,))}


def size(document: dict[str, Any]) -> int:
    """Characters that count for IAM's limits."""
    return len(json.dumps(document, separators=(",", ":")))


def split(document: dict[str, Any], limit: int = MANAGED_LIMIT) -> list[dict[str, Any]]:
    """The document as several, each within ``limit``, in the order of its statements."""
    made: list[dict[str, Any]] = []
    for statement in document["Statement"]:
        for part in _parts(statement, limit):
            if made and size({**made[-1], "Statement": [*made[-1]["Statement"], part]}) <= limit:
                made[-1]["Statement"].append(part)
            else:
                made.append({"Version": VERSION, "Statement": [part]})
    return made


def _parts(statement: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """A statement that is too long by itself, as several with a part of its actions each."""
    if size({"Version": VERSION, "Statement": [statement]}) <= limit:
        return [statement]
    actions = statement["Action"]
    half = len(actions) // 2
    if not half:
        return [statement]
    return [
        part
        for suffix, some in (("A", actions[:half]), ("B", actions[half:]))
        for part in _parts(
            {**statement, "Sid": f"{statement['Sid']}{suffix}", "Action": some}, limit
        )
    ]


def _function_arn(function: str) -> str:
    return function if function.startswith("arn:") else f"arn:aws:lambda:*:*:function:{function}"


def _statements(technology: str, kind: str, grants: Sequence[Grant]) -> list[dict[str, Any]]:
    return [
        {
            "Sid": f"{_plain(technology)}{kind}{number}",
            "Effect": "Allow",
            "Action": sorted(set(grant.actions)),
            "Resource": sorted(grant.resources),
        }
        for number, grant in enumerate(grants, 1)
    ]


def _plain(name: str) -> str:
    # statement ids are letters and digits only
    return "".join(letter for letter in name if letter.isalnum())
