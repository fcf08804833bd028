"""The display for people: what the events of an update look like as lines of text.

The Automation API recognises failed programs by these lines, so diagnostics are complete. Events
are kept and rendered at the end; rows of progress are written as they come. It refuses to decide
anything: it only shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drstate.sandbox.engine.contract import Event
from drstate.sandbox.engine.display_values import output_lines

Write = Callable[[str], None]

TITLES = {
    "update": "Updating",
    "preview": "Previewing update",
    "refresh": "Refreshing",
    "destroy": "Destroying",
    "import": "Importing",
}
PREVIEW_TITLES = {
    "update": "Previewing update",
    "preview": "Previewing update",
    "refresh": "Previewing refresh",
    "destroy": "Previewing destroy",
    "import": "Previewing import",
}
_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class _Op:
    """How an operation is written: mark, while it runs, done, planned, and in the summary."""

    mark: str
    doing: str
    done: str
    planned: str
    counted: str = ""


_OPS: Mapping[str, _Op] = {
    "same": _Op("  ", "", "", ""),
    "create": _Op("+ ", "creating", "created", "create", "created"),
    "update": _Op("~ ", "updating", "updated", "update", "updated"),
    "delete": _Op("- ", "deleting", "deleted", "delete", "deleted"),
    "replace": _Op("+-", "replacing", "replaced", "replace", "replaced"),
    "create-replacement": _Op(
        "++", "creating replacement", "created replacement", "create replacement"
    ),
    "delete-replaced": _Op("--", "deleting original", "deleted original", "delete original"),
    "read": _Op("> ", "reading", "read", "read", "read"),
    "read-replacement": _Op(">>", "reading for replacement", "read for replacement", "read"),
    "refresh": _Op("~ ", "refreshing", "refresh", "refresh", "refreshed"),
    "discard": _Op("< ", "discarding", "discarded", "discard"),
    "discard-replaced": _Op("<<", "discarding original", "discarded original", "discard original"),
    "remove-pending-replace": _Op("~ ", "completing", "completed", "complete"),
    "import": _Op("= ", "importing", "imported", "import", "imported"),
    "import-replacement": _Op("=>", "importing replacement", "imported replacement", "import"),
}
_SUMMARY_ORDER = ("create", "update", "delete", "replace", "refresh", "import")
_SUMMARY_PLANNED = {
    "import": "to import", "create": "to create", "update": "to update", "delete": "to delete",
    "replace": "to replace", "refresh": "to refresh", "read": "to read",
}  # fmt: skip


@dataclass
class Display:
    """Collects events of one update and writes lines. Not for several threads at once."""

    kind: str
    dry_run: bool
    stack: str
    project: str
    write: Write
    suppress_outputs: bool = False
    suppress_progress: bool = False
    _diagnostics: dict[str, list[Event]] = field(default_factory=dict)
    _root: Mapping[str, Any] | None = None
    _old_outputs: Mapping[str, Any] | None = None
    _had_root: bool = False
    _errors: dict[str, int] = field(default_factory=dict)
    _summary: Mapping[str, Any] | None = None
    _rows: int = 0

    def begin(self) -> None:
        """The title line."""
        titles = PREVIEW_TITLES if self.dry_run else TITLES
        self.write(f"{titles[self.kind]} ({self.stack}):")

    def take(self, event: Event) -> None:
        """Show one event."""
        if "resourcePreEvent" in event:
            self._pre(event["resourcePreEvent"]["metadata"])
        elif "resOutputsEvent" in event:
            self._done(event["resOutputsEvent"]["metadata"])
        elif "resOpFailedEvent" in event:
            self._failed(event["resOpFailedEvent"]["metadata"])
        elif "diagnosticEvent" in event:
            self._diagnostic(event["diagnosticEvent"])
        elif "summaryEvent" in event:
            self._summary = event["summaryEvent"]

    def end(self, seconds: float) -> None:
        """Diagnostics, outputs, counts and duration. ``seconds``: how long it took."""
        if self._rows == 0:
            self.write("")
        self._write_diagnostics()
        if not self.suppress_outputs:
            self._write_outputs()
        self._write_counts()
        if not self.dry_run:
            self.write("")
            self.write(f"Duration: {max(1, round(seconds))}s")
        self.write("")

    # -- rows -----------------------------------------------------------------------------------
    def _row(self, metadata: Mapping[str, Any], status: str, mark: str | None = None) -> None:
        if self.suppress_progress:
            return
        if self._rows == 0:
            self.write("")
        self._rows += 1
        urn = str(metadata["urn"])
        name = urn.rpartition("::")[2]
        diff = _diff(metadata)
        shown = " ".join(part for part in (status, diff) if part)
        mark = _OPS[metadata["op"]].mark if mark is None else mark
        self.write(f" {mark} {metadata['type']} {name} {shown}".rstrip())

    def _silent(self, metadata: Mapping[str, Any]) -> bool:
        """Unchanged resources, and default providers, have no row."""
        default = str(metadata["type"]).startswith("pulumi:providers:") and str(
            metadata["urn"]
        ).rpartition("::")[2].startswith("default")
        return default or (
            metadata["op"] == "same" and metadata["type"] != _STACK and not _diff(metadata)
        )

    def _remember_root(self, metadata: Mapping[str, Any]) -> None:
        if metadata["type"] != _STACK:
            return
        if metadata["op"] == "delete":
            # a stack that is only deleted has no outputs to tell of
            self._root = {}
            return
        old, new = metadata.get("old") or {}, metadata.get("new") or {}
        if not self._had_root:
            self._old_outputs = None if metadata["op"] == "create" else old.get("outputs") or {}
        self._had_root = True
        self._root = new.get("outputs") or {}

    def _pre(self, metadata: Mapping[str, Any]) -> None:
        if not self.dry_run:
            self._remember_root(metadata)
        if not self._silent(metadata):
            op = _OPS[metadata["op"]]
            if metadata["op"] == "same":
                self._row(metadata, "")
            elif self.dry_run:
                self._row(metadata, op.planned)
            else:
                self._row(metadata, f"{op.doing} (0s)")

    def _done(self, metadata: Mapping[str, Any]) -> None:
        self._remember_root(metadata)
        if self.dry_run or self._silent(metadata) or metadata["op"] == "same":
            return
        self._row(metadata, f"{_OPS[metadata['op']].done} (0.00s)")

    def _failed(self, metadata: Mapping[str, Any]) -> None:
        doing = _OPS[metadata["op"]].doing
        self._row(metadata, f"**{doing} failed**")

    def _diagnostic(self, diagnostic: Mapping[str, Any]) -> None:
        severity = diagnostic.get("severity")
        if severity == "debug" or diagnostic.get("ephemeral"):
            return
        urn = str(diagnostic.get("urn") or "")
        self._diagnostics.setdefault(urn, []).append(dict(diagnostic))
        if severity == "error":
            self._errors[urn] = self._errors.get(urn, 0) + 1

    # -- sections -------------------------------------------------------------------------------
    def _write_diagnostics(self) -> None:
        if not self._diagnostics:
            return
        self.write("Diagnostics:")
        root = f"urn:pulumi:{self.stack}::{self.project}::{_STACK}::{self.project}-{self.stack}"
        for urn, found in self._diagnostics.items():
            parts = (urn or root).split("::")
            kind = parts[-2].rpartition("$")[2] if len(parts) > 2 else _STACK
            self.write(f"  {kind} ({parts[-1]}):")
            for group in _by_stream(found):
                for one in group:
                    text = str(one.get("prefix", "")) + str(one.get("message", "")).rstrip("\n")
                    for line in text.split("\n"):
                        self.write(f"    {line}".rstrip())
                self.write("")

    def _write_outputs(self) -> None:
        if not self._had_root:
            return
        lines = output_lines(self._old_outputs, self._root or {}, preview=self.dry_run)
        if lines:
            self.write("Outputs:")
            for line in lines:
                self.write(line)
            self.write("")

    def _write_counts(self) -> None:
        changes = dict((self._summary or {}).get("resourceChanges") or {})
        self.write("Resources:")
        total, kinds = 0, 0
        for op in _SUMMARY_ORDER:
            count = changes.get(op, 0)
            if not count:
                continue
            words = _SUMMARY_PLANNED[op] if self.dry_run else _OPS[op].counted
            mark = _OPS[op].mark
            self.write(f"    {mark if mark.strip() == mark else mark.strip() + ' '}{count} {words}")
            total, kinds = total + count, kinds + 1
        same = changes.get("same", 0)
        ends = [f"{total} changes"] if kinds > 1 else []
        if same:
            ends.append(f"{same} unchanged")
        if ends:
            self.write("    " + ". ".join(ends))
        if self._errors:
            self.write(f"    {len(self._errors)} errored")


def _by_stream(found: list[Event]) -> list[list[Event]]:
    """What a program printed, each stream by itself, apart from the engine's own messages."""
    groups: dict[str, list[Event]] = {}
    for one in found:
        printed = str(one.get("message", "")).endswith("\n\n") and not one.get("prefix")
        groups.setdefault(str(one.get("severity")) if printed else "", []).append(one)
    return list(groups.values())


def _diff(metadata: Mapping[str, Any]) -> str:
    """``[diff: ~value]``: which properties a step is about."""
    detailed = metadata.get("detailedDiff") or {}
    if metadata["op"] in ("same", "refresh", "create", "delete", "read") and not detailed:
        return ""
    marks: dict[str, list[str]] = {}
    for path, one in sorted(detailed.items()):
        kind = str(one.get("diffKind", "update"))
        mark = "+" if kind.startswith("add") else "-" if kind.startswith("delete") else "~"
        top = path.partition(".")[0].partition("[")[0]
        if top not in marks.setdefault(mark, []):
            marks[mark].append(top)
    if not marks:
        for key in sorted(metadata.get("diffs") or []):
            marks.setdefault("~", []).append(key)
    text = ",".join(f"{mark}{','.join(keys)}" for mark, keys in sorted(marks.items()))
    return f"[diff: {text}]" if text else ""
