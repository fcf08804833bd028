"""Executions in which all is real but AWS: actions end at once, resources are well at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from drstate.adapters.actions import Action, Observation, RunContext, Work
from drstate.adapters.base import Adapter
from drstate.adapters.findings import Health
from drstate.adapters.site import SiteContext
from drstate.errors import InternalError
from drstate.execution.executing import RunOptions, creation, run_attempt
from drstate.execution.making_plan import PlannedRun
from drstate.execution.services import Services
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Operation, Phase
from drstate.model.plan import ActionSpec, When
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from drstate.planning.work import PlannedWork, WorkRequest
from drstate.report.preview import PlanPreview
from drstate.report.view import ExecutionView


class InstantAction(Action):
    """Done as soon as it is run."""

    def __init__(self, spec: ActionSpec) -> None:
        self.spec = spec

    def observe(self, aws: Any) -> Observation:  # noqa: ARG002 - the contract
        """Not done."""
        return Observation(False, {"was": "there"})

    def run(self, aws: Any, run: RunContext) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Done."""
        return {"is": "here"}


class InstantAdapter(Adapter):
    """Two actions a resource, which is well."""

    technology = "instant"
    summary = "nothing"
    services = ()
    grants = ()
    spec_type = Spec
    claims = ()

    def capture(self, resource: Any, aws: Any) -> Spec:
        """Nothing is captured here."""
        raise InternalError(f"{resource} is not captured", why=str(aws), hint="")

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002
        """Two actions."""
        return Work(tuple(InstantAction(spec) for spec in specs(entry)))

    instantiate = cleanup = replicate = activate

    def health(self, entry: Any, site: Any, aws: Any) -> Health:  # noqa: ARG002
        """Well."""
        return Health(ResourceStatus.HEALTHY, "well")

    ready = health


def specs(entry: CatalogEntry) -> tuple[ActionSpec, ...]:
    """The two actions."""
    return tuple(
        ActionSpec(
            id=f"{entry.key}#{when}", resource=entry.key, technology="instant", title=str(when),
            when=when, calls=(), estimate_seconds=10, deadline_seconds=600,
        )
        for when in When
    )  # fmt: skip


class _Work:
    def work(self, request: WorkRequest) -> PlannedWork:
        return PlannedWork(actions=specs(request.entry))

    def declares(self, entry: CatalogEntry, site: str) -> bool:  # noqa: ARG002
        return False

    def problems(self, shard: Any) -> tuple[Any, ...]:  # noqa: ARG002
        return ()


class _NoAws:
    def derived(self, **_: Any) -> _NoAws:
        return self


class InstantServices(Services):
    """Services whose adapters and AWS are those above."""

    def adapter(self, technology: str) -> Adapter:  # noqa: ARG002
        """The one above."""
        return InstantAdapter()

    def caller(self, scope: Scope, **_: Any) -> Any:  # noqa: ARG002
        """Nobody is called."""
        return _NoAws()


def opened(folder: Path) -> InstantServices:
    """Services of a project in the folder, with a journal on disk."""
    return cast("InstantServices", InstantServices.open(folder, home=folder / "home"))


def execution(services: InstantServices, number: int, count: int, accounts: int) -> ExecutionView:
    """One execution of a scope of its own: ``count`` resources in so many accounts, two waves."""
    import planning_estate as estate

    ids = [f"2111111111{one:02d}" for one in range(1, accounts + 1)]
    entries = [
        estate.entry(
            f"r{index}", technology="instant", account=ids[index % accounts],
            wave=1 + (index * 2 >= count), declared=(),
        )
        for index in range(count)
    ]  # fmt: skip
    return executed(services, f"customer-{number}", ids, entries)


def executed(
    services: InstantServices,
    customer: str,
    accounts: Sequence[str],
    entries: Sequence[CatalogEntry],
    **policies: Any,
) -> ExecutionView:
    """ACTIVATE of these entries, in a scope with these accounts."""
    import planning_estate as estate

    content = estate.SCOPE.model_dump(mode="json", by_alias=True)
    content |= {
        "customer": customer,
        "accounts": [
            {"id": one, "name": one, "role_arn": f"arn:aws:iam::{one}:role/r", "external_id": "xx"}
            for one in accounts
        ],
        "policies": {"approval": "automatic", **policies},
    }
    scope = Scope.model_validate(content)
    catalog = estate.catalog(*entries).model_copy(update={"scope": scope.key, "version": 0})
    request = PlanRequest(Operation.PHASE, (Phase.ACTIVATE,))
    plan = compile_plan(request, catalog, scope, _Work())
    planned = PlannedRun(scope=scope, plan=plan, catalog=catalog)
    seen = PlanPreview(plan=plan, plan_digest=plan.digest(), engine="", stages=())
    return run_attempt(
        services,
        scope,
        services.new_execution(),
        creation(services, planned, seen, message="", consent=None),
        resumed=False,
        options=RunOptions(),
    )
