"""Folds the engine's event stream into a ``StackOutcome``: the one account of what happened.

The stream is read instead of the text output and instead of further commands. Events come in any
number and may repeat, so that everything is reduced per URN. This module does no I/O and refuses to
interpret free text beyond handing it on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation.events import (
    DiagnosticEvent,
    EngineEvent,
    OpType,
    StepEventMetadata,
    StepEventStateMetadata,
)

from drstate.engine.propertydiff import is_secret, property_changes
from drstate.model.declared import UNKNOWN, Declared
from drstate.model.stackops import Op, PropertyChange, ResourceOp, StackOutcome

ROOT_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPE = "pulumi:providers:"

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'^ +File "([^"]+)", line (\d+), in (.+)$', re.MULTILINE)
_FOREIGN = re.compile(r"site-packages|[/\\]lib[/\\]python")
#: an engine's own introduction of what the program's host has told already
_UNHANDLED = re.compile(r"^(an unhandled error occurred: )?(python inline source runtime error: )?")
_COLOR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")

_OPS: Mapping[OpType, Op] = {
    OpType.SAME: Op.SAME,
    OpType.CREATE: Op.CREATE,
    OpType.UPDATE: Op.UPDATE,
    OpType.DELETE: Op.DELETE,
    OpType.REPLACE: Op.REPLACE,
    OpType.CREATE_REPLACEMENT: Op.REPLACE,
    OpType.DELETE_REPLACED: Op.DELETE,
    OpType.READ: Op.READ,
    OpType.READ_REPLACEMENT: Op.REPLACE,
    OpType.REFRESH: Op.REFRESH,
    OpType.DISCARD: Op.DISCARD,
    OpType.DISCARD_REPLACED: Op.DISCARD,
    OpType.REMOVE_PENDING_REPLACE: Op.DISCARD,
    OpType.IMPORT: Op.IMPORT,
    OpType.IMPORT_REPLACEMENT: Op.REPLACE,
}
#: ops that say less than any other op of the same resource
_WEAK = frozenset({Op.REFRESH, Op.SAME})
#: the end of a replacement; alone it is the rest of an older one
_TAILS = frozenset({OpType.DELETE_REPLACED, OpType.DISCARD_REPLACED})


@dataclass(frozen=True)
class Progress:
    """Work on one resource of a stack begins (``done`` False) or has ended (``ok`` tells how)."""

    stack: str
    urn: str
    type: str
    name: str
    op: Op
    done: bool
    ok: bool = True


OnProgress = Callable[[Progress], None]


@dataclass
class _Row:
    op: Op
    type: str
    changed: set[str] = field(default_factory=set)
    diff: dict[str, PropertyChange] = field(default_factory=dict)
    protected: bool = False
    tail_only: bool = False
    #: as the program wants it; None: it goes
    wanted: StepEventStateMetadata | None = None


class OutcomeFold:
    """Feed it every event of one operation, then ask for the outcome.

    ``values``: tell what changes to what as well, which only a preview does.
    """

    def __init__(self, stack: str, *, values: bool = False) -> None:
        self._stack = stack
        self._values = values
        self._rows: dict[str, _Row] = {}
        self._errors: dict[str, str] = {}
        self._failed: set[str] = set()
        self._general: list[str] = []
        self._diagnostics: list[str] = []
        self._counts: dict[str, int] = {}
        self._outputs: dict[str, Any] = {}

    def feed(self, event: EngineEvent) -> Progress | None:
        """Take one event in; what it means for a watcher, if anything."""
        if event.resource_pre_event:
            metadata = event.resource_pre_event.metadata
            self._step(metadata)
            return self._progress(metadata, done=False)
        if event.res_outputs_event:
            metadata = event.res_outputs_event.metadata
            self._step(metadata)
            self._keep_outputs(metadata)
            return self._progress(metadata, done=True)
        if event.res_op_failed_event:
            metadata = event.res_op_failed_event.metadata
            self._step(metadata)
            self._failed.add(metadata.urn)
            return self._progress(metadata, done=True, ok=False)
        if event.diagnostic_event:
            self._diagnostic(event.diagnostic_event)
        elif event.summary_event:
            changes = event.summary_event.resource_changes
            self._counts = {_word(op): count for op, count in changes.items()}
        return None

    def outcome(
        self, *, ok: bool, error: str = "", duration_seconds: float, permalink: str = ""
    ) -> StackOutcome:
        """What happened. ``error``: the command's own last word, where events name no cause."""
        errors = dict(self._errors)
        for urn in sorted(self._failed):
            errors.setdefault(urn, "the operation failed; the engine gave no message")
        if not ok and not errors:
            errors[""] = "\n".join(self._general) or error or "the update failed"
        ops = tuple(
            ResourceOp(
                urn=urn,
                type=row.type,
                name=urn_name(urn),
                op=row.op,
                changed=tuple(sorted(row.changed)) if row.op in (Op.UPDATE, Op.REPLACE) else (),
                protected=row.protected,
                diff=tuple(row.diff[path] for path in sorted(row.diff)),
            )
            for urn, row in self._rows.items()
        )
        return StackOutcome(
            stack=self._stack,
            ok=ok,
            ops=ops,
            counts=dict(sorted(self._counts.items())),
            outputs=self._outputs,
            errors=errors,
            diagnostics=tuple(self._diagnostics),
            duration_seconds=round(duration_seconds, 3),
            permalink=permalink,
            declared=self._declared(),
        )

    def _declared(self) -> tuple[Declared, ...]:
        wanted = {urn: row.wanted for urn, row in self._rows.items() if row.wanted is not None}
        regions = {
            urn: str((state.inputs or {}).get("region") or "")
            for urn, state in wanted.items()
            if state.type.startswith(PROVIDER_TYPE)
        }
        return tuple(
            Declared(
                urn=urn,
                type=state.type,
                name=urn_name(urn),
                inputs=state.inputs or {},
                protect=bool(state.protect),
                # a reference to a provider is its URN and its id
                provider_region=regions.get((state.provider or "").rpartition("::")[0]) or None,
            )
            for urn, state in wanted.items()
            if not state.type.startswith("pulumi:")
        )

    def _step(self, metadata: StepEventMetadata) -> None:
        if _is_default_provider(metadata):
            return
        op = _OPS[metadata.op]
        row = self._rows.get(metadata.urn)
        if row is None:
            row = self._rows[metadata.urn] = _Row(op=op, type=metadata.type)
            row.tail_only = metadata.op in _TAILS
        elif not self._says_less(metadata.op, row):
            row.op = op
            row.tail_only = False
        row.changed.update(metadata.detailed_diff or metadata.diffs or ())
        if metadata.new is not None and metadata.op not in _TAILS:
            row.wanted = metadata.new
        if self._values and row.op in (Op.UPDATE, Op.REPLACE):
            row.diff.update(property_changes(metadata))
        states = (metadata.old, metadata.new)
        row.protected = row.protected or any(state and state.protect for state in states)

    @staticmethod
    def _says_less(op: OpType, row: _Row) -> bool:
        """Whether a further step of a resource adds nothing to what its row says already."""
        if row.tail_only:
            return op in _TAILS
        if op in _TAILS or (op is OpType.UPDATE and row.op is Op.IMPORT):
            return True
        return _OPS[op] in _WEAK and row.op not in _WEAK

    def _progress(
        self, metadata: StepEventMetadata, *, done: bool, ok: bool = True
    ) -> Progress | None:
        row = self._rows.get(metadata.urn)
        if row is None or (metadata.type == ROOT_TYPE):
            return None
        return Progress(
            stack=self._stack,
            urn=metadata.urn,
            type=metadata.type,
            name=urn_name(metadata.urn),
            op=row.op,
            done=done,
            ok=ok,
        )

    def _keep_outputs(self, metadata: StepEventMetadata) -> None:
        if metadata.type == ROOT_TYPE and metadata.new and metadata.new.outputs:
            self._outputs = public(metadata.new.outputs)

    def _diagnostic(self, event: DiagnosticEvent) -> None:
        if event.severity not in ("error", "warning") or event.ephemeral:
            return
        text = plain(event.message)
        if not text:
            return
        self._diagnostics.append(f"{event.severity}: {text}")
        if event.severity != "error":
            return
        text = in_short(text)
        urn = event.urn or ""
        if urn and f"::{ROOT_TYPE}::" not in urn:
            before = self._errors.get(urn)
            self._errors[urn] = f"{before}\n{text}" if before else text
        elif text not in self._general:  # a program's exception is told by its host and the engine
            self._general.append(text)


def plain(text: str) -> str:
    """A message without the engine's colour marks."""
    return _COLOR.sub("", text).strip()


def in_short(text: str) -> str:
    """An error without its Python traceback: what was under way, the exception, its place.

    Text without a traceback stays as it is.
    """
    head, mark, trace = text.partition(_TRACEBACK)
    if not mark:
        return text
    # of exceptions that caused each other the first is the cause
    frames, _, _ = trace.partition("\n\n")
    exception = next((line for line in frames.splitlines() if line[:1].strip()), "")
    own = [one for one in _FRAME.findall(frames) if not _FOREIGN.search(one[0])]
    said = _UNHANDLED.sub("", head.strip()).partition("\n")[0]
    said = "" if said in exception else said
    if own and exception:
        file, line, function = own[-1]
        exception += f" (at {file.rpartition('/')[2]}:{line} in {function})"
    return "\n".join(part for part in (said, exception) if part)


def urn_name(urn: str) -> str:
    """The resource's own name: what stands after the type."""
    return urn.split("::", 3)[-1]


def public(value: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs without anything secret; what is not known yet becomes None."""
    return {key: _public(item) for key, item in value.items() if not is_secret(item)}


def _public(value: Any) -> Any:
    if isinstance(value, dict):
        return public(value)
    if isinstance(value, list):
        return [_public(item) for item in value if not is_secret(item)]
    return None if value == UNKNOWN else value


def _is_default_provider(metadata: StepEventMetadata) -> bool:
    # made by the engine on demand, and not counted in its own summary either
    name = urn_name(metadata.urn)
    return metadata.type.startswith(PROVIDER_TYPE) and name.startswith("default")


def _word(op: object) -> str:
    return str(getattr(op, "value", op))
