"""What exists in the emulated AWS, as one canonical document.

Two states are the same if their digests are byte for byte the same. Times that move by
themselves, key material, sessions and the services' own book-keeping are left out. A
resource belongs to a scope by its tags, or by being named after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.utilities.tagging_service import TaggingService

from .canonical import canonical, left_out

# Book-keeping of services: who visited, open pages, sessions, automatic copies.
_SKIPPED = {
    "iam": {
        "access_keys",
        "account_aliases",
        "credential_report",
        "_access_keys",
        "aws_managed_policies",
        "managed_policies",
    },
    "sts": {"assumed_roles"},
    "resourcegroupstaggingapi": {"_pages"},
    "cloudwatch": {"metric_data", "paged_metric_data", "insight_rules"},
    "rds": {
        "events",
        "database_snapshots",
        "cluster_snapshots",
        "resource_map",
        "_db_cluster_options",
    },
    "ec2": {"amis", "deleted_amis", "_amis"},
    "ecs": {"tasks"},
    "route53": {"_change_book"},
    "ssm": {"commands", "executions"},
}
_WHOLE_SERVICES_SKIPPED = {"moto_api", "instance_metadata", "sts"}
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Selection:
    """Which part of the emulated AWS to describe; None means all."""

    account: str | None = None
    region: str | None = None
    customer: str | None = None
    environment: str | None = None

    def scoped(self) -> bool:
        """Whether only one customer's or environment's resources are wanted."""
        return self.customer is not None or self.environment is not None


def digest(selection: Selection) -> dict[str, Any]:
    """Canonical description: account / region / service / resource -> its content."""
    described: dict[str, Any] = {}
    for backends in sorted(_in_use(), key=lambda one: one.service_name):
        service = backends.service_name
        if service in _WHOLE_SERVICES_SKIPPED:
            continue
        for account, region, backend in backends.iter_backends():
            if selection.account not in (None, account):
                continue
            if selection.region not in (None, region):
                continue
            for name, content in _resources(service, backend):
                if content is None or (
                    selection.scoped() and not _belongs(name, content, selection)
                ):
                    continue
                described[f"{account}/{region}/{service}/{name}"] = content
    return {"resources": dict(sorted(described.items()))}


def _in_use() -> list[Any]:
    return list(BackendDict._instances)  # noqa: SLF001 - moto has no other list of them


def _resources(service: str, backend: BaseBackend) -> Iterator[tuple[str, Any]]:
    skipped = _SKIPPED.get(service, set())
    for attribute, value in sorted(vars(backend).items()):
        if attribute in skipped or left_out(attribute):
            continue
        if attribute in {"region_name", "account_id", "partition"}:
            continue
        if service == "route53" and attribute == "zones":
            yield from _zones(value)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                yield f"{attribute}/{key}", canonical(item)
        elif isinstance(value, list | tuple | set):
            for number, item in enumerate(value):
                yield f"{attribute}/{_identity(item, number)}", canonical(item)
        elif isinstance(value, _PLAIN) or _untouched(value):
            continue
        else:
            yield attribute, canonical(value)


def _untouched(value: object) -> bool:
    """Whether it came with a backend, which moto makes when a region is first asked anything."""
    return isinstance(value, TaggingService) and not value.tags


def _zones(zones: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A zone is shared between scopes: its records are resources of their own."""
    for zone_id, zone in zones.items():
        yield f"zones/{zone_id}", {"name": zone.name, "private": zone.private_zone}
        for record in zone.rrsets:
            label = f"{record.name}|{record.type}|{record.set_identifier or ''}"
            yield f"zones/{zone_id}/records/{label}", canonical(record)


def _identity(item: Any, number: int) -> str:
    for field in ("arn", "id", "name"):
        found = getattr(item, field, None)
        if isinstance(found, str):
            return found
    return str(number)


def _belongs(name: str, content: Any, selection: Selection) -> bool:
    tags = dict(_tags_in(content))
    if "Customer" in tags or "Environment" in tags:
        return selection.customer in (None, tags.get("Customer")) and selection.environment in (
            None,
            tags.get("Environment"),
        )
    text = f"{name} {_label(content)}"
    customer, environment = selection.customer or "", selection.environment or ""
    if customer and environment:
        if f"{customer}-{environment}" in text:
            return True
        # Records are called after the customer's zone; only other environments say which.
        if f"{customer}.example" in text and "/records/" in name:
            return (f"{environment}." in text) == (environment != "production") and not (
                environment == "production" and "staging." in text
            )
        return False
    return (customer or environment) in text


def _label(content: Any) -> str:
    if not isinstance(content, dict):
        return ""
    return " ".join(
        str(content[key])
        for key in ("name", "_name", "arn", "service_name", "cluster_name", "resource_id")
        if isinstance(content.get(key), str)
    )


def _tags_in(content: Any) -> Iterator[tuple[str, str]]:
    """Tags on the resource itself (not on what it contains)."""
    if not isinstance(content, dict):
        return
    found = content.get("tags", content.get("_tags"))
    if isinstance(found, dict):
        yield from ((str(key), str(value)) for key, value in found.items())
    elif isinstance(found, list):
        for tag in found:
            if isinstance(tag, dict):
                key = tag.get("Key", tag.get("key", tag.get("TagKey")))
                value = tag.get("Value", tag.get("value", tag.get("TagValue")))
                if key is not None:
                    yield str(key), str(value)
