"""Engine events, as the CLI's JSON event log has them.

Builds and sends them in order from any thread, masks secrets, and counts what the summary reports.
Sequence numbers and timestamps are the front's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drstate.sandbox.engine.contract import SIG_KEY, SIG_SECRET, Event

from .masks import MASK
from .state import State
from .steps import Step
from .urns import is_default_provider
from .values import is_plain, is_secret, reveal

#: shorter secrets would mask half of every text
SHORTEST_SECRET = 3
#: what a state in an event says only when it is set
_OPTIONAL = (
    ("custom", "custom"),
    ("delete", "delete"),
    ("protect", "protect"),
    ("external", "external"),
    ("retain_on_delete", "retainOnDelete"),
    ("init_errors", "initErrors"),
)


class Events:
    """The one way events leave the deployment half."""

    def __init__(
        self,
        emit: Callable[[Event], None],
        *,
        preview: bool,
        show_secrets: bool,
        hidden: Iterable[str],
    ) -> None:
        """``hidden``: plain texts that must not be shown wherever they appear."""
        self._emit = emit
        self._preview = preview
        self._show = show_secrets
        self._hidden = sorted(
            {text for text in hidden if len(text) >= SHORTEST_SECRET}, key=len, reverse=True
        )
        self._lock = threading.Lock()
        self.changes: dict[str, int] = {}
        self.maybe_corrupt = False

    # -- steps -----------------------------------------------------------------------------------
    def before(self, step: Step) -> None:
        """A step starts."""
        self._send_step("resourcePreEvent", self._metadata(step), {})

    def after(self, step: Step, op: str | None = None) -> None:
        """A step is done, or a component's outputs are known."""
        self._send_step("resOutputsEvent", self._metadata(step, op), {})

    def failed(self, step: Step, status: int) -> None:
        """A step failed; ``status`` says what is known of the resource."""
        more = {"status": status, "steps": sum(self.changes.values())}
        self._send_step("resOpFailedEvent", self._metadata(step), more)

    def count(self, step: Step, op: str | None = None) -> None:
        """Count a step that was carried out. Default providers and helper steps do not count."""
        if step.logical and not is_default_provider(step.urn):
            with self._lock:
                name = op or step.op
                self.changes[name] = self.changes.get(name, 0) + 1

    def count_as(self, urn: str, op: str) -> None:
        """Count what a refresh found."""
        if not is_default_provider(urn):
            with self._lock:
                self.changes[op] = self.changes.get(op, 0) + 1

    def _send_step(self, kind: str, metadata: dict[str, Any], more: dict[str, Any]) -> None:
        body: dict[str, Any] = {"metadata": metadata, **more}
        if self._preview:
            body["planning"] = True
        self._send({kind: body})

    def _metadata(self, step: Step, op: str | None = None) -> dict[str, Any]:
        out: dict[str, Any] = {
            "op": op or step.op,
            "urn": step.urn,
            "type": step.type,
            "old": self._state(step.old),
            "new": self._state(step.new),
            "detailedDiff": step.detailed,
            "provider": step.provider,
        }
        if step.keys:
            out["keys"] = list(step.keys)
        if step.diffs:
            out["diffs"] = list(step.diffs)
        if step.logical:
            out["logical"] = True
        return out

    def _state(self, state: State | None) -> dict[str, Any] | None:
        if state is None:
            return None
        out: dict[str, Any] = {
            "type": state.type,
            "urn": state.urn,
            "id": state.id,
            "parent": state.parent,
            "inputs": self._shown(state.inputs),
            "outputs": self._shown(state.outputs),
            "provider": state.provider,
        }
        for name, key in _OPTIONAL:
            value = getattr(state, name)
            if value:
                out[key] = value
        return out

    # -- everything else -------------------------------------------------------------------------
    def prelude(self, config: Mapping[str, str]) -> None:
        """The first event of an update."""
        self._send({"preludeEvent": {"config": dict(config)}})

    def diagnostic(self, severity: str, message: str, urn: str = "") -> None:
        """A message for people. ``severity``: debug, info, warning or error."""
        body: dict[str, Any] = {"message": self._text(message) + "\n", "color": "never"}
        if severity != "info":
            body["prefix"] = f"{severity}: "
        body["severity"] = severity
        if urn:
            body["urn"] = urn
        self._send({"diagnosticEvent": body})

    def error(self, message: str, urn: str = "") -> None:
        """An error that ends something."""
        self.diagnostic("error", message, urn)

    def summary(self, *, failed: bool, seconds: int) -> None:
        """The totals, and the event that closes the stream."""
        body = {
            "maybeCorrupt": self.maybe_corrupt,
            "durationSeconds": seconds,
            "resourceChanges": dict(self.changes),
            "PolicyPacks": {},
            "isPreview": self._preview,
            "result": "failed" if failed else "succeeded",
        }
        self._send({"summaryEvent": body})
        self._send({"cancelEvent": {}})

    def _send(self, event: Event) -> None:
        with self._lock:
            self._emit(event)

    # -- masking ---------------------------------------------------------------------------------
    def _shown(self, value: Any) -> Any:
        if not self._hidden and is_plain(value):
            return value
        if isinstance(value, dict):
            if is_secret(value):
                if self._show:
                    plain = json.dumps(reveal(value), separators=(",", ":"), ensure_ascii=False)
                    return {SIG_KEY: SIG_SECRET, "plaintext": plain}
                return {SIG_KEY: SIG_SECRET, "ciphertext": MASK}
            return {key: self._shown(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._shown(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if not self._show:
            for hidden in self._hidden:
                text = text.replace(hidden, MASK)
        return text
