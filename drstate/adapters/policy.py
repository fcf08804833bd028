"""IAM policies made from what is declared: nothing more than is called.

What adapters call and what declaring needs are separate statements, so that an owner can give the
second to a pipeline only. Probes from inside a VPC belong to no technology: what they need is here,
and only in policies of scopes that name a probe function.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from drstate.adapters.base import Adapter
from drstate.adapters.confining import GRANTS as OWN_NETWORK
from drstate.journal.dynamodb_texts import PART as JOURNAL_PARTS
from drstate.model.grant import Grant

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
#: what an execution does with the shared journal; a transaction is allowed by its parts
JOURNAL_ACTIONS = (
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)
#: what 'drstate journal show' asks
JOURNAL_LOOKS = ("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable")
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
    drills: bool = True,
    discovery: Sequence[Grant] = (),
    functions: Iterable[str] = (),
    topics: Iterable[str] = (),
) -> dict[str, Any]:
    """The policy document of a target role.

    ``actions``: what adapters call; ``stacks``: what stack updates need; ``drills``: what drills
    make and remove copies with; ``discovery``: the grants
    of finding resources; ``functions``: names or ARNs of the account's probe functions;
    ``topics``: ARNs of the topics that are told of executions.
    """
    statements = _statements("Discovery", "Run", discovery)
    copies = False
    for adapter in sorted(adapters, key=lambda one: one.technology):
        name = "".join(part.capitalize() for part in adapter.technology.split("-"))
        if actions:
            statements += _statements(name, "Run", adapter.grants)
        if stacks:
            statements += _statements(name, "Declare", adapter.stack_grants)
        if drills:
            statements += _statements(name, "Rehearse", adapter.drill_grants)
            copies = copies or bool(adapter.drill_grants)
    if copies:
        statements += _statements("Drill", "Rehearse", OWN_NETWORK)
    named = tuple(_function_arn(function) for function in functions)
    if named:
        grant = Grant(PROBE_GRANT.why, PROBE_GRANT.actions, named)
        statements += _statements("Probe", "Run", (grant,))
    if told := tuple(topics):
        statements += _statements("Notify", "Run", (notify_grant(told),))
    return {"Version": VERSION, "Statement": statements}


def notify_grant(topics: Sequence[str]) -> Grant:
    """What telling the topics with these ARNs needs."""
    return Grant("tell people of executions", ("sns:Publish",), tuple(topics))


def subscribe_grants(topics: Sequence[str]) -> tuple[Grant, ...]:
    """What ``drstate notify list``, ``subscribe`` and ``unsubscribe`` need; a run needs none."""
    of_topic = ("sns:ListSubscriptionsByTopic", "sns:Subscribe")
    # AWS knows no resource for these: they cannot be confined to a topic
    of_none = ("sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe")
    return (
        Grant("see and make subscriptions of recipients", of_topic, tuple(topics)),
        Grant("mend and take back subscriptions of recipients", of_none, ("*",)),
    )


def lifecycle(action: str) -> bool:
    """Whether a stack calls it only when a source's configuration changes, or on a destroy.

    Such permissions of ``stack_grants`` are needed although no phase calls them on the way.
    """
    return action.partition(":")[2].startswith(_LIFECYCLE)


def own_policy(name: str, grants: Sequence[Grant]) -> dict[str, Any]:
    """The policy document of a role that has nothing but the grants. ``name``: of statements."""
    return {"Version": VERSION, "Statement": _statements(name, "Run", grants)}


def hub_policy(
    role_arns: Sequence[str],
    journal: tuple[str, str] | None = None,
    more: Sequence[Grant] = (),
) -> dict[str, Any]:
    """What whoever runs drstate may do: assume the target roles, and use the shared journal.

    ``journal``: name and region of its table, where there is one. ``more``: what it does besides.
    """
    grant = Grant("assume the target roles", ("sts:AssumeRole",), tuple(role_arns))
    statements = _statements("Hub", "Run", (grant,))
    if journal is not None:
        statements += _journal_statements(*journal)
    statements += _statements("Dispatch", "Run", more)
    return {"Version": VERSION, "Statement": statements}


def _journal_statements(table: str, region: str) -> list[dict[str, Any]]:
    arn = f"arn:aws:dynamodb:{region}:*:table/{table}"
    grants = (
        Grant("use the shared journal", JOURNAL_ACTIONS, (arn, f"{arn}/index/*")),
        Grant("see what protects it", JOURNAL_LOOKS, (arn,)),
        Grant("remove parts of long texts that were replaced", ("dynamodb:DeleteItem",), (arn,)),
    )
    statements = _statements("Journal", "Run", grants)
    # events, executions and leases are never removed
    statements[-1]["Condition"] = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{JOURNAL_PARTS}*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    return statements


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
