"""What was terminated, by which job, and what the job's log says: a fold over events."""

from __future__ import annotations

from collections.abc import Iterable

from drstate.model import events as e
from drstate.model.base import Value
from drstate.model.events import Event


class Terminated(Value):
    """One instance that was to be terminated."""

    resource: str
    #: terminated, nothing there, failed
    status: str
    instance: str = ""
    job: str = ""
    log: tuple[str, ...] = ()
    error: str = ""


def terminated(story: Iterable[Event]) -> tuple[Terminated, ...]:
    """Every instance that the execution's actions terminated or tried to, by resource."""
    found: dict[str, Terminated] = {}
    for event in story:
        match event.payload:
            case e.ActionFinished(action=action, resource=resource, result=result):
                if not action.endswith("#end-drill"):
                    continue
                gone = result.get("terminated")
                known = found.get(resource)
                if gone is None and known is not None and known.instance:
                    continue
                found[resource] = Terminated(
                    resource=resource,
                    status="terminated" if gone else "nothing there",
                    instance=str(gone or ""),
                    job=str(result.get("job") or ""),
                    log=tuple(str(line) for line in result.get("log") or ()),
                )
            case e.ActionFailed(action=action, resource=resource, error=error):
                if action.endswith("#end-drill"):
                    found[resource] = Terminated(
                        resource=resource, status="failed", error=error.what
                    )
            case _:
                pass
    return tuple(found[key] for key in sorted(found))
