"""IAM permissions as data: what is called, on which resources, and what for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """IAM actions that a part of drstate needs, on which resources, and what for."""

    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    #: why a rehearsal of all phases calls none of these (AWS checks them by itself, a last resort);
    #: empty: each of them is called
    uncalled: str = ""
