"""The IAM policy of a target role, made from the adapters' headers: nothing more than is called.

What the adapters call and what declaring needs are separate statements, so that an owner can give
the second to a pipeline only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drstate.adapters.base import Adapter, Grant

VERSION = "2012-10-17"


def policy(adapters: Iterable[Adapter], *, stacks: bool = True) -> dict[str, Any]:
    """The policy document. ``stacks=False`` leaves out what only stack updates need."""
    statements: list[dict[str, Any]] = []
    for adapter in sorted(adapters, key=lambda one: one.technology):
        name = adapter.technology.capitalize()
        statements += _statements(name, "Run", adapter.grants)
        if stacks:
            statements += _statements(name, "Declare", adapter.stack_grants)
    return {"Version": VERSION, "Statement": statements}


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
