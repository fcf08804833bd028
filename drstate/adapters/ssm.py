"""Hooks that are automation documents of Systems Manager.

A run is started with a client token that the journal has seen before: after a crash the same run is
found again, not a second one begun. Runs carry tags, so that Systems Manager itself tells how the
last one of a hook and phase ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    next_run,
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
from drstate.errors import AwsCallError, DrstateError, OperationError, TimedOutError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.named import Hook
from drstate.model.phases import Phase
from drstate.model.plan import ActionSpec
from drstate.model.resource import Resource
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.hooks import DocumentSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

SUCCEEDED = frozenset({"Success", "CompletedWithSuccess"})
FAILED = frozenset(
    {
        "Cancelled",
        "ChangeCalendarOverrideRejected",
        "CompletedWithFailure",
        "Exited",
        "Failed",
        "Rejected",
        "TimedOut",
    }
)
_ABSENT = ("InvalidDocument", "InvalidDocumentOperation")
_GIVEN_UP_SECONDS = 30
_UNNAMEABLE = re.compile(r"[^\w .:/=+@-]")


class SsmAdapter(HookAdapter):
    """Automation documents that the scope file names."""

    technology = "ssm"
    unrehearsed = "a hook does its owner's work in earnest; an automation for drills is run by hand"
    summary = "hooks: automation documents of Systems Manager, before or after a wave's work"
    services = ("ssm",)
    grants = (
        Grant("see documents", ("ssm:DescribeDocument",), ("arn:aws:ssm:*:*:document/*",)),
        Grant("find runs of them", ("ssm:DescribeAutomationExecutions",)),
        Grant(
            "see how runs went",
            ("ssm:GetAutomationExecution",),
            ("arn:aws:ssm:*:*:automation-execution/*",),
        ),
        Grant(
            "start documents",
            ("ssm:StartAutomationExecution",),
            (
                "arn:aws:ssm:*:*:automation-definition/*",
                "arn:aws:ssm:*:*:automation-execution/*",
                "arn:aws:ssm:*:*:document/*",
            ),
        ),
        Grant(
            "give runs their tags",
            ("ssm:AddTagsToResource",),
            ("arn:aws:ssm:*:*:automation-execution/*",),
            uncalled="Systems Manager asks for it where a run is started with tags",
        ),
    )
    spec_type = DocumentSpec
    #: hooks carry no tags: the scope file names them
    claims = ()
    limits = (Limit("automations that run at once", 100),)
    deviations = {"again-changes-nothing": AGAIN}

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The document at the source, which ``resource.arn`` names. Raises OperationError."""
        name = resource.arn.partition(" ")[2]
        found = _document(At(aws, resource.account, resource.region), name)
        wrong = _unusable(found, name, resource.region)
        if wrong is not None:
            raise OperationError(
                f"{resource.key}: {wrong}",
                why=f"looked in account {resource.account}",
                hint="create the document, or mend the scope file's hooks list",
            )
        declared = found.get("Parameters") or []
        return DocumentSpec(
            region=resource.region,
            captured_at=self.clock.now(),
            document=name,
            content_hash=str(found.get("Hash", "")),
            parameters=tuple(sorted(one["Name"] for one in declared)),
            required=tuple(sorted(one["Name"] for one in declared if "DefaultValue" not in one)),
        )

    def hooked(self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase) -> Action:
        """Start the document and wait for its end."""
        return RunDocument(entry, site, hook, phase, self.clock)

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """The document is there, and takes the parameters that it is given."""
        hook = hook_of(entry.resource, site.scope)
        if hook is None or not_run(hook, phase, site) is not None:
            return ()
        region = region_of(hook, site)
        name = target(hook, hook.runs, SiteMapTable.DOCUMENTS, site)
        found = _document(At(aws, hook.account, region), name)
        wrong = _unusable(found, name, region)
        declared = found.get("Parameters") or []
        given, known = set(hook.parameters), {one["Name"] for one in declared}
        needed = {one["Name"] for one in declared if "DefaultValue" not in one}
        if wrong is None and given - known:
            wrong = f"document {name} in {region} has no parameter {min(given - known)}"
        if wrong is None and needed - given:
            wrong = f"document {name} in {region} needs the parameter {min(needed - given)}"
        if wrong is None:
            return (Health(ResourceStatus.HEALTHY, f"document {name} can be run in {region}"),)
        status = ResourceStatus.DEGRADED if tolerated(hook) else ResourceStatus.UNHEALTHY
        hint = f"create or mend it in {region}, or correct hook {hook.name} in {site.scope_file}"
        return (Health(status, f"hook {hook.name}: {wrong}", hint),)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """How the last run of this hook and phase ended."""
        hook = hook_of(entry.resource, site.scope)
        phase = phase_of(site.state)
        skipped = not_run(hook, phase, site)
        if hook is None or phase is None or skipped is not None:
            return Health(ResourceStatus.HEALTHY, f"nothing to run: {skipped}")
        region = region_of(hook, site)
        runs = _runs(At(aws, hook.account, region), hook, phase)
        if not runs:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"hook {hook.name} has not run for {phase} in {region}",
                f"drstate up --phase {phase} runs it",
            )
        last = runs[0]
        status, execution = last["AutomationExecutionStatus"], last["AutomationExecutionId"]
        facts = {"execution": execution, "status": status}
        if status in SUCCEEDED:
            return Health(ResourceStatus.HEALTHY, f"the last run ended with {status}", facts=facts)
        return Health(
            ResourceStatus.DEGRADED if tolerated(hook) else ResourceStatus.UNHEALTHY,
            f"the last run of hook {hook.name} is {status}",
            _command(execution, region),
            facts,
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """As ``health``, for the phase that leads to the site's state."""
        return self.health(entry, site, aws)


class RunDocument(Action):
    """One run of an automation document."""

    def __init__(
        self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase, clock: Clock
    ) -> None:
        self.entry = entry
        self.hook = hook
        self.phase = phase
        self.region = region_of(hook, site)
        self.document = target(hook, hook.runs, SiteMapTable.DOCUMENTS, site)
        self.parameters = parameters(hook, site)
        self.clock = clock
        self.spec = ActionSpec(
            id=f"{entry.key}#run",
            resource=entry.key,
            technology="ssm",
            title=f"run document {self.document} in {self.region}",
            when=when_of(hook),
            outermost=True,
            guards=guards(hook),
            calls=tuple(
                calls(
                    "ssm",
                    self.region,
                    "DescribeDocument",
                    "DescribeAutomationExecutions",
                    "StartAutomationExecution",
                    "GetAutomationExecution",
                )
            ),
            estimate_seconds=min(60, hook.timeout_seconds),
            deadline_seconds=hook.timeout_seconds + _GIVEN_UP_SECONDS,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Never done before it ran. The fact ``run`` becomes the client token."""
        found = _document(self._at(aws), self.document)
        wrong = _unusable(found, self.document, self.region)
        facts = {
            "run": fresh_run(self.entry, self.phase, self.region, self.clock),
            "document": self.document,
            "version": str(found.get("DocumentVersion", "")),
        }
        hint = f"create the document in {self.region} of account {self.hook.account}"
        return Observation(False, facts, wrong, hint if wrong else "")

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Start it, or find the run that an earlier attempt started, and wait for its end."""
        at = self._at(aws)
        execution = self._start(at, run)
        try:
            done = self._wait(at, run, execution)
        except (OperationError, TimedOutError) as error:
            if isinstance(error, AwsCallError) or not tolerated(self.hook):
                raise
            return {"execution": execution, "failed": error.as_dict()}
        return {
            "execution": execution,
            "status": done["AutomationExecutionStatus"],
            "outputs": _outputs(done.get("Outputs") or {}),
        }

    def _start(self, at: At, run: RunContext) -> str:
        token = str(
            run.facts.get("run") or fresh_run(self.entry, self.phase, self.region, run.clock)
        )
        ended = {
            one["AutomationExecutionId"]
            for one in _runs(at, self.hook, self.phase)
            if one["AutomationExecutionStatus"] in FAILED
        }
        while True:
            started: str = at.call(
                "ssm",
                "start_automation_execution",
                DocumentName=self.document,
                Parameters=self.parameters,
                ClientToken=token,
                Tags=[
                    {"Key": _tag(self.hook, self.phase), "Value": _UNNAMEABLE.sub("-", token)},
                    {"Key": "drstate:resource", "Value": self.entry.key},
                ],
            )["AutomationExecutionId"]
            if started not in ended:
                return started
            # an earlier attempt's run, and it failed: this is another attempt
            token = next_run(token, started)

    def _wait(self, at: At, run: RunContext, execution: str) -> Mapping[str, Any]:
        def over() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] = at.call(
                "ssm", "get_automation_execution", AutomationExecutionId=execution
            )["AutomationExecution"]
            status = found["AutomationExecutionStatus"]
            return found if status in SUCCEEDED | FAILED else None

        done = run.wait(
            over,
            what=f"the end of document {self.document} (execution {execution})",
            timeout_seconds=self.hook.timeout_seconds,
            hint=f"{_command(execution, self.region)}; it goes on by itself, or waits for an "
            "approval; then drstate resume",
        )
        if done["AutomationExecutionStatus"] in FAILED:
            raise self._failure(done)
        return done

    def _failure(self, done: Mapping[str, Any]) -> DrstateError:
        steps = done.get("StepExecutions") or []
        failed = next((one for one in steps if one.get("StepStatus") in FAILED), None)
        why = done.get("FailureMessage") or "Systems Manager gives no reason"
        if failed is not None:
            why = f"step {failed['StepName']}: {failed.get('FailureMessage') or why}"
        status = done["AutomationExecutionStatus"]
        return OperationError(
            f"document {self.document} in {self.region} ended with {status}",
            why=kept(why),
            hint=f"{_command(done['AutomationExecutionId'], self.region)}; mend the cause, then "
            "drstate resume runs it again",
        )

    def _at(self, aws: AwsCaller) -> At:
        return At(aws, self.hook.account, self.region)


def _document(at: At, name: str) -> dict[str, Any]:
    found: dict[str, Any] = at.find("ssm", "describe_document", *_ABSENT, Name=name).get(
        "Document", {}
    )
    return found


def _unusable(found: Mapping[str, Any], name: str, region: str) -> str | None:
    if not found:
        return f"there is no document {name} in {region}"
    if found.get("DocumentType") != "Automation":
        return f"document {name} in {region} is a {found.get('DocumentType')}, no automation"
    return None


def _runs(at: At, hook: Hook, phase: Phase) -> list[dict[str, Any]]:
    """Runs of a hook for a phase, the last one first."""
    found = at.pages(
        "ssm",
        "describe_automation_executions",
        "AutomationExecutionMetadataList",
        Filters=[{"Key": "TagKey", "Values": [_tag(hook, phase)]}],
    )
    return sorted(found, key=lambda one: one["ExecutionStartTime"], reverse=True)


def _tag(hook: Hook, phase: Phase) -> str:
    return f"drstate:hook/{hook.name}/{phase}"


def _command(execution: str, region: str) -> str:
    return (
        f"aws ssm get-automation-execution --automation-execution-id {execution} --region {region}"
    )


def _outputs(found: Mapping[str, Any]) -> dict[str, str]:
    return {name: kept(", ".join(values)) for name, values in sorted(found.items())[:20]}


ADAPTER = SsmAdapter
