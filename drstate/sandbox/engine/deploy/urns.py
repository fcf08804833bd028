"""Names: URNs, provider references, type tokens.

Pure string work in one place, so that nothing else takes a URN apart by hand. Refuses nothing: a
malformed URN yields empty parts, and the callers decide what that means.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ROOT_STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPE_PREFIX = "pulumi:providers:"


class ProviderRef(NamedTuple):
    """A provider as resources refer to it: ``<urn>::<id>``."""

    urn: str
    id: str

    def __str__(self) -> str:
        return f"{self.urn}::{self.id}"


def make_urn(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """The URN of a resource; children of anything but the stack carry the parent's type."""
    parent_type = qualified_type(parent) if parent else ""
    if parent_type and parent_type != ROOT_STACK_TYPE:
        kind = f"{parent_type}${kind}"
    return f"urn:pulumi:{stack}::{project}::{kind}::{name}"


def qualified_type(urn: str) -> str:
    """``parent$child`` as it stands in the URN."""
    parts = urn.split("::", 3)
    return parts[2] if len(parts) > 2 else ""


def plain_type(urn: str) -> str:
    """The type token of the resource itself, without its parents'."""
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    """The resource's name."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) > 3 else ""


def package_of(kind: str) -> str:
    """``aws`` of ``aws:ec2/instance:Instance``, and of ``pulumi:providers:aws``."""
    if is_provider_type(kind):
        return kind[len(PROVIDER_TYPE_PREFIX) :]
    return kind.partition(":")[0]


def is_provider_type(kind: str) -> bool:
    """Whether the type token is that of a provider."""
    return kind.startswith(PROVIDER_TYPE_PREFIX)


def is_default_provider(urn: str) -> bool:
    """Whether the URN is that of a provider the engine made on demand."""
    return is_provider_type(plain_type(urn)) and (
        name_of(urn) == "default" or name_of(urn).startswith("default_")
    )


def parse_ref(reference: str) -> ProviderRef:
    """The two parts of a provider reference."""
    urn, _, identity = reference.rpartition("::")
    return ProviderRef(urn, identity)


def default_provider_name(version: str, download_url: str) -> str:
    """The name under which the engine makes the default provider of a package."""
    name = "default"
    if version:
        name += "_" + re.sub(r"[.+]", "_", version)
    if download_url:
        name += "_" + re.sub(r"[^A-Za-z0-9_]", "_", download_url)
    return name
