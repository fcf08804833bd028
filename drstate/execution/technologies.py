"""What can be recovered, and what each phase does for it: read from the code, nowhere else written.

The words of a phase are the first line of the adapter's method for it; what is declared is what the
program's ownership tables name.
"""

from __future__ import annotations

import inspect

from drstate.adapters.base import Adapter
from drstate.adapters.registry import load_adapters
from drstate.model.base import Value
from drstate.model.phases import Phase
from drstate.programs.registry import program_for


class TechnologyRow(Value):
    """One technology. ``phases``: phase -> what its actions do; ``deviations``: check -> why."""

    technology: str
    summary: str
    #: Resource Explorer's types; empty where the scope file names the resources
    finds: tuple[str, ...]
    services: tuple[str, ...]
    #: type tokens of what stacks declare
    declares: tuple[str, ...]
    phases: dict[str, str]
    permissions: tuple[str, ...]
    limits: dict[str, int]
    deviations: dict[str, str]


def matrix() -> list[TechnologyRow]:
    """Every technology, in the registry's order, packages' last."""
    return [_row(adapter) for adapter in load_adapters()]


def told(adapter: Adapter, phase: Phase) -> str:
    """What the phase does, in one sentence: the summary line of the adapter's method."""
    method = getattr(type(adapter), str(phase))
    if method is getattr(Adapter, str(phase)):
        return ""
    documented = inspect.getdoc(method) or ""
    return " ".join(documented.partition("\n\n")[0].split())


def _row(adapter: Adapter) -> TechnologyRow:
    program = program_for(adapter.technology)
    tokens = {token for owners in program.owners.values() for token in owners} if program else set()
    return TechnologyRow(
        technology=adapter.technology,
        summary=adapter.summary,
        finds=tuple(dict.fromkeys(claim.explorer_type for claim in adapter.claims)),
        services=adapter.services,
        declares=tuple(sorted(token.rpartition(":")[2] for token in tokens)),
        phases={str(phase): told(adapter, phase) for phase in Phase},
        permissions=adapter.permissions(),
        limits={limit.what: limit.default for limit in adapter.limits},
        deviations=dict(adapter.deviations),
    )
