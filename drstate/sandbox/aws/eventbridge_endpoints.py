"""EventBridge: global endpoints, which lead events to one of two buses of the same name.

An endpoint lives in its home region: there it is made, changed and deleted. The other region can
describe it, where the home region is named. While its health check is unhealthy, events go to the
secondary region.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult
from moto.events.models import events_backends
from moto.events.responses import EventsHandler
from moto.moto_api._internal import mock_random
from moto.route53.models import route53_backends

from . import runtime
from .extend import extend
from .modelled import Refusal
from .pages import page

CHANGE_SECONDS = 30.0
ACTIVE = "ACTIVE"


@dataclass
class Endpoint:
    """One global endpoint."""

    name: str
    arn: str
    ident: str
    settings: dict[str, Any]
    created: datetime
    modified: datetime
    state: str = "CREATING"

    def shown(self) -> dict[str, Any]:
        """As AWS describes it."""
        return {
            "Name": self.name,
            "Arn": self.arn,
            "EndpointId": self.ident,
            "EndpointUrl": f"https://{self.ident}.endpoint.events.amazonaws.com",
            "State": self.state,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            **self.settings,
        }


class EndpointsBackend(BaseBackend):  # type: ignore[misc]
    """The endpoints whose home is one region of one account."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.endpoints: dict[str, Endpoint] = {}

    def create(self, name: str, settings: dict[str, Any]) -> Endpoint:
        """An endpoint, active in a while."""
        if name in self.endpoints:
            raise Refusal("ResourceAlreadyExistsException", f"Endpoint {name} already exists.")
        self._check(settings)
        now = runtime.clock().now()
        arn = f"arn:aws:events:{self.region_name}:{self.account_id}:endpoint/{name}"
        ident = f"{mock_random.get_random_hex(10)}.{mock_random.get_random_hex(3)}"
        made = self.endpoints[name] = Endpoint(name, arn, ident, settings, now, now)
        runtime.clock().after(CHANGE_SECONDS, partial(_settled, made))
        return made

    def find(self, name: str) -> Endpoint:
        """The endpoint, or the refusal."""
        if name not in self.endpoints:
            raise Refusal("ResourceNotFoundException", f"Endpoint {name} does not exist.")
        return self.endpoints[name]

    def update(self, name: str, settings: dict[str, Any]) -> Endpoint:
        """Change it; done in a while, and refused while another change is under way."""
        endpoint = self.find(name)
        if endpoint.state != ACTIVE:
            raise Refusal(
                "ConcurrentModificationException",
                f"Endpoint {name} is in state {endpoint.state}.",
            )
        wanted = {**endpoint.settings, **settings}
        self._check(wanted)
        endpoint.settings, endpoint.state = wanted, "UPDATING"
        endpoint.modified = runtime.clock().now()
        runtime.clock().after(CHANGE_SECONDS, partial(_settled, endpoint))
        return endpoint

    def _check(self, settings: dict[str, Any]) -> None:
        arns = [each["EventBusArn"] for each in settings["EventBuses"]]
        names = {arn.rpartition("/")[2] for arn in arns}
        regions = {arn.split(":")[3] for arn in arns}
        if len(names) != 1 or len(regions) != 2 or self.region_name not in regions:
            raise Refusal(
                "ValidationException",
                "EventBuses must be two event buses of the same name, one of them in this region.",
            )
        failover = settings["RoutingConfig"]["FailoverConfig"]
        secondary = failover["Secondary"]["Route"]
        if secondary == self.region_name or secondary not in regions:
            raise Refusal(
                "ValidationException",
                "The secondary region must be that of the other event bus.",
            )
        for arn in arns:
            region = arn.split(":")[3]
            if next(iter(names)) not in events_backends[self.account_id][region].event_buses:
                raise Refusal("ResourceNotFoundException", f"Event bus {arn} does not exist.")
        check = failover["Primary"]["HealthCheck"].rpartition("/")[2]
        if check not in route53_backends[self.account_id]["aws"].health_checks:
            raise Refusal("ValidationException", f"Health check {check} does not exist.")


endpoint_backends = BackendDict(EndpointsBackend, "events")


class _Responses:
    def create_endpoint(self: Any) -> ActionResult:
        """An endpoint whose home is this region."""
        made = _home(self).create(self.params["Name"], _settings(self.params))
        return ActionResult(made.shown())

    def describe_endpoint(self: Any) -> ActionResult:
        """One endpoint, of the home region that is named."""
        found = _home(self, self.params.get("HomeRegion")).find(self.params["Name"])
        return ActionResult(found.shown())

    def list_endpoints(self: Any) -> ActionResult:
        """The endpoints of a home region."""
        prefix = self.params.get("NamePrefix") or ""
        held = _home(self, self.params.get("HomeRegion")).endpoints
        found = [held[name] for name in sorted(held) if name.startswith(prefix)]
        limit = int(self.params.get("MaxResults") or 100)
        part, token = page(found, limit, self.params.get("NextToken"), _bad_token)
        return ActionResult({"Endpoints": [one.shown() for one in part], "NextToken": token})

    def update_endpoint(self: Any) -> ActionResult:
        """Change an endpoint; only in its home region."""
        changed = _home(self).update(self.params["Name"], _settings(self.params))
        return ActionResult(changed.shown())

    def delete_endpoint(self: Any) -> ActionResult:
        """Delete an endpoint."""
        backend = _home(self)
        backend.find(self.params["Name"])
        del backend.endpoints[self.params["Name"]]
        return ActionResult({})


def _home(response: Any, region: str | None = None) -> EndpointsBackend:
    found: EndpointsBackend = endpoint_backends[response.current_account][region or response.region]
    return found


def _settings(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "Name" and value is not None}


def _settled(endpoint: Endpoint) -> None:
    endpoint.state = ACTIVE


def _bad_token() -> Refusal:
    return Refusal("ValidationException", "The provided NextToken is not valid.")


def install() -> None:
    """Add the operations."""
    extend(EventsHandler, _Responses)
