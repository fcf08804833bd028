"""Whether a state hangs together: every parent, dependency and provider is there, and before.

It refuses nothing itself; callers decide what a finding means to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def findings(latest: dict[str, Any]) -> Iterator[str]:
    """Sentences about what is wrong with a deployment; none if it is sound."""
    seen: set[str] = set()
    live: set[str] = set()
    providers: set[str] = set()
    for index, resource in enumerate(latest.get("resources") or []):
        urn = resource.get("urn") if isinstance(resource, dict) else None
        if not urn:
            yield f"resource number {index} has no urn"
            continue
        yield from _references(urn, resource, seen, providers)
        if not resource.get("delete"):
            if urn in live:
                yield f"duplicate resource {urn} (not marked for deletion)"
            live.add(urn)
        seen.add(urn)
        if str(resource.get("type", "")).startswith("pulumi:providers:"):
            providers.add(f"{urn}::{resource.get('id', '')}")


def _references(
    urn: str, resource: dict[str, Any], seen: set[str], providers: set[str]
) -> Iterator[str]:
    reference = resource.get("provider")
    if reference and reference not in providers:
        yield f"resource {urn} refers to unknown provider {reference}"
    parent = resource.get("parent")
    if parent and parent not in seen:
        yield f"child resource {urn} refers to missing parent {parent}"
    for dependency in resource.get("dependencies") or []:
        if dependency not in seen:
            yield f"resource {urn}'s dependency {dependency} refers to missing resource"
    for key, dependencies in (resource.get("propertyDependencies") or {}).items():
        for dependency in dependencies or []:
            if dependency not in seen:
                yield (
                    f"resource {urn}'s property dependency {dependency} (from property {key}) "
                    "refers to missing resource"
                )
    deleted_with = resource.get("deletedWith")
    if deleted_with and deleted_with not in seen:
        yield f"resource {urn} is specified as being deleted with missing {deleted_with}"
