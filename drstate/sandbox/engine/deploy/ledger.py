"""The step log as the deployment writes it, and how it is read back.

A record says what one step changed: ``begin`` (an operation is under way), ``end`` (it is over),
``put`` (resources added or overwritten), ``gone`` (resources removed), ``clear_creates``.
Resources are named by reference: ``b<n>`` is the n-th of the base, ``n<n>`` one that this update
produced. So a record costs what its own resource costs, however large the stack is.

Appends are durable; those of threads that wait for each other become one. Steps that change nothing
but an order wait for the next record that matters. In a preview nothing is written.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from drstate.sandbox.engine.contract import Deployment, StepLog, StepRecord

from .state import State


class Ledger:
    """Writes records. Safe for use from several threads."""

    def __init__(self, log: StepLog, *, preview: bool) -> None:
        self._log = log
        self._preview = preview
        self._waiting: list[StepRecord] = []
        self._guard = threading.Lock()
        self._writer = threading.Lock()
        self._broken: Exception | None = None
        self._written = 0
        self._queued = 0
        self._refs = 0
        self._operations = 0

    def begin(self, kind: str, state: State) -> int:
        """An operation on ``state`` starts (``creating`` …); returns the number that ends it."""
        with self._guard:
            self._operations += 1
            number = self._operations
        entry = {"n": number, "type": kind, "resource": state.to_json()}
        self._write({"begin": entry})
        return number

    def step(
        self,
        *,
        end: int | None = None,
        put: Iterable[State] = (),
        gone: Iterable[State] = (),
        lazy: bool = False,
    ) -> None:
        """What a step changed. ``lazy``: may wait for the next record."""
        record: StepRecord = {}
        if end is not None:
            record["end"] = end
        written = [(self._ref(state), state.to_json()) for state in put]
        if written:
            record["put"] = [list(pair) for pair in written]
        removed = [state.ref for state in gone if state.ref]
        if removed:
            record["gone"] = removed
        if record:
            self._write(record, lazy=lazy)

    def clear_creates(self) -> None:
        """The user says that pending creations of the base did not happen."""
        self._write({"clear_creates": True})

    def flush(self) -> None:
        """Write what waits. Does nothing once a record could not be kept: that has been told."""
        if self._broken is not None:
            return
        with self._guard:
            goal = self._queued
        self._drain(goal)

    def _ref(self, state: State) -> str:
        if not state.ref:
            with self._guard:
                self._refs += 1
                state.ref = f"n{self._refs}"
        return state.ref

    def _write(self, record: StepRecord, *, lazy: bool = False) -> None:
        if self._preview:
            return
        with self._guard:
            self._waiting.append(record)
            self._queued += 1
            mine = self._queued
        if not lazy:
            self._drain(mine)

    def _drain(self, goal: int) -> None:
        if self._preview:
            return
        with self._writer:
            with self._guard:
                if self._written >= goal:
                    return
                if self._broken is not None:  # the record was part of a batch that was not kept
                    raise self._broken
                if not self._waiting:
                    return
                batch, self._waiting = self._waiting, []
            try:
                self._log.append(batch[0] if len(batch) == 1 else {"batch": batch})
            except Exception as error:
                self._broken = error
                raise
            with self._guard:
                self._written += len(batch)


def fold(base: Deployment | None, records: Iterable[StepRecord]) -> Deployment:
    """The deployment after the records. Pure: neither argument is changed."""
    before: Deployment = base or {}
    old = {f"b{n}": item for n, item in enumerate(before.get("resources") or [])}
    kept = list(before.get("pending_operations") or [])
    new: dict[str, Any] = {}
    running: dict[int, Any] = {}
    touched = False
    for record in _flat(records):
        touched = True
        if "begin" in record:
            entry = record["begin"]
            running[entry["n"]] = {"resource": entry["resource"], "type": entry["type"]}
        if record.get("clear_creates"):
            kept = [item for item in kept if item.get("type") != "creating"]
        running.pop(record.get("end", -1), None)
        for ref, resource in record.get("put", ()):
            (old if ref.startswith("b") else new)[ref] = resource
        for ref in record.get("gone", ()):
            (old if ref.startswith("b") else new).pop(ref, None)
    out = {
        key: value
        for key, value in before.items()
        if key not in ("resources", "pending_operations")
    }
    resources = [*new.values(), *old.values()]
    if resources:
        out["resources"] = resources
    if touched:
        # the CLI forgets interrupted operations other than creations with its first write
        kept = [item for item in kept if item.get("type") == "creating"]
    pending = [*running.values(), *kept]
    if pending:
        out["pending_operations"] = pending
    out.setdefault("metadata", {})
    return out


def _flat(records: Iterable[StepRecord]) -> Iterable[StepRecord]:
    for record in records:
        yield from record.get("batch", (record,))
