"""Who is primary of the configuration, and that the other one applies what it gets.

The broker is asked and told on the side that is to become primary. A switchover is validated first;
a failover is for a primary that does not answer, and makes it a standby only once it has been
reinstated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.commands import Host, look, order, script_calls
from drstate.adapters.oracle_dg import broker
from drstate.adapters.oracle_dg.broker import PRIMARY, STANDBY, Configuration, Database
from drstate.adapters.outputs import kept
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.oracle_dg import OracleDgPolicy, OracleDgSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

DATA_LOSS = "data-loss"


@dataclass(frozen=True)
class Guarded:
    """The configuration, and host and database of each side."""

    entry: CatalogEntry
    spec: OracleDgSpec
    policy: OracleDgPolicy
    #: of the region acted on
    here: Host
    there: Host
    mine: str
    theirs: str
    clock: Clock

    def see(self, aws: AwsCaller, host: Host) -> Configuration:
        """The configuration as the broker on a host tells it."""
        text = self.ask(aws, host, "SHOW CONFIGURATION")
        return broker.configuration(text, str(host))

    def ask(self, aws: AwsCaller, host: Host, *statements: str) -> str:
        """The broker's answer to statements that change nothing."""
        text = self._script(*statements)
        return look(aws, self.clock, host, text, f"at {self.spec.configuration}")

    def database(self, aws: AwsCaller, host: Host, name: str) -> Database:
        """One database."""
        return broker.database(self.ask(aws, host, broker.named("SHOW DATABASE", name)))

    def tell(
        self,
        aws: AwsCaller,
        run: RunContext,
        host: Host,
        statement: str,
        confirmation: str,
        seconds: int,
    ) -> str:
        """Have the broker change something. Raises OperationError unless it confirms."""
        text = order(aws, run, host, self._script(statement), statement, seconds)
        if not broker.confirmed(text, confirmation):
            raise OperationError(
                f"the broker on {host} did not carry out {statement}",
                why=broker.mistakes(text) or kept(text, 600) or "it said nothing",
                hint="see SHOW CONFIGURATION VERBOSE and the broker's log (drc*.log) on that host, "
                "mend the cause, then drstate resume",
            )
        return kept(text)

    def _script(self, *statements: str) -> str:
        return broker.script(self.spec.user, self.spec.connect, *statements)

    def facts(self, seen: Configuration) -> dict[str, Any]:
        """What an observation keeps."""
        return {
            "primary": seen.primary,
            "members": {one.name: one.role for one in seen.members},
            "disabled": [one.name for one in seen.members if one.disabled],
        }


class SwitchOver(Action):
    """A planned change of roles: nothing is lost."""

    def __init__(self, guard: Guarded) -> None:
        self.guard = guard
        self.spec = ActionSpec(
            id=f"{guard.entry.key}#switchover",
            resource=guard.entry.key,
            technology="oracle-dg",
            title=f"switch {guard.spec.configuration} over to {guard.mine} ({guard.here.region})",
            when=When.BEFORE,
            calls=script_calls(guard.here.region, guard.there.region),
            estimate_seconds=180,
            deadline_seconds=guard.policy.apply_seconds + 2 * guard.policy.switchover_seconds,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where the broker here calls the database here the primary."""
        guard = self.guard
        seen = guard.see(aws, guard.here)
        member = seen.member(guard.mine)
        facts = guard.facts(seen)
        if member is None or member.disabled:
            why = "no member of" if member is None else "disabled in"
            return Observation(
                False,
                facts,
                f"{guard.mine} is {why} {seen.name}",
                "drstate up --phase replicate reinstates it, where it was the primary before",
            )
        return Observation(member.role == PRIMARY, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Validate, then switch over."""
        return self._switch(aws, run, self.guard.here, self.guard.mine)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Switch back to the recorded primary."""
        guard = self.guard
        if recorded.get("primary") == guard.mine:
            return {"primary": guard.mine}
        return self._switch(aws, run, guard.there, guard.theirs)

    def _switch(self, aws: AwsCaller, run: RunContext, host: Host, name: str) -> dict[str, Any]:
        guard = self.guard
        if guard.see(aws, host).primary == name:
            return {"primary": name}
        validate = broker.named("VALIDATE DATABASE", name)
        run.wait(
            lambda: True if broker.ready_for_switchover(guard.ask(aws, host, validate)) else None,
            what=f"{name} to be ready for a switchover",
            timeout_seconds=guard.policy.apply_seconds,
            hint=f"dgmgrl: {validate} on {host} says what is missing",
        )
        said = guard.tell(
            aws,
            run,
            host,
            broker.named("SWITCHOVER TO", name),
            "switchover succeeded",
            guard.policy.switchover_seconds,
        )
        return {"primary": name, "broker": said, "lost": "nothing: the standby had everything"}


class ForceFailOver(Action):
    """The standby becomes primary with what it has."""

    def __init__(self, guard: Guarded) -> None:
        self.guard = guard
        self.spec = ActionSpec(
            id=f"{guard.entry.key}#failover",
            resource=guard.entry.key,
            technology="oracle-dg",
            title=f"fail {guard.spec.configuration} over to {guard.mine} ({guard.here.region}), "
            "with data loss",
            when=When.BEFORE,
            calls=script_calls(guard.here.region),
            estimate_seconds=120,
            deadline_seconds=2 * guard.policy.switchover_seconds,
            needs_consent=DATA_LOSS,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where the database here is primary; the lag that was last known is kept."""
        guard = self.guard
        seen = guard.see(aws, guard.here)
        shown = guard.database(aws, guard.here, guard.mine)
        facts = {**guard.facts(seen), "apply_lag_seconds": shown.lag}
        return Observation(seen.primary == guard.mine, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """FAILOVER TO, on the host of the standby."""
        guard = self.guard
        run.require_consent(DATA_LOSS, self.spec.title)
        if guard.see(aws, guard.here).primary != guard.mine:
            guard.tell(
                aws,
                run,
                guard.here,
                broker.named("FAILOVER TO", guard.mine),
                "failover succeeded",
                guard.policy.switchover_seconds,
            )
        lag = run.facts.get("apply_lag_seconds")
        known = "it is not known" if lag is None else f"apply was {lag:.0f} s behind when last seen"
        return {
            "primary": guard.mine,
            "forced": True,
            "data_loss": f"redo that had not arrived; {known}",
            "apply_lag_seconds": lag,
        }


class Apply(Action):
    """The database of the side that receives is a standby, and applies what it gets."""

    def __init__(self, guard: Guarded) -> None:
        self.guard = guard
        self.spec = ActionSpec(
            id=f"{guard.entry.key}#apply",
            resource=guard.entry.key,
            technology="oracle-dg",
            title=f"have {guard.mine} ({guard.here.region}) apply redo, reinstated if need be",
            when=When.AFTER,
            # a former primary is reinstated by the broker of the present one
            calls=script_calls(guard.there.region),
            estimate_seconds=120,
            deadline_seconds=guard.policy.reinstate_seconds + 2 * guard.policy.apply_seconds,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where it is enabled, applies, and is ready to take over."""
        guard = self.guard
        seen = guard.see(aws, guard.there)
        facts, member = guard.facts(seen), seen.member(guard.mine)
        if member is None or member.role != STANDBY:
            role = "no member" if member is None else member.role
            return Observation(
                False,
                facts,
                f"{guard.mine} is {role} of {seen.name}, not a physical standby",
                "see SHOW CONFIGURATION on both sides: only one of them may be primary",
            )
        shown = guard.database(aws, guard.there, guard.mine)
        facts |= {"applies": shown.applies, "apply_lag_seconds": shown.lag}
        return Observation(shown.applies and not member.disabled and self._ready(aws), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """REINSTATE where it was the primary, APPLY-ON where it does not apply, then wait."""
        guard, done = self.guard, []
        member = guard.see(aws, guard.there).member(guard.mine)
        if member is not None and member.disabled:
            statement = broker.named("REINSTATE DATABASE", guard.mine)
            self._reinstate(aws, run, statement)
            done.append(statement)
        if not guard.database(aws, guard.there, guard.mine).applies:
            statement = broker.named("EDIT DATABASE", guard.mine, " SET STATE='APPLY-ON'")
            seconds = guard.policy.apply_seconds
            guard.tell(aws, run, guard.there, statement, "succeeded", seconds)
            done.append(statement)
        run.wait(
            lambda: True if self._ready(aws) else None,
            what=f"{guard.mine} to have applied everything",
            timeout_seconds=guard.policy.apply_seconds,
            hint=f"dgmgrl: VALIDATE DATABASE '{guard.mine}' on {guard.there}",
        )
        return {"statements": done}

    def _reinstate(self, aws: AwsCaller, run: RunContext, statement: str) -> None:
        guard = self.guard
        try:
            guard.tell(
                aws, run, guard.there, statement, "succeeded", guard.policy.reinstate_seconds
            )
        except OperationError as error:
            if "did not carry out" not in error.what:
                raise
            raise OperationError(
                error.what,
                why=error.why,
                hint=f"start {guard.mine} in mount state and try again: drstate resume; without "
                "flashback logs it has to be made anew as a standby (RMAN DUPLICATE), then "
                "ENABLE DATABASE",
            ) from error

    def _ready(self, aws: AwsCaller) -> bool:
        guard = self.guard
        validate = broker.named("VALIDATE DATABASE", guard.mine)
        return broker.ready_for_switchover(guard.ask(aws, guard.there, validate))
