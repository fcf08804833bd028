"""Identifiers of things that may be protected themselves: groups, load balancers, target groups.

The site map is asked first. What it does not know may be the copy of another protected resource,
whose identifier at the site the stacks have recorded: then nobody has to write it down. It refuses
to bind two resources of one stack that way: there the identifier is known only after the update.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drstate.model.problem import Problem
from drstate.model.scope import SiteMapTable
from drstate.model.shard import Binding
from drstate.model.translation import Translation
from drstate.programs.lazy import pulumi
from drstate.programs.translator import Translator, unresolved

if TYPE_CHECKING:
    from pulumi import Input


def found(
    translation: Translation, bindings: Iterable[Binding], table: SiteMapTable, identifier: str
) -> str | None:
    """The identifier at the site, by site map or recorded; None where neither knows it."""
    mapped = translation.find(table, identifier)
    if mapped is not None:
        return mapped
    recorded = _binding(bindings, identifier)
    return recorded.target if recorded is not None else None


def here(translator: Translator, table: SiteMapTable, identifier: str, what: str) -> str | None:
    """The identifier at the shard's site; None while another stack has yet to make it.

    A missing one is collected in ``translator.problems``, a pending one in ``translator.pending``.
    """
    known = found(translator.translation, translator.shard.bindings, table, identifier)
    if known is not None:
        return known
    binding = _binding(translator.shard.bindings, identifier)
    if binding is None:
        return translator.required(table, identifier, what)
    if any(entry.key == binding.key for entry in translator.shard.resources):
        translator.problems.append(_same_stack(translator, table, binding, what))
        return identifier
    translator.pending.append(binding)
    return None


def given(translator: Translator, value: str | None) -> Input[str]:
    """The value as an input; what is pending is unknown in a preview, and an error in an update."""
    if value is not None:
        return value
    if not pulumi.runtime.is_dry_run():
        raise unresolved(translator.pending)

    async def nothing() -> str:
        return ""

    async def known() -> bool:
        return False

    unknown: Input[str] = pulumi.Output(set(), nothing(), known())
    return unknown


def _binding(bindings: Iterable[Binding], identifier: str) -> Binding | None:
    return next((one for one in bindings if one.source == identifier), None)


def _same_stack(
    translator: Translator, table: SiteMapTable, binding: Binding, what: str
) -> Problem:
    field = f"site_map.{translator.region}.{table}"
    return translator.problem(
        field,
        f"{what} {binding.source!r} is the copy that {binding.key} makes in the same stack, "
        "so it is not known before the update",
        f"Give {binding.key} an earlier dr:wave, or, once it is replicated, add "
        f"{binding.source!r} to {field} in {translator.scope_file}.",
    )
