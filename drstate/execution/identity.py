"""Who acts, and who began an execution: for the journal, and for the separation of duties.

Nothing waits for it longer than two seconds, and nothing fails for it: without an AWS identity the
operating system's name stands, with the reason. Reading verbs never ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drstate.model import events as e
from drstate.model.actor import Actor

if TYPE_CHECKING:
    from drstate.execution.services import Services
    from drstate.journal.port import ExecutionHeader
    from drstate.model.scope import ScopeKey

#: what a pipeline says of who set it off, the first that is there; told, never believed
LABELS = ("DRSTATE_OPERATOR", "GITHUB_ACTOR")


def actor_of(name: str, region: str, *, sandbox: bool, env: Mapping[str, str]) -> Actor:
    """The actor of this process; STS is asked in ``region``, for two seconds at most."""
    from drstate.aws.identity import caller_arn  # noqa: PLC0415 it loads botocore

    arn, note = caller_arn(region)
    return Actor(
        name=name,
        arn=arn,
        label=label_of(env),
        note=note,
        # the emulated AWS gives everybody the keys of one user
        shared=sandbox and ":user/" in arn,
    )


def label_of(env: Mapping[str, str]) -> str:
    """Whom the pipeline names; empty outside of one."""
    if not env.get("CI"):
        return ""
    return next((env[name] for name in LABELS if env.get(name)), "")


def acting(services: Services, scope: ScopeKey) -> Actor:
    """Who acts on the scope from this process; asked of STS in its recovery region."""
    catalog = services.journal.load_catalog(scope)
    if catalog is not None:
        return services.actor(catalog.recovery)
    known = services.scope(scope.customer, str(scope.environment))
    return services.actor(known.regions.recovery)


def starter_of(services: Services, header: ExecutionHeader) -> Actor:
    """Who began the execution; of an older journal, or one begun from outside, the name alone."""
    story = services.journal.events(
        header.execution, kinds=("execution_created", "execution_planned")
    )
    for event in story:
        row = event.payload
        if isinstance(row, (e.ExecutionCreated, e.ExecutionPlanned)) and row.actor is not None:
            return row.actor
    return Actor(name=header.operator)
