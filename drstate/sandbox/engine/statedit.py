"""Edits of a deployment as plain data: import, rename of a stack, state commands.

Secrets stay as they are. It refuses edits that would leave references to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from drstate.sandbox.engine.checkpoint import SCHEMA_VERSION
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.integrity import findings
from drstate.sandbox.engine.names import StackName

Resource = dict[str, Any]
_STACK_TYPE = "pulumi:pulumi:Stack"


def import_state(
    content: str, stack: StackName, *, force: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """The deployment in an export. Findings are errors, or warnings with ``force``."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise FailedCommandError(f"could not deserialize deployment: {error}") from error
    version = document.get("version", 0) if isinstance(document, dict) else 0
    if not isinstance(version, int) or version < 1:
        raise FailedCommandError(
            f"the stack '{stack.name}' is too old to be used by this version of the Pulumi CLI"
        )
    if version > SCHEMA_VERSION:
        raise FailedCommandError(
            f"the stack '{stack.name}' is newer than what this version of the Pulumi CLI "
            "understands. Please update your version of the Pulumi CLI"
        )
    latest = document.get("deployment")
    if not isinstance(latest, dict):
        raise FailedCommandError("could not deserialize deployment: it has no 'deployment' object")
    latest = dict(latest)
    latest.setdefault("metadata", {})
    found = [*_foreign(latest, stack)]
    found.extend(f"state file contains errors: {one}" for one in _first(latest))
    if found and not force:
        found.append("importing this file could be dangerous; rerun with --force to proceed anyway")
        listed = "\n".join(f"    {number}) {one}" for number, one in enumerate(found, 1))
        raise FailedCommandError(f"{len(found)} errors occurred:\n{listed}")
    for one in found:
        warn(f"warning: {one}")
    return latest


def _first(latest: dict[str, Any]) -> list[str]:
    return [one for one in [next(findings(latest), None)] if one is not None]


def _foreign(latest: dict[str, Any], stack: StackName) -> list[str]:
    found = []
    for resource in latest.get("resources") or []:
        urn = str(resource.get("urn", ""))
        owner = urn.removeprefix("urn:pulumi:").partition("::")[0]
        if owner != stack.name:
            found.append(f"resource '{urn}' is from a different stack ({owner} != {stack.name})")
    return found


def renamed_state(latest: dict[str, Any], old: StackName, new: StackName) -> dict[str, Any]:
    """A deployment whose URNs belong to the stack's new name."""
    before, after = f"urn:pulumi:{old.name}::", f"urn:pulumi:{new.name}::"
    root_before = f"::{_STACK_TYPE}::{old.project}-{old.name}"
    root_after = f"::{_STACK_TYPE}::{new.project}-{new.name}"

    def urn(text: str) -> str:
        if not text.startswith(before):
            return text
        text = after + text[len(before) :]
        return text[: -len(root_before)] + root_after if text.endswith(root_before) else text

    return _with_urns(latest, urn)


def _with_urns(latest: dict[str, Any], urn: Callable[[str], str]) -> dict[str, Any]:
    """A deployment with every URN that is a reference replaced."""
    new = dict(latest)
    if latest.get("resources"):
        new["resources"] = [_readdressed(one, urn) for one in latest["resources"]]
    if latest.get("pending_operations"):
        new["pending_operations"] = [
            {**one, "resource": _readdressed(one["resource"], urn)}
            for one in latest["pending_operations"]
        ]
    return new


def _readdressed(one: Resource, urn: Callable[[str], str]) -> Resource:
    new = dict(one)
    for key in ("urn", "parent", "deletedWith", "viewOf"):
        if new.get(key):
            new[key] = urn(new[key])
    for key in ("dependencies", "aliases"):
        if new.get(key):
            new[key] = [urn(each) for each in new[key]]
    if new.get("provider"):
        head, separator, identity = str(new["provider"]).rpartition("::")
        new["provider"] = f"{urn(head)}{separator}{identity}"
    if new.get("propertyDependencies"):
        new["propertyDependencies"] = _mapped(new["propertyDependencies"], urn)
    return new


def _mapped(dependencies: dict[str, Any], urn: Callable[[str], str]) -> dict[str, Any]:
    return {
        key: [urn(each) for each in urns] if urns else urns for key, urns in dependencies.items()
    }


def find(latest: dict[str, Any], urn: str) -> Resource:
    """The live resource of a URN. Raises FailedCommandError if there is none."""
    for one in reversed(latest.get("resources") or []):
        if one.get("urn") == urn:
            return dict(one)
    raise FailedCommandError(
        f'No such resource "{urn}" exists in the current state; list them with '
        "`pulumi stack --show-urns`"
    )


def rename_resource(latest: dict[str, Any], urn: str, name: str) -> dict[str, Any]:
    """Give a resource another name, everywhere it is referred to."""
    find(latest, urn)
    new = urn.rpartition("::")[0] + f"::{name}"
    if any(one.get("urn") == new for one in latest["resources"]):
        raise FailedCommandError(f'a resource "{new}" exists already; choose another name')
    renamed = _with_urns(latest, lambda text: new if text == urn else text)
    renamed["resources"] = [
        one if one["urn"] == new else _without_empty_dependencies(one)
        for one in renamed["resources"]
    ]
    return renamed


def _without_empty_dependencies(resource: Resource) -> Resource:
    """As the CLI leaves the others: properties without dependencies are no longer listed."""
    kept = {key: urns for key, urns in (resource.get("propertyDependencies") or {}).items() if urns}
    if "propertyDependencies" not in resource or kept == resource["propertyDependencies"]:
        return resource
    new = {key: value for key, value in resource.items() if key != "propertyDependencies"}
    return {**new, "propertyDependencies": kept} if kept else new


def delete_resources(
    latest: dict[str, Any], urn: str, *, force: bool, dependents: bool
) -> dict[str, Any]:
    """Forget a resource; with ``dependents`` also what depends on it."""
    resource = find(latest, urn)
    gone = {urn}
    resources = latest.get("resources") or []
    needing = [one for one in resources if one["urn"] not in gone and refers(one) & gone]
    if needing and not dependents:
        width = 15
        listed = "\n".join(
            " * " + f'"{one["urn"].rpartition("::")[2]}"'.ljust(width) + f" ({one['urn']})"
            for one in needing
        )
        raise FailedCommandError(
            f"{urn} can't be safely deleted because the following resources depend on it:\n"
            f"{listed}\n\nDelete those resources first or pass --target-dependents."
        )
    if dependents:
        grew = True
        while grew:
            more = {one["urn"] for one in resources if refers(one) & gone} - gone
            gone |= more
            grew = bool(more)
    for one in [resource, *(one for one in resources if one["urn"] in gone)]:
        if one.get("protect") and not force:
            raise FailedCommandError(
                f"{one['urn']} can't be safely deleted because it is protected. Re-run this "
                "command with --force to force deletion"
            )
    return {**latest, "resources": [one for one in resources if one["urn"] not in gone]}


def refers(resource: Resource) -> set[str]:
    """The URNs that a resource needs."""
    found = set(resource.get("dependencies") or [])
    for urns in (resource.get("propertyDependencies") or {}).values():
        found.update(urns or [])
    for key in ("parent", "deletedWith"):
        if resource.get(key):
            found.add(resource[key])
    if resource.get("provider"):
        found.add(str(resource["provider"]).rpartition("::")[0])
    return found


def protect_resources(
    latest: dict[str, Any], urns: set[str] | None, *, protect: bool
) -> tuple[dict[str, Any], int]:
    """Set or clear protection of some resources, or of all; how many were changed."""
    for urn in urns or ():
        find(latest, urn)
    count = 0
    resources = []
    for one in latest.get("resources") or []:
        if urns is None or one["urn"] in urns:
            new = dict(one)
            if protect:
                new["protect"] = True
            else:
                new.pop("protect", None)
            count += new != one
            resources.append(new)
        else:
            resources.append(one)
    return {**latest, "resources": resources}, count


def unprotected(resources: list[Resource]) -> tuple[list[str], int]:
    """The URNs that no protected resource is or needs, and how many others there are."""
    kept: set[str] = set()
    for one in reversed(resources):  # what is needed comes before what needs it
        if one.get("protect") or one["urn"] in kept:
            kept.add(one["urn"])
            kept |= refers(one)
    free = [one["urn"] for one in resources if one["urn"] not in kept]
    return list(dict.fromkeys(free)), sum(one["urn"] in kept for one in resources)
