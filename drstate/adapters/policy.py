"""The IAM policy of a target role, made from the adapters' headers: nothing more than is called.

What the adapters call and what declaring needs are separate statements, so that an owner can give
the second to a pipeline only. Probes from inside a VPC belong to no technology: what they need is
here, and only in policies of scopes that name a probe function.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drstate.adapters.base import Adapter, Grant

VERSION = "2012-10-17"
#: what invoking probe functions needs, where nobody says which functions
PROBE_GRANT = Grant(
    "probe endpoints from inside the VPC",
    ("lambda:InvokeFunction",),
    ("arn:aws:lambda:*:*:function:*",),
)


def policy(
    adapters: Iterable[Adapter], *, stacks: bool = True, functions: Iterable[str] = ()
) -> dict[str, Any]:
    """The policy document. ``stacks=False`` leaves out what only stack updates need.

    ``functions``: names or ARNs of the probe functions in the role's account.
    """
    statements: list[dict[str, Any]] = []
    for adapter in sorted(adapters, key=lambda one: one.technology):
        name = adapter.technology.capitalize()
        statements += _statements(name, "Run", adapter.grants)
        if stacks:
            statements += _statements(name, "Declare", adapter.stack_grants)
    named = tuple(_function_arn(function) for function in functions)
    if named:
        grant = Grant(PROBE_GRANT.why, PROBE_GRANT.actions, named)
        statements += _statements("Probe", "Run", (grant,))
    return {"Version": VERSION, "Statement": statements}


def _function_arn(function: str) -> str:
    return function if function.startswith("arn:") else f"arn:aws:lambda:*:*:function:{function}"


def _statements(technology: str, kind: str, grants: tuple[Grant, ...]) -> list[dict[str, Any]]:
    return [
        {
            "Sid": f"{_plain(technology)}{kind}{number}",
            "Effect": "Allow",
            "Action": sorted(grant.actions),
            "Resource": sorted(grant.resources),
        }
        for number, grant in enumerate(grants, 1)
    ]


def _plain(name: str) -> str:
    # statement ids are letters and digits only
    return "".join(letter for letter in name if letter.isalnum())
