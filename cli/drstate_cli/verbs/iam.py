"""``drstate iam``: the permissions that drstate's roles need, and no more."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from drstate_cli.options import Common, verb
from drstate_cli.payload import emit, say


class _For(StrEnum):
    """Whose permissions are printed; the names of ``execution.policies.Part``."""

    TARGET = "target"
    ADAPTERS = "adapters"
    PROGRAMS = "programs"
    DRILLS = "drills"
    DISCOVERY = "discovery"
    HUB = "hub"


Technologies = Annotated[
    list[str] | None,
    typer.Option("--technology", help="A technology that the role is for. Repeatable."),
]
Everything = Annotated[bool, typer.Option("--all", help="Every technology.")]
For = Annotated[
    _For,
    typer.Option(
        "--for",
        help="target: the role in an account. adapters: without stacks, all that an emergency "
        "needs. programs: what only stack updates need. drills: what drills need besides. "
        "discovery. hub: whoever runs drstate.",
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role-arn", help="With --for hub: a role that may be assumed. Repeatable."),
]
Functions = Annotated[
    list[str] | None,
    typer.Option("--probe-function", help="A probe function in the account. Repeatable."),
]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", help="ARN of a topic that is told of executions. Repeatable."),
]
Split = Annotated[
    bool,
    typer.Option("--split", help="Several documents, each within the size of a managed policy."),
]


app = typer.Typer(
    help="Permissions that drstate's roles need.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def iam() -> None:
    """Permissions that drstate's roles need."""


@app.command("policy")
@verb
def policy(
    common: Common,
    technology: Technologies = None,
    everything: Everything = False,
    whose: For = _For.TARGET,
    role_arn: Roles = None,
    probe_function: Functions = None,
    topic: Topics = None,
    split: Split = False,
) -> None:
    """Print a least-privilege policy. Made from what adapters and programs declare."""
    from drstate.adapters.policy import MANAGED_LIMIT, size
    from drstate.adapters.policy import split as parted
    from drstate.errors import UsageError
    from drstate.execution.policies import Part, policy_of
    from drstate.journal.address import chosen

    of_technologies = whose not in (_For.DISCOVERY, _For.HUB)
    if of_technologies and bool(technology) == everything:
        raise UsageError(
            "give either --technology or --all",
            why="a role gets the permissions of the technologies that it recovers, no more",
            hint="drstate technologies lists them; drstate iam policy --technology aurora",
        )
    document = policy_of(
        Part(whose.value),
        technology or (),
        role_arns=role_arn or (),
        functions=probe_function or (),
        topics=topic or (),
        journal=chosen(common.cwd, sandbox=common.sandbox, asked=common.journal),
    )
    documents = parted(document) if split else [document]
    longest = max(size(one) for one in documents)
    if longest > MANAGED_LIMIT:
        say(
            f"note: {longest} characters; a managed policy holds {MANAGED_LIMIT}: "
            "add --split for several"
        )
    emit(
        common,
        "drstate.iam-policy/1",
        {"for": whose.value, "policies": documents},
        lambda: json.dumps(documents if split else document, indent=2),
    )
