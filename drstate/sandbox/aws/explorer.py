"""Resource Explorer 2, which moto does not have: indexes, views, search.

Built the way moto builds services: a backend per account and region, a response class
whose methods are the operations. Results are read from the other services' backends when
asked for, so they are never out of date (the real index lags by minutes). There are no
multi-account views, and creating indexes and views is the estate's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import iter_taggable_backends
from moto.core.responses import ActionResult, BaseResponse

from . import runtime
from .explorer_query import Query, parse
from .modelled import checked
from .pages import page

SERVICE = "resource-explorer-2"
LOCAL = "LOCAL"
AGGREGATOR = "AGGREGATOR"
SEARCH_LIMIT = 1000
_SUPPORTED = (
    "application-autoscaling:scalable-target",
    "autoscaling:autoScalingGroup",
    "cloudwatch:alarm",
    "drs:source-server",
    "dynamodb:table",
    "ec2:instance",
    "ec2:security-group",
    "ec2:subnet",
    "ec2:vpc",
    "ecs:cluster",
    "ecs:service",
    "ecs:task-definition",
    "eks:cluster",
    "elasticache:cluster",
    "elasticache:replicationgroup",
    "elasticache:snapshot",
    "elasticache:subnetgroup",
    "elasticache:user",
    "elasticfilesystem:access-point",
    "elasticfilesystem:file-system",
    "elasticloadbalancing:listener/app",
    "elasticloadbalancing:loadbalancer/app",
    "elasticloadbalancing:loadbalancer/net",
    "elasticloadbalancing:targetgroup",
    "es:domain",
    "events:event-bus",
    "events:rule",
    "fsx:file-system",
    "fsx:storage-virtual-machine",
    "fsx:volume",
    "kms:key",
    "lambda:function",
    "logs:log-group",
    "memorydb:cluster",
    "memorydb:snapshot",
    "memorydb:subnetgroup",
    "memorydb:user",
    "rds:cluster",
    "rds:cluster-pg",
    "rds:db",
    "rds:global-cluster",
    "rds:subgrp",
    "s3:bucket",
    "secretsmanager:secret",
)


@dataclass
class Index:
    """A region's index."""

    arn: str
    type: str
    created: datetime


@dataclass
class View:
    """A saved filter; `tags` says whether results carry the resources' tags."""

    arn: str
    name: str
    owner: str
    query: str
    tags: bool
    updated: datetime


@dataclass(frozen=True)
class Found:
    """A resource as it is indexed."""

    arn: str
    account: str
    region: str
    type: str
    tags: dict[str, str] = field(hash=False)

    @property
    def service(self) -> str:
        """The service's name in resource types."""
        return self.type.split(":", 1)[0]


class ExplorerBackend(BaseBackend):  # type: ignore[misc]
    """One account's index and views in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.index: Index | None = None
        self.views: dict[str, View] = {}
        self.default_view: str | None = None

    def set_up(self, kind: str = LOCAL, query: str = "") -> None:
        """Create an index and a default view over everything, tags included."""
        base = f"arn:aws:{SERVICE}:{self.region_name}:{self.account_id}"
        now = runtime.clock().now()
        self.index = Index(
            f"{base}:index/{_uuid(self.account_id, self.region_name, 'i')}", kind, now
        )
        arn = f"{base}:view/all-resources/{_uuid(self.account_id, self.region_name, 'v')}"
        self.views[arn] = View(arn, "all-resources", self.account_id, query, True, now)
        self.default_view = arn

    def resources(self) -> Iterator[Found]:
        """Everything that this index covers."""
        if self.index is None:
            return
        regions = [self.region_name]
        if self.index.type == AGGREGATOR:
            regions += [
                one.region_name
                for account, _, one in explorer_backends.iter_backends()
                if account == self.account_id and one is not self and _indexed(one)
            ]
        for region in regions:
            yield from indexed(self.account_id, region)


def _indexed(backend: Any) -> bool:
    return backend.index is not None


def _uuid(*parts: str) -> str:
    return str(UUID(bytes=sha256("|".join(parts).encode()).digest()[:16], version=4))


def indexed(account: str, region: str) -> list[Found]:
    """Every resource of an account in a region that any service can name, by ARN."""
    from . import correct_used  # noqa: PLC0415 - the package imports this module

    correct_used()
    found: dict[str, Found] = {}
    for backend in iter_taggable_backends(account, region):
        # some are in the index and not in what the tagging API tells
        listed = getattr(backend, "iter_indexed_resources", backend.iter_tagged_resources)
        for resource in listed():
            where = resource.arn.split(":")[3] or str(resource.extra.get("region", ""))
            if where and where != region:
                continue
            found[resource.arn] = Found(
                resource.arn,
                account,
                where or "global",
                _type(resource.arn, resource.resource_type),
                dict(resource.tags),
            )
    return [found[arn] for arn in sorted(found)]


def _type(arn: str, moto_type: str) -> str:
    """The type that moto gives, or Resource Explorer's where they differ."""
    parts = arn.split(":")
    if parts[2] == "elasticloadbalancing":
        path = parts[5].split("/")
        if path[0] == "targetgroup":
            return "elasticloadbalancing:targetgroup"
        return f"elasticloadbalancing:{'/'.join(path[:2])}"
    return {"logs:loggroup": "logs:log-group"}.get(moto_type, moto_type)


explorer_backends = BackendDict(ExplorerBackend, SERVICE)


class _Refusal(ServiceException):  # type: ignore[misc]
    pass


class ExplorerResponse(BaseResponse):  # type: ignore[misc]
    """The operations."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ExplorerBackend:
        """The caller's account in the request's region."""
        found: ExplorerBackend = explorer_backends[self.current_account][self.region]
        return found

    def list_indexes(self) -> ActionResult:
        """The account's indexes, in every region."""
        regions, kind = self._get_param("Regions") or [], self._get_param("Type")
        shown = [
            {"Region": one.region_name, "Arn": one.index.arn, "Type": one.index.type}
            for account, _, one in explorer_backends.iter_backends()
            if isinstance(one, ExplorerBackend)
            and account == self.current_account
            and one.index is not None
            and (not regions or one.region_name in regions)
            and kind in (None, one.index.type)
        ]
        return self._paged("Indexes", sorted(shown, key=lambda one: one["Region"]), 100)

    def get_index(self) -> ActionResult:
        """This region's index."""
        index = self.backend.index
        if index is None:
            raise _Refusal("ResourceNotFoundException", "Index not found")
        return ActionResult(
            {
                "Arn": index.arn,
                "Type": index.type,
                "State": "ACTIVE",
                "ReplicatingFrom": [],
                "ReplicatingTo": [],
                "CreatedAt": index.created,
                "LastUpdatedAt": index.created,
                "Tags": {},
            }
        )

    def list_views(self) -> ActionResult:
        """ARNs of this region's views."""
        return self._paged("Views", sorted(self.backend.views), 50)

    def get_default_view(self) -> ActionResult:
        """The default view's ARN, if there is one."""
        return ActionResult({"ViewArn": self.backend.default_view})

    def get_view(self) -> ActionResult:
        """One view."""
        view = self._view(self._get_param("ViewArn"))
        return ActionResult(
            {
                "View": {
                    "ViewArn": view.arn,
                    "ViewName": view.name,
                    "Owner": view.owner,
                    "LastUpdatedAt": view.updated,
                    "Scope": f"arn:aws:iam::{view.owner}:root",
                    "IncludedProperties": [{"Name": "tags"}] if view.tags else [],
                    "Filters": {"FilterString": view.query},
                },
                "Tags": {},
            }
        )

    def search(self) -> ActionResult:
        """At most a thousand resources that match the query and the view."""
        view = self._view(self._get_param("ViewArn"))
        found = self._matching(view, self._get_param("QueryString") or "")
        shown = found[:SEARCH_LIMIT]
        answer = self._page_of(view, shown)
        answer["Count"] = {
            "TotalResources": len(shown),
            "Complete": len(shown) == len(found),
        }
        return ActionResult(answer)

    def list_resources(self) -> ActionResult:
        """All resources that match the filter and the view."""
        view = self._view(self._get_param("ViewArn"))
        filters = self._get_param("Filters") or {}
        found = self._matching(view, filters.get("FilterString") or "")
        return ActionResult(self._page_of(view, found))

    def list_supported_resource_types(self) -> ActionResult:
        """What the sandbox can index."""
        shown = [{"Service": one.split(":")[0], "ResourceType": one} for one in _SUPPORTED]
        return self._paged("ResourceTypes", shown, 1000)

    def _view(self, arn: str | None) -> View:
        # AWS answers the same to a region without index, without default view, and to a
        # view that is someone else's.
        wanted = arn or self.backend.default_view
        view = self.backend.views.get(wanted or "")
        if self.backend.index is None or view is None:
            raise _Refusal("UnauthorizedException", "Unauthorized")
        return view

    def _matching(self, view: View, text: str) -> list[Found]:
        try:
            queries: list[Query] = [parse(view.query), parse(text)]
        except ValueError as error:
            raise _Refusal("ValidationException", str(error)) from error
        return [one for one in self.backend.resources() if all(q.matches(one) for q in queries)]

    def _page_of(self, view: View, found: list[Found]) -> dict[str, Any]:
        limit = self._get_int_param("MaxResults", 100)
        part, token = page(found, limit, self._get_param("NextToken"), _bad_token)
        now = runtime.clock().now()
        return {
            "Resources": [_shown(one, view, now) for one in part],
            "NextToken": token,
            "ViewArn": view.arn,
        }

    def _paged(self, key: str, items: list[Any], most: int) -> ActionResult:
        limit = self._get_int_param("MaxResults", most)
        part, token = page(items, limit, self._get_param("NextToken"), _bad_token)
        return ActionResult({key: part, "NextToken": token})


def _bad_token() -> _Refusal:
    return _Refusal("ValidationException", "The provided NextToken is not valid")


def _shown(one: Found, view: View, now: datetime) -> dict[str, Any]:
    properties = []
    if view.tags and one.tags:
        data = [{"Key": key, "Value": value} for key, value in one.tags.items()]
        properties.append({"Name": "tags", "LastReportedAt": now, "Data": data})
    return {
        "Arn": one.arn,
        "OwningAccountId": one.account,
        "Region": one.region,
        "ResourceType": one.type,
        "Service": one.service,
        "LastReportedAt": now,
        "Properties": properties,
    }


checked(ExplorerResponse)
