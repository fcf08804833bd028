"""What the scope file says about waves: whether they overlap, are generated, or depend on results.

Nothing here is on unless the file says so: waves run one after another, in the order of their
numbers, and every resource names its own.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from drstate.model.base import Value

_FIELDS = ("overlap", "generate", "each")
WaveNumber = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}$")]


class WaveRule(Value):
    """What holds for one wave."""

    #: the wave is run only where this expression holds, judged just before it
    when: str | None = Field(default=None, min_length=1, max_length=500)


class Waves(Value):
    """``waves:`` of a scope file. A number is a wave: ``2: {when: …}``."""

    #: a wave starts once everything that its resources depend on has ended, not the wave before it
    overlap: bool = False
    #: resources without dr:wave get one from their dependencies and technology
    generate: bool = False
    each: dict[WaveNumber, WaveRule] = {}

    def when(self, wave: int) -> str | None:
        """The wave's condition, if it has one."""
        rule = self.each.get(str(wave))
        return None if rule is None else rule.when

    @model_validator(mode="before")
    @classmethod
    def _numbered(cls, given: Any) -> Any:
        """Waves stand beside the settings in the file: ``{overlap: true, 2: {when: …}}``."""
        if not isinstance(given, dict):
            return given
        numbers = {str(key): value for key, value in given.items() if str(key).isdecimal()}
        rest = {key: value for key, value in given.items() if not str(key).isdecimal()}
        return {**rest, "each": {**rest.get("each", {}), **numbers}} if numbers else rest
