"""What an execution has learnt so far, by resource: for conditions of later waves. A fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drstate.model import events as e
from drstate.model.events import Payload

#: the name of a resource's health among its values
STATUS = "status"


class Facts:
    """Feed payloads in order; ask at any time. The newest value of a name counts."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str | int | float | bool]] = {}
        self._conditions: dict[str, e.ConditionChecked] = {}

    def feed(self, payload: Payload) -> None:
        """Take the next event's payload."""
        match payload:
            case e.HealthChecked(resource=resource, status=status, facts=facts):
                self._keep(resource, {**facts, STATUS: str(status)})
            case e.ActionFinished(resource=resource, result=result):
                self._keep(resource, result)
            case e.ConditionChecked(stage=stage):
                self._conditions[stage] = payload
            case _:
                return

    def of(self, resource: str, name: str) -> str | int | float | bool | None:
        """The newest value of that name, or None where nothing told one."""
        return self._known.get(resource, {}).get(name)

    def condition(self, stage: str) -> e.ConditionChecked | None:
        """How the stage's condition was judged, if it was."""
        return self._conditions.get(stage)

    def _keep(self, resource: str, found: Mapping[str, Any]) -> None:
        plain = {k: v for k, v in found.items() if isinstance(v, str | int | float | bool)}
        if plain:
            self._known.setdefault(resource, {}).update(plain)
