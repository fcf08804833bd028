"""The shape of ``drstate stack ls``, ``drstate.stacks/1``: the state of every stack. Values."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from drstate.model.base import Value


class StackRow(Value):
    """One stack. What its tags do not say is read from its name; the rest is None or empty."""

    stack: str
    scope: str = ""
    customer: str = ""
    environment: str = ""
    account: str = ""
    #: the site's region, or ``global``
    region: str = ""
    #: primary, recovery or global: what the region is for by contract
    role: str = ""
    group: str = ""
    wave: str = ""
    #: the site state that its last good update left
    site_state: str = ""
    technologies: tuple[str, ...] = ()
    #: a drill's id; empty: it is a live one
    drill: str = ""
    #: None: not known
    resources: int | None = None
    last_update: datetime | None = None
    #: succeeded, failed, in-progress; empty: never updated
    result: str = ""
    #: update, destroy, refresh, …
    kind: str = ""
    message: str = ""
    #: drstate's execution and stage of the last update; empty: it was somebody else's
    execution: str = ""
    stage: str = ""
    permalink: str = ""
    #: operations that were begun and have no end; None: not asked, because all went well
    pending_operations: int | None = None
    #: who works on it now: ``user@host, process 12``
    locked_by: str = ""
    #: why some of it could not be read
    problem: str = ""


class StackList(Value):
    """All of them, by name."""

    schema_: str = Field(default="drstate.stacks/1", alias="schema")
    backend: str
    #: of an emulated AWS
    sandbox: bool = False
    stacks: tuple[StackRow, ...]
