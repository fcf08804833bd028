"""File systems of initech/production on a sandbox of one's own, without stacks.

``Files`` builds what the runner would hand to an adapter: sites, entries, run contexts. What a
program would declare is made by hand: a test sees the actions of one technology and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import yaml

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.registry import adapter_for
from drstate.adapters.site import SiteContext
from drstate.aws.caller import open_caller
from drstate.aws.records import CallRecord
from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.names import wave_group
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.tags import DrTags
from drstate.sandbox import process
from tests.adapters.world import SandboxClock

EAST, WEST = "us-east-1", "us-west-2"
SCOPE = "initech/production"


class Files:
    """One copy of the demo, with the resource of one technology."""

    def __init__(self, home: Path, technology: str, policies: dict[str, Any]) -> None:
        self.home = home
        self.facts: dict[str, Any] = process.facts(home)[SCOPE][technology]
        content = yaml.safe_load(process.scopes(home)[f"{SCOPE}.yaml"])
        content["policies"].setdefault(technology, {}).update(policies)
        self.scope = Scope.model_validate(content)
        self.clock = SandboxClock(home)
        self.calls: list[CallRecord] = []
        self.aws = open_caller(
            self.scope.accounts, session_name="test", clock=self.clock, on_call=self.calls.append
        )
        self.adapter = type(adapter_for(technology))(clock=self.clock)
        self.technology = technology
        self.serving, self.recovery = EAST, WEST
        self.resource = self._resource(str(self.facts["id"]), str(self.facts["arn"]))

    def _resource(self, name: str, arn: str) -> Resource:
        account = str(self.facts["account"])
        tags = DrTags(customer="initech", environment="production", wave=1)
        return Resource(
            key=resource_key(self.technology, account, name),
            technology=self.technology,
            name=name,
            account=account,
            region=EAST,
            arn=arn,
            tags=tags,
            raw_tags={"Customer": "initech", "dr:enabled": "true"},
        )

    def entry(self) -> CatalogEntry:
        """The resource, captured as it is now."""
        spec = self.adapter.capture(self.resource, self.aws)
        owners = self.adapter.initial_ownership(self.resource, spec, self.scope)
        return CatalogEntry(
            resource=self.resource,
            ownership=owners,
            group=wave_group(1),
            spec=spec.model_dump(mode="json"),
            spec_version=1,
            last_seen=self.clock.now(),
        )

    def site(self, phase: Phase, *, force: bool = False) -> SiteContext:
        """The context of a phase. Nothing is done by a stack."""
        target = self.recovery if phase in (Phase.ACTIVATE, Phase.INSTANTIATE) else None
        region = target or (EAST if self.serving == WEST else WEST)
        catalog = Catalog(
            scope=self.scope.key,
            serving=self.serving,
            recovery=self.recovery,
            sites={EAST: SiteState.ACTIVE, WEST: SiteState.STANDBY},
        )
        known = self.kept.model_copy(
            update={"ownership": dict.fromkeys((EAST, WEST), Ownership.FOREIGN)}
        )
        return SiteContext.of(self.scope, catalog, known, region, phase.leaves, force=force)

    def protect(self) -> None:
        """Capture it, and keep that."""
        self.kept = self.entry()

    def actions(self, phase: Phase, *, force: bool = False) -> list[Action]:
        """The phase's actions."""
        site = self.site(phase, force=force)
        return list(self.adapter.work(phase, self.kept, site).actions)

    def action(self, phase: Phase, name: str, *, force: bool = False) -> Action:
        """One of them, by the end of its id."""
        return next(
            one for one in self.actions(phase, force=force) if one.spec.id.endswith(f"#{name}")
        )

    def run(self, action: Action) -> dict[str, Any]:
        """Observe, and run it unless it is done; with every consent."""
        aws = self.aws.derived(transient_codes=self.adapter.transient_codes)
        seen = action.observe(aws)
        assert seen.blocked is None, seen.blocked
        return {} if seen.done else action.run(aws, self.context(seen.facts))

    def context(self, facts: dict[str, Any]) -> RunContext:
        return RunContext(clock=self.clock, facts=facts, consents=frozenset({"data-loss"}))

    def phase(self, phase: Phase, *, force: bool = False) -> None:
        """All actions of a phase; roles change as they do after it."""
        for action in self.actions(phase, force=force):
            self.run(action)
        target = self.site(phase).region
        if phase is Phase.ACTIVATE:
            self.serving = target
        if phase is Phase.REPLICATE:
            self.recovery = target

    def client(self, service: Any, region: str) -> Any:
        """A client of the account's, past drstate."""
        status = process.status(self.home)
        assert status is not None
        account = next(one for one in status.accounts if one.id == self.facts["account"])
        key = status.credentials
        hub = boto3.client(
            "sts",
            region_name=region,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )
        found = hub.assume_role(
            RoleArn=account.role_arn, RoleSessionName="test", ExternalId=account.external_id
        )["Credentials"]
        return boto3.client(
            service,
            region_name=region,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )


@contextmanager
def copy_of(original: Path, home: Path, technology: str, **policies: Any) -> Iterator[Files]:
    """A copy of a running sandbox for one test."""
    status = process.fork(original, home)
    before = dict(os.environ)
    os.environ.update(process.environment(status))
    try:
        yield Files(home, technology, policies)
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.stop(home)
