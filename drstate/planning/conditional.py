"""Conditional waves: the scope file's expressions, held against the plan that they stand in. Pure.

An expression may read what is before its wave in the same phase, and nothing else; what it names is
looked up here, so that a mistake is refused before anything is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drstate.model.called import Called
from drstate.model.catalog import Catalog
from drstate.model.plan import Stage
from drstate.model.scope import Scope
from drstate.planning.conditions import Condition, named, parse, refused
from drstate.planning.waves import effective_wave


def conditional(
    stages: Sequence[Stage], catalog: Catalog, scope: Scope
) -> tuple[list[Stage], list[str]]:
    """The stages of one phase, with their conditions, and warnings.

    A wave also waits for what it reads. Where that is no part of the plan (waves were chosen, or
    only what is owed is done), the condition is not asked: a person has decided, and is told.
    Raises ConfigError for an expression that cannot be read, or reads what is not before its wave.
    """
    found: list[Stage] = []
    warnings: list[str] = []
    reading = _Reading(catalog)
    for stage in stages:
        text = scope.waves.when(stage.wave) if stage.wave else None
        if text is None:
            found.append(stage)
            continue
        condition = parse(text, wave=stage.wave)
        keys = {one: reading.key(condition, stage, one) for one in condition.resources}
        read = reading.waves(condition, stage, keys)
        here = {row.wave: row.id for row in found if row.wave}
        absent = [wave for wave in read if wave not in here]
        if absent:
            missing = ", ".join(map(str, absent))
            warnings.append(
                f"waves.{stage.wave}.when is not asked in {stage.phase}: wave {missing} is no part "
                "of this plan"
            )
            found.append(stage)
            continue
        needs = stage.needs
        if needs is not None:
            wanted = {*needs, *(here[wave] for wave in read)}
            needs = tuple(row.id for row in found if row.id in wanted)
        update = {"when": named(condition, keys), "needs": needs}
        found.append(stage.model_copy(update=update))
    return found, warnings


class _Reading:
    """What an expression may read: what the catalog recovers in earlier waves."""

    def __init__(self, catalog: Catalog) -> None:
        self._called = Called(entry.resource for entry in catalog.entries)
        self._wave = {entry.key: effective_wave(entry) for entry in catalog.entries}

    def key(self, condition: Condition, stage: Stage, written: str) -> str:
        """The resource that is meant."""
        keys = self._called.keys(written)
        if len(keys) == 1:
            return keys[0]
        similar = self._called.similar(written)
        meant = f"; did you mean {' or '.join(similar)}?" if similar else ""
        fits = f"{written!r} fits {', '.join(keys)}" if keys else f"there is no {written!r}{meant}"
        raise refused(condition, stage.wave, fits)

    def waves(self, condition: Condition, stage: Stage, keys: Mapping[str, str]) -> list[int]:
        """The waves that it reads, all of them before its own."""
        earlier = sorted({wave for wave in self._wave.values() if wave < stage.wave})
        for wave in sorted(condition.waves):
            if wave not in earlier:
                known = ", ".join(f"health.w{one}" for one in earlier) or "none"
                raise refused(
                    condition,
                    stage.wave,
                    f"wave {wave} is not before it; what it may read: {known}",
                )
        for key in keys.values():
            if self._wave[key] >= stage.wave:
                raise refused(condition, stage.wave, f"{key} is in no wave before it")
        return sorted({*condition.waves, *(self._wave[key] for key in keys.values())})


def unused(scope: Scope, catalog_waves: set[int]) -> list[str]:
    """Warnings for conditions of waves that hold nothing."""
    return [
        f"waves.{number}.when: no resource is in wave {number}; the condition is never asked"
        for number in sorted(scope.waves.each, key=int)
        if int(number) not in catalog_waves and scope.waves.when(int(number)) is not None
    ]
