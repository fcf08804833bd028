"""A protected resource as discovery found it."""

from __future__ import annotations

from enum import StrEnum

from drstate.model.base import Value
from drstate.model.tags import DrTags


class Technology(StrEnum):
    """Which program and adapter handle a resource. Third parties may use further names."""

    AURORA = "aurora"
    ECS = "ecs"
    ROUTE53 = "route53"


def resource_key(technology: str, account: str, name: str) -> str:
    """The name of a resource inside its scope, the same at both sites and in every run.

    ``technology/account/name``; ``name`` may itself contain slashes (``cluster/service``).
    """
    return f"{technology}/{account}/{name}"


class Resource(Value):
    """One resource of a scope at its source. ``key`` is the same for both sites."""

    key: str
    technology: str
    name: str
    account: str
    region: str
    #: ARN, or for DNS records ``zone name type``
    arn: str
    tags: DrTags
    #: all tags as found (customer's own included)
    raw_tags: dict[str, str] = {}
