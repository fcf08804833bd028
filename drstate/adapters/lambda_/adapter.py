"""Lambda: functions that exist at both sites and run at one.

A standby has the code, the aliases and the mappings, and may not run: its concurrency is zero. What
runs is moved by actions alone, at declared and at foreign sites alike, so an emergency leaves
nothing to reconcile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.findings import Health
from drstate.adapters.lambda_ import capture, drill, health, needs, reading
from drstate.adapters.lambda_.place import CONCURRENCY, UNRESERVED_FLOOR, Place
from drstate.adapters.lambda_.starting import (
    EnableMappings,
    MoveAlias,
    ProvisionConcurrency,
    ReserveConcurrency,
)
from drstate.adapters.lambda_.stopping import StopFunction
from drstate.adapters.quotas import SEE_QUOTAS, Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import When
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.lambda_.owners import MAPPING
from drstate.programs.lambda_.spec import LambdaSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "a function has no part that spans both sites"
_NOTHING_WARM = (
    "nothing is to be warmed up: the function, its aliases and its mappings stand ready, and it "
    "may not run before the site is active"
)
_FUNCTIONS = ("arn:aws:lambda:*:*:function:*",)
_MAPPINGS = ("arn:aws:lambda:*:*:event-source-mapping:*",)


class LambdaAdapter(Adapter):
    """Functions from a package in a bucket, or from an image."""

    technology = "lambda"
    summary = (
        "Lambda functions: at concurrency 0 with mappings off in standby; when active the aliases "
        "move and exactly production's mappings read"
    )
    services = ("lambda", "s3", "ecr", "service-quotas")
    grants = (
        SEE_QUOTAS,
        Grant(
            "see functions, versions, aliases and their settings",
            (
                "lambda:GetAlias",
                "lambda:GetFunction",
                "lambda:GetPolicy",
                "lambda:ListAliases",
                "lambda:ListFunctionEventInvokeConfigs",
                "lambda:ListFunctionUrlConfigs",
                "lambda:ListProvisionedConcurrencyConfigs",
                "lambda:ListVersionsByFunction",
            ),
            _FUNCTIONS,
        ),
        Grant(
            "see the account's concurrency, and find mappings: these have no resource to name",
            ("lambda:GetAccountSettings", "lambda:ListEventSourceMappings"),
        ),
        Grant("see event source mappings", ("lambda:GetEventSourceMapping",), _MAPPINGS),
        Grant(
            "let a function run or not",
            (
                "lambda:DeleteProvisionedConcurrencyConfig",
                "lambda:PutFunctionConcurrency",
                "lambda:PutProvisionedConcurrencyConfig",
            ),
            _FUNCTIONS,
        ),
        Grant(
            "give a reservation back",
            ("lambda:DeleteFunctionConcurrency",),
            _FUNCTIONS,
            uncalled="only where production's function has no concurrency of its own",
        ),
        Grant(
            "move aliases",
            ("lambda:UpdateAlias",),
            _FUNCTIONS,
            uncalled="only where another version was published since the alias was made",
        ),
        Grant(
            "switch event source mappings",
            ("lambda:UpdateEventSourceMapping",),
            _MAPPINGS,
        ),
        Grant(
            "see that the package is in reach",
            ("s3:GetObjectAttributes",),
            ("arn:aws:s3:::*/*",),
        ),
        Grant(
            "see that the package is in reach, as S3 checks it",
            ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionAttributes"),
            ("arn:aws:s3:::*/*",),
            uncalled="S3 checks them where attributes are asked for",
        ),
        Grant(
            "see that images and layers are in reach",
            ("ecr:DescribeImages", "lambda:GetLayerVersion"),
            ("arn:aws:ecr:*:*:repository/*", "arn:aws:lambda:*:*:layer:*:*"),
            uncalled="only for functions that are images or have layers",
        ),
    )
    stack_grants = (
        Grant(
            "declare functions, aliases and permissions",
            (
                "lambda:AddPermission",
                "lambda:CreateAlias",
                "lambda:CreateFunction",
                "lambda:DeleteAlias",
                "lambda:DeleteFunction",
                "lambda:GetFunctionConfiguration",
                "lambda:RemovePermission",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ),
            _FUNCTIONS,
        ),
        Grant(
            "declare settings of asynchronous invocations",
            (
                "lambda:DeleteFunctionEventInvokeConfig",
                "lambda:GetFunctionEventInvokeConfig",
                "lambda:PutFunctionEventInvokeConfig",
            ),
            _FUNCTIONS,
        ),
        Grant(
            "tag functions and mappings",
            ("lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"),
            (*_FUNCTIONS, *_MAPPINGS),
        ),
        Grant(
            "declare mappings: making one has no resource to name",
            ("lambda:CreateEventSourceMapping",),
        ),
        Grant("declare mappings", ("lambda:DeleteEventSourceMapping",), _MAPPINGS),
        Grant(
            "read packages, and put functions into their VPC",
            (
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "s3:GetObject",
                "s3:GetObjectVersion",
            ),
            uncalled="Lambda and S3 check them where a function is made",
        ),
        Grant(
            "publish versions",
            ("lambda:PublishVersion",),
            _FUNCTIONS,
            uncalled="only where code or settings change; the function comes with a version",
        ),
        Grant(
            "hand roles to functions",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled="Lambda checks it where a function is made",
        ),
    )
    #: another change of the function or the mapping is still under way
    transient_codes = frozenset({"ResourceConflictException", "ResourceInUseException"})
    drill_grants = drill.GRANTS
    spec_type = LambdaSpec
    claims = (
        Claim(
            technology="lambda",
            explorer_type="lambda:function",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:(?P<name>[^:]+)"
            ),
        ),
    )
    limits = (
        CONCURRENCY,
        Limit("concurrency that has to stay unreserved", UNRESERVED_FLOOR),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the function that production invokes; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The mapping of the source and the function in the inputs."""
        source, function = str(inputs.get("eventSourceArn") or ""), inputs.get("functionName")
        if kind != MAPPING or source.count(":") < 5 or not function:
            return None
        at = At(aws, account, source.split(":")[3])
        name, _, alias = str(function).rpartition(":function:")[2].partition(":")
        if reading.function(at, name) is None:
            return None
        found = [reading.mapping_of(item) for item in reading.mappings(at, name, [alias or None])]
        return next((one.uuid for one in found if one.source == source), None)

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """The code is in reach of the region."""
        if site.region == GLOBAL:
            return ()
        place = self._place(entry, site)
        at = At(aws, entry.resource.account, site.region)
        if phase is Phase.REPLICATE and site.by_stack:
            return tuple(needs.code(place, at))
        return ()

    def used(self, limit: Limit, at: At) -> dict[str, int]:  # noqa: ARG002 - there is one
        """What functions have reserved for themselves."""
        return {"": reading.reserved(at)}

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """Production's concurrency; before INSTANTIATE, too, while there is time to raise it."""
        if site.region == GLOBAL or phase not in (Phase.INSTANTIATE, Phase.ACTIVATE):
            return ()
        return self._place(entry, site).demand(At(aws, entry.resource.account, site.region))

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The function at the other site goes on."""
        spec = self._spec(entry)
        sources = sorted(mapping.source for mapping in spec.mappings if mapping.enabled)
        reads = f", and goes on reading {', '.join(sources)}" if sources else ""
        return (
            f"function {spec.name} in {site.other} can still be invoked{reads}; it may do the same "
            "work a second time"
        )

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """An alias to the version that would serve; it is not executed."""
        return (drill.DrillAlias(self._place(entry, site), site.drill),)

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:  # noqa: ARG002 - the contract
        """Nowhere: nothing of it runs."""
        return Unconfined("an alias runs nothing, and a dry run executes nothing")

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: a function at concurrency zero has nothing to warm up."""
        return Work(no_op=_NOTHING_GLOBAL if site.region == GLOBAL else _NOTHING_WARM)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Stop it at the other site; then concurrency, aliases and mappings here."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        place = self._place(entry, site)
        actions: list[Any] = []
        if not site.force and entry.owner(site.other) is not None:
            fence = StopFunction(
                entry, place.name, site.other, action="fence", when=When.BEFORE, by_stack=False
            )
            actions.append(fence)
        actions.append(ReserveConcurrency(place))
        for alias in place.spec.aliases:
            actions.append(MoveAlias(place, alias))
            count = place.provisioned(alias)
            if count:
                actions.append(ProvisionConcurrency(place, alias, count))
        if place.spec.mappings:
            actions.append(EnableMappings(place))
        return Work(tuple(actions))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing runs at the site that was left."""
        return self._stop(entry, site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Nothing runs; code, aliases and mappings stand ready."""
        return self._stop(entry, site)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """It may run, its aliases name production's code, its mappings read."""
        return health.serving(
            self._place(entry, site), At(aws, entry.resource.account, site.region)
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """It is there with production's code, and nothing of it runs."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        phase = Phase.CLEANUP if site.state is SiteState.RETIRED else Phase.REPLICATE
        return health.stopped(
            self._place(entry, site),
            At(aws, entry.resource.account, site.region),
            why=str(phase),
        )

    def _spec(self, entry: CatalogEntry) -> LambdaSpec:
        return LambdaSpec.model_validate(entry.spec)

    def _place(self, entry: CatalogEntry, site: SiteContext) -> Place:
        return Place(entry, self._spec(entry), site)

    def _stop(self, entry: CatalogEntry, site: SiteContext) -> Work:
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        stop = StopFunction(
            entry,
            self._spec(entry).name,
            site.region,
            action="stop",
            when=When.AFTER,
            by_stack=site.by_stack,
        )
        return Work((stop,))
