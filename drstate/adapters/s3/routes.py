"""Where a multi-region access point routes: read and changed in any of five regions.

Those regions are S3's own for this purpose, independent of the regions that the buckets are in. The
nearest is asked first; the others only where one gives no answer. A region that is lost is never
asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from drstate.adapters.at import At, calls
from drstate.errors import DrstateError, OperationError, Retry
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import Call, Plane
from drstate.programs.s3.spec import ACCESS_POINT, S3Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: where routes are read and changed
REGIONS = ("us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2", "us-east-1")
#: where access points are managed, and found by their name
HOME = "us-west-2"
_SUFFIX = ".accesspoint.s3-global.amazonaws.com"
T = TypeVar("T")


@dataclass(frozen=True)
class Routes:
    """The routing of one access point."""

    account: str
    name: str
    #: known before for what others own, and once a stack has made ours
    alias: str | None
    #: control regions, in the order in which they are asked
    regions: tuple[str, ...]

    @classmethod
    def of(cls, entry: CatalogEntry, spec: S3Spec, near: str, lost: str | None) -> Routes:
        """Of an entry's access point; ``lost`` is a region that must not be asked."""
        found = spec.access_point
        return cls(
            account=entry.resource.account,
            name=found.name if found else spec.own_access_point,
            alias=found.alias if found else _recorded(entry),
            regions=tuple(
                sorted(
                    (one for one in REGIONS if one != lost),
                    key=lambda one: (one != near, REGIONS.index(one)),
                )
            ),
        )

    def told(self, *operations: str) -> list[Call]:
        """The calls of reading, and of the operations given, as plans tell them."""
        made = [
            call
            for region in self.regions
            for call in calls(
                "s3control",
                region,
                "GetMultiRegionAccessPointRoutes",
                *operations,
                plane=Plane.DATA,
            )
        ]
        if self.alias is None and HOME in self.regions:
            made += calls("s3control", HOME, "GetMultiRegionAccessPoint")
        return made

    def arn(self, aws: AwsCaller) -> str | None:
        """The access point's ARN; None where there is none yet, or nobody can tell."""
        alias = self.alias or self._looked_up(aws)
        return None if alias is None else f"arn:aws:s3::{self.account}:accesspoint/{alias}"

    def dials(self, aws: AwsCaller, arn: str) -> dict[str, int]:
        """Region -> percentage of the traffic (0 or 100)."""

        def read(at: At) -> dict[str, int]:
            answer = at.call(
                "s3control",
                "get_multi_region_access_point_routes",
                AccountId=self.account,
                Mrap=arn,
            )
            return {
                str(one["Region"]): int(one["TrafficDialPercentage"]) for one in answer["Routes"]
            }

        return self._asked(aws, read)[1]

    def submit(self, aws: AwsCaller, arn: str, dials: Mapping[str, int]) -> str:
        """Ask for these dials, all in one call. Returns the region that took it."""

        def put(at: At) -> bool:
            at.call(
                "s3control",
                "submit_multi_region_access_point_routes",
                AccountId=self.account,
                Mrap=arn,
                RouteUpdates=[
                    {"Region": region, "TrafficDialPercentage": dial}
                    for region, dial in sorted(dials.items())
                ],
            )
            return True

        return self._asked(aws, put)[0]

    def _looked_up(self, aws: AwsCaller) -> str | None:
        if HOME not in self.regions:
            return None
        answer = At(aws, self.account, HOME).find(
            "s3control",
            "get_multi_region_access_point",
            "NoSuchMultiRegionAccessPoint",
            AccountId=self.account,
            Name=self.name,
        )
        found = answer.get("AccessPoint")
        return str(found["Alias"]) if found else None

    def _asked(self, aws: AwsCaller, do: Callable[[At], T]) -> tuple[str, T]:
        """Ask one control region after the other until one answers."""
        problem: DrstateError | None = None
        for region in self.regions:
            try:
                return region, do(At(aws, self.account, region))
            except DrstateError as error:
                # a refusal is an answer; only what did not answer is asked elsewhere
                if error.retry is not Retry.TRANSIENT:
                    raise
                problem = error
        raise OperationError(
            f"none of {', '.join(self.regions)} answers for access point {self.name}",
            why=str(problem),
            hint="check the network; drstate resume tries them all again",
        ) from problem


def _recorded(entry: CatalogEntry) -> str | None:
    for endpoints in entry.endpoints.values():
        host = endpoints.get(ACCESS_POINT)
        if host:
            return str(host).removesuffix(_SUFFIX)
    return None
