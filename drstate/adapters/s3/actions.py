"""What cannot be declared of buckets: rules on buckets of others, and who gets the traffic.

Rules of others stay in the configuration, with their role: S3 has one role for all rules of a
bucket. A change of a bucket's configuration depends on S3's control plane in us-east-1, whatever
the bucket's region; routing does not, and it is all that ACTIVATE does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.s3 import reading
from drstate.adapters.s3.routes import Routes
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.s3.rules import Rule

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 300
#: AWS: a change is in force within two minutes
_ROUTED_WITHIN = 300
_ACTIVE, _PASSIVE = 100, 0


class Replicate(Action):
    """Have the bucket in ``origin`` replicate to the one in ``target``."""

    def __init__(
        self,
        entry: CatalogEntry,
        rule: Rule,
        *,
        origin: str,
        origin_bucket: str,
        role: str | None,
        by_stack: bool,
    ) -> None:
        self.account = entry.resource.account
        self.rule = rule
        self.origin = origin
        self.bucket = origin_bucket
        self.role = role
        self.by_stack = by_stack
        self.spec = ActionSpec(
            id=f"{entry.key}#replicate",
            resource=entry.key,
            technology="s3",
            title=f"replicate {origin_bucket} to {rule.destination} in {rule.region} (a bucket's "
            "configuration: needs S3's control plane in us-east-1)",
            when=When.AFTER,
            calls=(
                *calls("s3", origin, "GetBucketVersioning", "GetBucketReplication"),
                *calls("s3", rule.region, "GetBucketVersioning"),
                *calls("s3", origin, "PutBucketReplication"),
            ),
            estimate_seconds=10,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the bucket has the rule, as it should be, and both keep versions."""
        config = reading.configuration(self._there(aws), self.bucket)
        facts = {"configuration": config}
        blocked, hint = self._obstacle(aws, config)
        if blocked is not None:
            return Observation(False, facts, blocked, hint)
        here = At(aws, self.account, self.rule.region)
        versions = reading.versioning(here, self.rule.destination)
        if versions != reading.ENABLED:
            if self.by_stack:
                # a preview looks before the shard's stack has made the bucket
                return Observation(False, facts)
            return Observation(
                False,
                facts,
                f"bucket {self.rule.destination} in {self.rule.region} is "
                + ("absent" if versions is None else "not versioned"),
                "have its owner make it, with versioning; S3 replicates nothing else",
            )
        return Observation(self._holds(config), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Put our rule beside those of others, and see that it is there."""
        at = self._there(aws)
        config = reading.configuration(at, self.bucket)
        if not self._holds(config):
            at.call(
                "s3",
                "put_bucket_replication",
                Bucket=self.bucket,
                ReplicationConfiguration=self._merged(config),
            )
        run.wait(
            lambda: True if self._holds(reading.configuration(at, self.bucket)) else None,
            what=f"rule {self.rule.id} of {self.bucket}",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws s3api get-bucket-replication --bucket {self.bucket}; then drstate resume",
        )
        kept = [str(one.get("ID")) for one in (config or {}).get("Rules", [])]
        return {
            "rule": self.rule.id,
            "kept_rules": sorted(name for name in kept if name != self.rule.id),
            "not_replicated": "objects from before the rule; S3 Batch Replication copies them",
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Put the recorded configuration back, or take ours away where there was none."""
        at = self._there(aws)
        before = recorded.get("configuration")
        if before:
            at.call(
                "s3",
                "put_bucket_replication",
                Bucket=self.bucket,
                ReplicationConfiguration=before,
            )
        else:
            at.call("s3", "delete_bucket_replication", Bucket=self.bucket)
        return {"configuration": before}

    def _there(self, aws: AwsCaller) -> At:
        return At(aws, self.account, self.origin)

    def _obstacle(self, aws: AwsCaller, config: dict[str, Any] | None) -> tuple[str | None, str]:
        versions = reading.versioning(self._there(aws), self.bucket)
        if versions is None:
            return (
                f"bucket {self.bucket} in {self.origin} does not exist",
                "drstate discover shows what is there",
            )
        if versions != reading.ENABLED:
            return (
                f"bucket {self.bucket} in {self.origin} keeps no versions",
                "have its owner turn versioning on; S3 replicates nothing else",
            )
        if self.role is None and config is None:
            return (
                f"nobody says which role replicates {self.bucket}",
                "add policies.s3.replication_role to the scope file",
            )
        return None, ""

    def _holds(self, config: dict[str, Any] | None) -> bool:
        wanted = self.rule.as_api(1)
        return reading.same_rule(reading.rule(config, self.rule.id), wanted)

    def _merged(self, config: dict[str, Any] | None) -> dict[str, Any]:
        others = [one for one in (config or {}).get("Rules", []) if one.get("ID") != self.rule.id]
        priority = 1 + max((int(one.get("Priority", 0)) for one in others), default=0)
        return {
            # one role replicates for all rules of a bucket: theirs, where they have any
            "Role": reading.others_role(config) or self.role or (config or {}).get("Role"),
            "Rules": [*others, self.rule.as_api(priority)],
        }


class Route(Action):
    """Have the access point send all traffic to one region."""

    def __init__(
        self,
        entry: CatalogEntry,
        routes: Routes,
        *,
        to: str,
        away_from: str,
        by_stack: bool,
        replicated: tuple[str, str, str] | None = None,
    ) -> None:
        self.account = entry.resource.account
        self.routes = routes
        self.wanted = {to: _ACTIVE, away_from: _PASSIVE}
        self.to = to
        self.by_stack = by_stack
        #: source, destination and rule of what flows into ``to``: its lag is told
        self.replicated = replicated
        metric = calls("cloudwatch", to, "GetMetricStatistics") if replicated else []
        self.spec = ActionSpec(
            id=f"{entry.key}#route",
            resource=entry.key,
            technology="s3",
            title=f"route access point {routes.name} to {to} and not to {away_from}",
            when=When.AFTER,
            calls=(*routes.told("SubmitMultiRegionAccessPointRoutes"), *metric),
            estimate_seconds=60,
            deadline_seconds=_ROUTED_WITHIN,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the dials in force are the wanted ones."""
        arn = self.routes.arn(aws)
        if arn is None and self.by_stack:
            # a preview looks before the shard's stack has made it
            return Observation(False, {"access_point": None})
        if arn is None:
            return Observation(
                False,
                {"access_point": None},
                f"access point {self.routes.name} is not known",
                "drstate up --phase replicate makes it and records its alias",
            )
        dials = self.routes.dials(aws, arn)
        return Observation(dials == self.wanted, {"access_point": arn, "dials": dials})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Change both dials in one call, and wait until that is in force."""
        lag, pending = self._behind(aws, run)
        through = self._turn(aws, run, self.wanted)
        result: dict[str, Any] = {"dials": self.wanted, "through": through}
        if self.replicated is not None:
            result |= {
                "lag_seconds_before": lag,
                "pending_bytes_before": pending,
                "data_loss": _loss(lag),
            }
        return result

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Turn the recorded dials back."""
        before = recorded.get("dials")
        if not before:
            raise OperationError(
                f"no earlier routes of {self.routes.name} are recorded",
                why="the observation before has no dials",
                hint="drstate up --phase activate routes to one site",
            )
        wanted = {str(region): int(dial) for region, dial in before.items()}
        return {"dials": wanted, "through": self._turn(aws, run, wanted)}

    def _turn(self, aws: AwsCaller, run: RunContext, wanted: dict[str, int]) -> str:
        arn = self.routes.arn(aws)
        if arn is None:
            raise OperationError(
                f"access point {self.routes.name} does not exist",
                why="GetMultiRegionAccessPoint does not know it",
                hint="drstate up --phase replicate makes it",
            )
        through = ""
        if self.routes.dials(aws, arn) != wanted:
            through = self.routes.submit(aws, arn, wanted)
        run.wait(
            lambda: True if self.routes.dials(aws, arn) == wanted else None,
            what=f"the routes of {self.routes.name} to be in force",
            timeout_seconds=_ROUTED_WITHIN,
            hint=f"aws s3control get-multi-region-access-point-routes --mrap {arn}; then "
            "drstate resume",
        )
        return through

    def _behind(self, aws: AwsCaller, run: RunContext) -> tuple[float | None, float | None]:
        if self.replicated is None:
            return None, None
        at = At(aws, self.account, self.to)
        return reading.measured(at, *self.replicated, run.clock.now())


def _loss(lag: float | None) -> str:
    late = "objects that were not replicated yet arrive once the other region answers"
    if lag is None:
        return f"nothing is deleted; {late} (AWS had no measurement of how many)"
    return f"nothing is deleted; {late} (up to about {lag:.0f} s of writes)"
