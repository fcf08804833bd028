"""S3 Control: multi-region access points that take their time, and the routing between regions.

An access point belongs to an account. It is managed in us-west-2 only; its routes are read and
changed in five regions, and a change is in force in a while. Access points of one region are
moto's. Requests are not held to the model: its pattern refuses the ARNs that AWS itself gives.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.s3control.exceptions import InvalidRequestException, MultiRegionAccessPointNotFound
from moto.s3control.models import (
    MultiRegionAccessPoint,
    MultiRegionAccessPointOperation,
    S3ControlBackend,
)
from moto.s3control.responses import S3ControlResponse

from . import runtime
from .extend import extend
from .modelled import Refusal
from .s3_replication import bucket_named

CREATE_SECONDS = 300.0
DELETE_SECONDS = 120.0
ROUTE_SECONDS = 60.0
HOME = "us-west-2"
ROUTING_REGIONS = ("us-east-1", "us-west-2", "ap-southeast-2", "ap-northeast-1", "eu-west-1")
MOST_POINTS = 100
MOST_REGIONS = 20
READY, CREATING, DELETING = "READY", "CREATING", "DELETING"
_ACTIVE, _PASSIVE = 100, 0

_create = S3ControlBackend.create_multi_region_access_point
_get = S3ControlResponse.get_multi_region_access_point
_list = S3ControlResponse.list_multi_region_access_points


def _named(backend: Any, account: str, text: str) -> Any:
    """An access point by its ARN, or its alias, as routes are asked for."""
    alias = text.rsplit("/", 1)[-1] if "/" in text else text.rsplit(":", 1)[-1]
    for point in backend.multi_region_access_points[account].values():
        if alias in (point.alias, point.name):
            return point
    raise MultiRegionAccessPointNotFound(text)


def _at_home(region: str, operation: str) -> None:
    if region != HOME:
        raise InvalidRequestException(f"{operation} is served in {HOME} only")


def _dials(point: Any) -> dict[str, int]:
    """Region -> percentage; all are active at first."""
    found: dict[str, int] = getattr(point, "dials", None) or {
        one["Region"]: _ACTIVE for one in point.regions
    }
    return found


class _Responses:
    def create_multi_region_access_point(self: Any) -> ActionResult:
        """Begin; ready in a while."""
        _at_home(self.region, "CreateMultiRegionAccessPoint")
        account, details = self._get_param("AccountId"), self._get_param("Details")
        _own_account(account, self.current_account)
        regions = _regions(account, details.get("Regions") or [])
        made = _create(
            self.backend,
            account,
            details["Name"],
            _blocks(details.get("PublicAccessBlock")),
            regions,
            self.region,
        )
        point = self.backend.multi_region_access_points[account][details["Name"]]
        point.regions = regions
        # AWS makes the alias up; its letters and digits say nothing
        point.alias = f"m{sha256(f'{account}/{point.name}'.encode()).hexdigest()[:12]}.mrap"
        point.status = CREATING
        made.request_status = "IN_PROGRESS"
        runtime.clock().after(CREATE_SECONDS, partial(_ready, point, made))
        return ActionResult({"RequestTokenARN": made.request_token_arn})

    def delete_multi_region_access_point(self: Any) -> ActionResult:
        """Begin; gone in a while."""
        _at_home(self.region, "DeleteMultiRegionAccessPoint")
        account, name = self._get_param("AccountId"), self._get_param("Details")["Name"]
        _own_account(account, self.current_account)
        point = self.backend.get_multi_region_access_point(account, name)
        if point.status != READY:
            raise InvalidRequestException(f"The access point is {point.status}")
        point.status = DELETING
        made = MultiRegionAccessPointOperation(
            account, "DeleteMultiRegionAccessPoint", self.region, name
        )
        made.request_status = "IN_PROGRESS"
        self.backend.mrap_operations[account][made.request_token_arn] = made
        runtime.clock().after(DELETE_SECONDS, partial(_gone, self.backend, account, name, made))
        return ActionResult({"RequestTokenARN": made.request_token_arn})

    def get_multi_region_access_point(self: Any) -> Any:
        """One access point."""
        _at_home(self.region, "GetMultiRegionAccessPoint")
        _own_account(self._get_param("AccountId"), self.current_account)
        return _get(self)

    def list_multi_region_access_points(self: Any) -> Any:
        """The account's access points."""
        _at_home(self.region, "ListMultiRegionAccessPoints")
        _own_account(self._get_param("AccountId"), self.current_account)
        return _list(self)

    def get_multi_region_access_point_routes(self: Any) -> ActionResult:
        """The routes in force."""
        point = self._routed("GetMultiRegionAccessPointRoutes")
        dials = _dials(point)
        return ActionResult(
            {
                "Mrap": self._get_param("Mrap"),
                "Routes": [
                    {**one, "TrafficDialPercentage": dials[one["Region"]]} for one in point.regions
                ],
            }
        )

    def submit_multi_region_access_point_routes(self: Any) -> EmptyResult:
        """Change routes; in force in a while."""
        point = self._routed("SubmitMultiRegionAccessPointRoutes")
        wanted = {**_dials(point), **(getattr(point, "submitted", None) or {})}
        for update in self._get_param("RouteUpdates") or []:
            region = update.get("Region") or _region_of(point, update.get("Bucket"))
            dial = int(update["TrafficDialPercentage"])
            if region not in wanted:
                raise InvalidRequestException(f"The access point has no bucket in {region}")
            if dial not in (_ACTIVE, _PASSIVE):
                raise InvalidRequestException("TrafficDialPercentage must be 0 or 100")
            wanted[region] = dial
        if not any(wanted.values()):
            raise InvalidRequestException("At least one Region must be active at all times")
        point.submitted = wanted
        runtime.clock().after(ROUTE_SECONDS, partial(_routed_so, point, wanted))
        return EmptyResult()

    def _routed(self: Any, operation: str) -> Any:
        if self.region not in ROUTING_REGIONS:
            raise InvalidRequestException(
                f"{operation} is served in {', '.join(ROUTING_REGIONS)} only"
            )
        account = self._get_param("AccountId")
        _own_account(account, self.current_account)
        point = _named(self.backend, account, str(self._get_param("Mrap")))
        if point.status != READY:
            raise InvalidRequestException(f"The access point is {point.status}")
        return point


def _own_account(given: str, own: str) -> None:
    if given != own:
        raise Refusal("AccessDenied", "Access Denied")


def _regions(account: str, given: list[dict[str, Any]]) -> list[dict[str, str]]:
    if not 1 <= len(given) <= MOST_REGIONS:
        raise InvalidRequestException(f"An access point has 1 to {MOST_REGIONS} regions")
    found = []
    for one in given:
        bucket = bucket_named(str(one.get("Bucket")))
        if bucket is None or bucket.account_id != (one.get("BucketAccountId") or account):
            raise InvalidRequestException(f"Bucket {one.get('Bucket')} does not exist")
        found.append(
            {
                "Bucket": str(bucket.name),
                "Region": str(bucket.region_name),
                "BucketAccountId": str(bucket.account_id),
            }
        )
    if len({one["Region"] for one in found}) != len(found):
        raise InvalidRequestException("An access point has one bucket in each region at most")
    return found


def _blocks(given: Any) -> dict[str, bool]:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {name: (given or {}).get(name) is not False for name in names}


def _region_of(point: Any, bucket: str | None) -> str:
    return next((str(one["Region"]) for one in point.regions if one["Bucket"] == bucket), "")


def _ready(point: MultiRegionAccessPoint, made: MultiRegionAccessPointOperation) -> None:
    point.status = READY
    made.request_status = "SUCCEEDED"


def _gone(
    backend: S3ControlBackend, account: str, name: str, made: MultiRegionAccessPointOperation
) -> None:
    backend.multi_region_access_points[account].pop(name, None)
    made.request_status = "SUCCEEDED"


def _routed_so(point: Any, wanted: dict[str, int]) -> None:
    point.dials = wanted


def install() -> None:
    """Correct moto's S3 Control."""
    extend(
        S3ControlResponse,
        _Responses,
        replaces=frozenset(
            {
                "create_multi_region_access_point",
                "delete_multi_region_access_point",
                "get_multi_region_access_point",
                "list_multi_region_access_points",
            }
        ),
    )
