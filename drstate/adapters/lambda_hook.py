"""Hooks that are Lambda functions: invoked once per run, and once more where the answer was lost.

Lambda keeps no record of what it was asked, so that after a crash in the very moment the function
may be invoked again: it gets the id of the run, and has to bear that. Where the scope file names a
``check`` function, that one is asked first whether the work is done.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.findings import Health
from drstate.adapters.hooks import (
    AGAIN,
    HookAdapter,
    fresh_run,
    guards,
    hook_of,
    not_run,
    parameters,
    phase_of,
    region_of,
    target,
    tolerated,
    when_of,
)
from drstate.adapters.outputs import kept
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.aws.functions import ask, invoke
from drstate.aws.ways import Way
from drstate.errors import DrstateError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.named import Hook
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec, Plane
from drstate.model.resource import Resource
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.hooks import FunctionSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

SCHEMA = "drstate.hook/1"
_ABSENT = "ResourceNotFoundException"
_SPARE_SECONDS = 10


class LambdaHookAdapter(HookAdapter):
    """Functions that the scope file names."""

    technology = "lambda-hook"
    unrehearsed = "a hook does its owner's work in earnest"
    summary = "hooks: Lambda functions, invoked before or after a wave's work"
    services = ("lambda",)
    grants = (
        Grant(
            "see functions",
            ("lambda:GetFunctionConfiguration",),
            ("arn:aws:lambda:*:*:function:*",),
        ),
        Grant(
            "invoke functions (name yours here to narrow it)",
            ("lambda:InvokeFunction",),
            ("arn:aws:lambda:*:*:function:*",),
        ),
    )
    spec_type = FunctionSpec
    #: hooks carry no tags: the scope file names them
    claims = ()
    limits = (Limit("invocations at once in the account", 1000, "lambda", "L-B99A9384"),)
    deviations = {
        "again-changes-nothing": AGAIN,
        "tells-unhealthy": "Lambda keeps no record of invocations: a hook that never ran is not "
        "unhealthy",
    }

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The function at the source, which ``resource.arn`` names. Raises OperationError."""
        name = resource.arn.partition(" ")[2]
        found = _function(At(aws, resource.account, resource.region), name)
        if not found:
            raise OperationError(
                f"{resource.key}: there is no function {name} in {resource.region}",
                why=f"looked in account {resource.account}",
                hint="create the function, or mend the scope file's hooks list",
            )
        return FunctionSpec(
            region=resource.region,
            captured_at=self.clock.now(),
            function=name,
            code_sha256=str(found.get("CodeSha256", "")),
            timeout_seconds=int(found.get("Timeout", 3)),
        )

    def hooked(self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase) -> Action:
        """Invoke the function and wait for its answer."""
        return InvokeFunction(entry, site, hook, phase, self.clock)

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """The functions are there, and may run as long as the hook is given."""
        hook = hook_of(entry.resource, site.scope)
        if hook is None or not_run(hook, phase, site) is not None:
            return ()
        region = region_of(hook, site)
        found: list[Health] = []
        for written in filter(None, (hook.function, hook.check)):
            name = target(hook, written, SiteMapTable.FUNCTIONS, site)
            shown = _function(At(aws, hook.account, region), name)
            if not shown:
                status = ResourceStatus.DEGRADED if tolerated(hook) else ResourceStatus.UNHEALTHY
                hint = f"create it in {region}, or map it in site_map.{region}.functions"
                what = f"hook {hook.name}: there is no function {name} in {region}"
                found.append(Health(status, what, hint))
            elif int(shown.get("Timeout", 3)) > hook.timeout_seconds:
                found.append(
                    Health(
                        ResourceStatus.DEGRADED,
                        f"hook {hook.name}: function {name} may run {shown['Timeout']} s, and is "
                        f"waited for {hook.timeout_seconds} s",
                        f"give the hook timeout_seconds: {shown['Timeout']} in {site.scope_file}",
                    )
                )
            else:
                found.append(Health(ResourceStatus.HEALTHY, f"function {name} is in {region}"))
        return tuple(found)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """What is remembered of the last run; that the function is there, in any case."""
        hook = hook_of(entry.resource, site.scope)
        phase = phase_of(site.state)
        skipped = not_run(hook, phase, site)
        if hook is None or phase is None or skipped is not None:
            return Health(ResourceStatus.HEALTHY, f"nothing to run: {skipped}")
        region = region_of(hook, site)
        name = target(hook, hook.runs, SiteMapTable.FUNCTIONS, site)
        if not _function(At(aws, hook.account, region), name):
            return Health(
                ResourceStatus.UNHEALTHY,
                f"there is no function {name} in {region}",
                f"create it there, or map it in site_map.{region}.functions",
            )
        last = entry.memory.get(site.region, {}).get(_memory(phase))
        if not last:
            return Health(ResourceStatus.HEALTHY, f"function {name} is there; no run is remembered")
        if last.get("ok"):
            return Health(ResourceStatus.HEALTHY, f"it answered at {last['at']}", facts=dict(last))
        return Health(
            ResourceStatus.DEGRADED, f"its last run failed: {last.get('what')}", _logs(name, region)
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """As ``health``, for the phase that leads to the site's state."""
        return self.health(entry, site, aws)


class InvokeFunction(Action):
    """One invocation."""

    def __init__(
        self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase, clock: Clock
    ) -> None:
        self.entry = entry
        self.hook = hook
        self.phase = phase
        self.region = region_of(hook, site)
        self.function = target(hook, hook.runs, SiteMapTable.FUNCTIONS, site)
        self.check = hook.check and target(hook, hook.check, SiteMapTable.FUNCTIONS, site)
        self.clock = clock
        self.request: dict[str, Any] = {
            "schema": SCHEMA,
            "hook": hook.name,
            "customer": site.scope.customer,
            "environment": str(site.scope.environment),
            "phase": str(phase),
            "region": site.region,
            "force": site.force,
            "parameters": parameters(hook, site),
        }
        self.spec = ActionSpec(
            id=f"{entry.key}#invoke",
            resource=entry.key,
            technology="lambda-hook",
            title=f"invoke function {self.function} in {self.region}",
            when=when_of(hook),
            outermost=True,
            guards=guards(hook),
            calls=(
                *calls("lambda", self.region, "GetFunctionConfiguration"),
                *calls("lambda", self.region, "Invoke", plane=Plane.DATA),
            ),
            estimate_seconds=min(30, hook.timeout_seconds),
            deadline_seconds=hook.timeout_seconds + _SPARE_SECONDS,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where the check says so; without one, never before it ran."""
        facts: dict[str, Any] = {
            "run": fresh_run(self.entry, self.phase, self.region, self.clock),
            "function": self.function,
        }
        if not _function(At(aws, self.hook.account, self.region), self.function):
            return Observation(
                False,
                facts,
                f"there is no function {self.function} in {self.region}",
                f"create it there, or map it in site_map.{self.region}.functions",
            )
        if self.check is None:
            return Observation(False, facts)
        asked = {**self.request, "check": True}
        try:
            told = invoke(aws, self.check, asked, account=self.hook.account, region=self.region)
        except DrstateError as error:
            # a broken check must not stand between the operator and the hook
            return Observation(False, {**facts, "check": f"{error.what}: {kept(error.why, 200)}"})
        return Observation(told.get("done") is True, {**facts, "check": kept(json.dumps(told))})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Invoke it, and keep the end of what it said."""
        name = str(
            run.facts.get("run") or fresh_run(self.entry, self.phase, self.region, run.clock)
        )
        way = Way(read_seconds=self.hook.timeout_seconds + 5.0, once=True)
        told = ask(
            aws.derived(way=way),
            self.function,
            {**self.request, "run": name},
            account=self.hook.account,
            region=self.region,
        )
        text, log = told.text, kept(told.log)
        at = run.clock.now().isoformat()
        result: dict[str, Any] = {"run": name, "answer": kept(text), "log": log}
        if not told.failed:
            return {**result, "memory": {_memory(self.phase): {"ok": True, "at": at}}}
        error = OperationError(
            f"function {self.function} in {self.region} raised an error",
            why=kept(text, 600) + (f"; its log ends with: {log[-600:]}" if log else ""),
            hint=f"{_logs(self.function, self.region)}; mend the cause, then drstate resume",
        )
        if not tolerated(self.hook):
            raise error
        remembered = {"ok": False, "at": at, "what": kept(text, 200)}
        return {
            **result,
            "failed": error.as_dict(),
            "memory": {_memory(self.phase): remembered},
        }


def _function(at: At, name: str) -> dict[str, Any]:
    return at.find("lambda", "get_function_configuration", _ABSENT, FunctionName=name)


def _memory(phase: Phase) -> str:
    return f"hook.{phase}"


def _logs(function: str, region: str) -> str:
    name = function.rpartition(":function:")[2].partition(":")[0]
    return f"aws logs tail /aws/lambda/{name} --since 1h --region {region}"


ADAPTER = LambdaHookAdapter
