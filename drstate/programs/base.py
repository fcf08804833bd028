"""What a technology says of its desired state: one ``PROGRAM`` per technology.

The spec (what was captured), the values (what it is at a site), the owners (who decides each
property) and the declaration stand in one file, ``programs/<technology>.py``. Everything but the
declaration is pure and is read by planning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.spec import Spec
from drstate.programs.owners import Owners
from drstate.programs.running import Runs
from drstate.programs.translator import Translator

if TYPE_CHECKING:
    from drstate.programs.context import Declaration, DeclaredOutputs

__all__ = ["Declare", "Program", "Spec", "Value"]

Declare = Callable[[CatalogEntry, "Declaration"], "DeclaredOutputs"]


def _nothing() -> list[type]:
    return []


@dataclass(frozen=True)
class Program:
    """One technology's desired state. What is left out does not exist for it."""

    technology: str
    spec: type[Spec]
    #: what the scope file may say under ``policies.<technology>``
    policy: type[Value] | None = None
    #: heading -> type token -> properties with their owners; one table has the heading ""
    owners: Mapping[str, Owners] = field(default_factory=dict)
    #: pure: the spec at a site; missing site map entries are collected by the translator
    values: Callable[[Any, Translator], Any] | None = None
    #: declares the resource at a site
    site: Declare | None = None
    #: declares what spans both sites
    spanning: Declare | None = None
    #: every class of pulumi_aws that is used: touched in the main thread before programs run
    classes: Callable[[], list[type]] = _nothing
    #: type tokens whose replacement or deletion loses data -> what would be lost
    stateful: Mapping[str, str] = field(default_factory=dict)
    #: type token -> how the id in the state is made from the inputs, where it can be told before:
    #: a creation that was cut off is looked up by it
    identities: Mapping[str, str] = field(default_factory=dict)
    #: type tokens of which an action may put a new physical resource, with an id of its own, in
    #: the place of the old one under the same name: ``Adapter.created`` tells who carries it
    rebound: frozenset[str] = frozenset()
    #: what costs by the hour at a site, before and after CLEANUP; None: nobody has said
    runs: Runs | None = None
