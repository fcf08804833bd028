"""state delete, rename, protect and unprotect; cancel.

They edit the state file as it is, without secrets and without a program, under the lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drstate.sandbox.engine import statedit
from drstate.sandbox.engine.checkpoint import encode_state, write_state
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.locks import StackLock, holders, remove_locks
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.session import Session

Edit = Callable[[dict[str, Any]], dict[str, Any]]


def _edit(session: Session, edit: Edit) -> None:
    stack = session.name()
    session.store.require(stack)
    with StackLock(session.layout, stack, session.host):
        if session.store.has_left_overs(stack):
            cipher = session.manager(session.settings(stack))
            session.store.settle(stack, session.state_cipher, cipher)
        state = session.store.require(stack)
        latest = edit(state.latest or {})
        write_state(session.layout, stack, encode_state(stack.qualified, latest))


def delete(session: Session) -> None:
    """Forget a resource without deleting it."""
    parsed = session.parsed
    if parsed.on("all"):
        _edit(session, lambda latest: {**latest, "resources": []})
        session.output.out("Resources deleted")
        return
    urn = _urn(session)
    _edit(
        session,
        lambda latest: statedit.delete_resources(
            latest, urn, force=parsed.on("force"), dependents=parsed.on("target-dependents")
        ),
    )
    session.output.out("Resource deleted")


def rename(session: Session) -> None:
    """Give a resource another name in the state."""
    urn, name = session.parsed.arguments
    _edit(session, lambda latest: statedit.rename_resource(latest, urn, name))
    session.output.out("Resource renamed")


def unprotect(session: Session) -> None:
    """Clear protection."""
    _protection(session, protect=False)


def protect(session: Session) -> None:
    """Set protection."""
    _protection(session, protect=True)


def _protection(session: Session, *, protect: bool) -> None:
    urns = None if session.parsed.on("all") else {_urn(session)}
    changed = 0

    def edit(latest: dict[str, Any]) -> dict[str, Any]:
        nonlocal changed
        new, changed = statedit.protect_resources(latest, urns, protect=protect)
        return new

    _edit(session, edit)
    what = "All" if urns is None else str(changed)
    session.output.out(f"{what} resources {'protected' if protect else 'unprotected'}")


def _urn(session: Session) -> str:
    if not session.parsed.arguments:
        raise FailedCommandError(
            "give the URN of a resource; `pulumi stack --show-urns` lists them"
        )
    return session.parsed.arguments[0]


def cancel(session: Session) -> None:
    """Remove every lock. What a dead holder left half-way is brought into the state file."""
    stack = session.name((session.parsed.arguments or (None,))[0])
    session.store.require(stack)
    dead = _all_dead(session, stack)
    remove_locks(session.layout, stack)
    if dead and session.store.has_left_overs(stack):
        with StackLock(session.layout, stack, session.host):
            cipher = session.manager(session.settings(stack))
            session.store.settle(stack, session.state_cipher, cipher)
    session.output.out(f"The currently running update for '{stack.name}' has been canceled!")


def _all_dead(session: Session, stack: StackName) -> bool:
    try:
        found = holders(session.layout, stack)
    except FailedCommandError:
        return False  # a lock that cannot be read says nothing about its holder
    return all(one.is_dead(session.host) for one in found)
