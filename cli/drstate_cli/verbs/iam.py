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
    WORKER = "worker"
    DISPATCHER = "dispatcher"
    DEPLOYER = "deployer"
    NOTIFICATIONS = "notifications"
    SUBSCRIPTIONS = "subscriptions"

    @property
    def of_technologies(self) -> bool:
        """Whether it differs from technology to technology."""
        return self in (_For.TARGET, _For.ADAPTERS, _For.PROGRAMS, _For.DRILLS)


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
        "discovery. hub: whoever runs drstate. worker, dispatcher, deployer: of the distributed "
        "engine. notifications: a role that only tells topics. subscriptions: who subscribes "
        "recipients.",
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role-arn",
        help="With --for hub, worker, dispatcher: a role that may be assumed. Repeatable.",
    ),
]
DispatchRegion = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="With --for worker, dispatcher, deployer: where queue and state machines are.",
        show_default="any",
    ),
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
GitHub = Annotated[
    str,
    typer.Option(
        "--github",
        metavar="OWNER/REPO",
        help="The repository. OWNER@ID/REPO@ID where its tokens name the ids.",
    ),
]
GitHubEnvironments = Annotated[
    list[str],
    typer.Option(
        # its variable is named after the first: DRSTATE_ENVIRONMENT names a scope's
        "--github-environment",
        "--environment",
        metavar="NAME",
        help="GitHub Environment whose jobs may take on the role. Repeatable.",
    ),
]
AccountOption = Annotated[
    str, typer.Option("--account", metavar="ID", help="The account of the role.")
]
IssuerOption = Annotated[
    str | None,
    typer.Option(
        "--issuer",
        metavar="URL",
        help="Who signs the tokens, for an Enterprise server.",
        show_default="GitHub",
    ),
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
    region: DispatchRegion = None,
    split: Split = False,
) -> None:
    """Print a least-privilege policy. Made from what adapters and programs declare."""
    from drstate.adapters.policy import MANAGED_LIMIT, size
    from drstate.adapters.policy import split as parted
    from drstate.errors import UsageError
    from drstate.execution.policies import Part, policy_of
    from drstate.journal.address import chosen

    if whose.of_technologies and bool(technology) == everything:
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
        region=region or "*",
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


@app.command("trust")
@verb
def trust(
    common: Common,
    github: GitHub,
    environment: GitHubEnvironments,
    account: AccountOption,
    issuer: IssuerOption = None,
) -> None:
    """Print the trust policy of a role for GitHub Actions. OIDC, no key that lasts."""
    from drstate.ci.trust import AUDIENCE, ISSUER, github_trust, has_ids

    url = issuer or ISSUER
    document = github_trust(github, environment, account, issuer=url)
    say(
        "note: the account needs the provider once: aws iam create-open-id-connect-provider "
        f"--url {url} --client-id-list {AUDIENCE}"
    )
    if url == ISSUER and not has_ids(github):
        say(
            "note: tokens of repositories made or renamed after July 2026 name ids as well; print "
            f"yours with: gh api repos/{github} "
            "--jq '\"\\(.owner.login)@\\(.owner.id)/\\(.name)@\\(.id)\"'"
        )
    emit(
        common,
        "drstate.iam-trust/1",
        {"policy": document},
        lambda: json.dumps(document, indent=2),
    )
