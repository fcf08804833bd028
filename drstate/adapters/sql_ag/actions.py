"""Who is primary of the availability groups, and that data moves to the other one.

Commands are given to the side that is to become primary. A planned failover first has both sides
commit synchronously, waits until nothing is missing, fails over, and puts the modes back; where it
cannot, it puts them back all the same. A forced one asks nothing of the other side, and never says
that nothing was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.commands import Host, look, order, script_calls
from drstate.adapters.sql_ag import scripts
from drstate.adapters.sql_ag.reading import PRIMARY, SECONDARY, Seen, parse
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.sql_ag import SqlAgPolicy, SqlAgSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

DATA_LOSS = "data-loss"


@dataclass(frozen=True)
class Pair:
    """The groups, and the hosts of both sides."""

    entry: CatalogEntry
    spec: SqlAgSpec
    policy: SqlAgPolicy
    #: of the region acted on
    here: Host
    there: Host
    clock: Clock

    @property
    def names(self) -> tuple[str, ...]:
        """Of the groups."""
        return tuple(one.name for one in self.spec.groups)

    @property
    def title(self) -> str:
        """The groups in words."""
        return f"availability group{'s' if len(self.names) > 1 else ''} {', '.join(self.names)}"

    def see(self, aws: AwsCaller, host: Host) -> Seen:
        """What a host's instance says."""
        script = scripts.shell(scripts.LOOK, self.spec.connect)
        return parse(look(aws, self.clock, host, script, f"at {self.title}"))

    def act(self, aws: AwsCaller, run: RunContext, host: Host, sql: str, what: str) -> str:
        """Have a host's instance change something."""
        script = scripts.shell(sql, self.spec.connect)
        return order(aws, run, host, script, what, self.policy.failover_seconds)

    def modes(self, seen: Seen) -> dict[str, str]:
        """``group/server`` -> how it commits now."""
        return {f"{one.group}/{one.server}": one.mode for one in seen.replicas}

    def captured_modes(self) -> dict[str, str]:
        """The same, as it was captured."""
        return {
            f"{group.name}/{one.server}": one.mode
            for group in self.spec.groups
            for one in group.replicas
        }

    def facts(self, seen: Seen) -> dict[str, Any]:
        """What an observation keeps."""
        own = seen.own(self.names)
        return {
            "role": seen.role(self.names),
            "modes": self.modes(seen),
            "databases": {one.name: one.state for one in own},
            "last_commit": max((one.last_commit for one in own), default=""),
        }


class _GroupAction(Action):
    def __init__(self, pair: Pair) -> None:
        self.pair = pair

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where the instance here is primary of every group, with the modes as captured."""
        pair = self.pair
        seen = pair.see(aws, pair.here)
        facts, role = pair.facts(seen), seen.role(pair.names)
        if role == "ABSENT":
            return Observation(
                False,
                facts,
                f"{pair.here} has no replica of {pair.title}",
                f"join it to the groups, or correct the site map's identifiers: {pair.here}",
            )
        modes = pair.modes(seen)
        kept = all(modes.get(name) == mode for name, mode in pair.captured_modes().items())
        return Observation(role == PRIMARY and kept, facts)


class FailOver(_GroupAction):
    """A planned failover to the site's replica: nothing is lost."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair)
        self.spec = ActionSpec(
            id=f"{pair.entry.key}#failover",
            resource=pair.entry.key,
            technology="sql-ag",
            title=f"fail over {pair.title} to {pair.here}",
            when=When.BEFORE,
            calls=script_calls(pair.here.region, pair.there.region),
            estimate_seconds=120,
            deadline_seconds=pair.policy.synchronize_seconds + 3 * pair.policy.failover_seconds,
        )

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Synchronise, fail over, put the modes back."""
        return self._move(aws, run, self.pair.there, self.pair.here)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The same the other way."""
        if recorded.get("role") == PRIMARY:
            return {"role": PRIMARY}
        return self._move(aws, run, self.pair.here, self.pair.there)

    def _move(self, aws: AwsCaller, run: RunContext, old: Host, new: Host) -> dict[str, Any]:
        pair = self.pair
        seen = pair.see(aws, new)
        if seen.role(pair.names) != PRIMARY:
            self._synchronise(aws, run, old, new, seen)
            pair.act(aws, run, new, scripts.failover(pair.spec.groups), f"fail over to {new}")
        seen = pair.see(aws, new)
        if seen.role(pair.names) != PRIMARY:
            raise OperationError(
                f"{pair.title}: {new} is {seen.role(pair.names)} after the failover",
                why="the script ended well, and the roles did not change",
                hint=f"look at sys.dm_hadr_availability_replica_states on {new}, then drstate "
                "resume",
            )
        self._put_back(aws, run, new, seen)
        return {"primary": str(new), "lost": "nothing: the replica was synchronised"}

    def _synchronise(
        self, aws: AwsCaller, run: RunContext, old: Host, new: Host, seen: Seen
    ) -> None:
        pair = self.pair
        if seen.synchronized(pair.names):
            return
        sql = scripts.modes(pair.spec.groups, synchronous=True)
        pair.act(aws, run, old, sql, f"have {pair.title} commit synchronously")
        try:
            run.wait(
                lambda: True if pair.see(aws, new).synchronized(pair.names) else None,
                what=f"{new} to have everything of {pair.title}",
                timeout_seconds=pair.policy.synchronize_seconds,
                hint="see synchronization_state_desc in sys.dm_hadr_database_replica_states; "
                "policies.sql_ag.synchronize_seconds gives more time",
            )
        except BaseException:
            # whoever commits synchronously to a replica that is far away is slow
            self._put_back(aws, run, old, pair.see(aws, old))
            raise

    def _put_back(self, aws: AwsCaller, run: RunContext, primary: Host, seen: Seen) -> None:
        pair = self.pair
        modes = pair.modes(seen)
        if all(modes.get(name) == mode for name, mode in pair.captured_modes().items()):
            return
        sql = scripts.modes(pair.spec.groups, synchronous=False)
        pair.act(aws, run, primary, sql, f"put the commit modes of {pair.title} back")


class ForceFailOver(_GroupAction):
    """A forced failover: what had not arrived is lost."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair)
        self.spec = ActionSpec(
            id=f"{pair.entry.key}#force-failover",
            resource=pair.entry.key,
            technology="sql-ag",
            title=f"fail over {pair.title} to {pair.here}, with data loss",
            when=When.BEFORE,
            calls=script_calls(pair.here.region),
            estimate_seconds=60,
            deadline_seconds=2 * pair.policy.failover_seconds,
            needs_consent=DATA_LOSS,
            undoable=False,
        )

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Make the replica here primary, whatever the other one has."""
        pair = self.pair
        run.require_consent(DATA_LOSS, self.spec.title)
        seen = pair.see(aws, pair.here)
        if seen.role(pair.names) != PRIMARY:
            first = scripts.quorum() if pair.policy.force_quorum else ""
            script = scripts.shell(scripts.forced(pair.spec.groups), pair.spec.connect, first)
            what = f"force the failover to {pair.here}"
            order(aws, run, pair.here, script, what, pair.policy.failover_seconds)
        last = str(run.facts.get("last_commit") or "")
        known = f"the last commit that had arrived is of {last}" if last else "it is not known"
        return {
            "primary": str(pair.here),
            "forced": True,
            "data_loss": f"what was committed there and had not arrived; {known}",
            "last_commit": last,
        }


class ResumeMovement(Action):
    """The databases of the side that receives get data again."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.spec = ActionSpec(
            id=f"{pair.entry.key}#resume",
            resource=pair.entry.key,
            technology="sql-ag",
            title=f"have data of {pair.title} move to {pair.here}",
            when=When.AFTER,
            calls=script_calls(pair.here.region),
            estimate_seconds=60,
            deadline_seconds=pair.policy.synchronize_seconds + pair.policy.failover_seconds,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where every database receives."""
        pair = self.pair
        seen = pair.see(aws, pair.here)
        facts, role = pair.facts(seen), seen.role(pair.names)
        if role != SECONDARY:
            return Observation(
                False,
                facts,
                f"{pair.here} is {role} of {pair.title}, not SECONDARY",
                "make sure that only one side takes writes; the side that does not serve has to "
                "be a secondary before it can receive",
            )
        return Observation(seen.moving(pair.names), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """SET HADR RESUME for what is suspended, then wait."""
        pair = self.pair
        suspended = pair.see(aws, pair.here).suspended(pair.names)
        if suspended:
            pair.act(aws, run, pair.here, scripts.resume(suspended), f"resume {pair.title}")

        def moves() -> Seen | None:
            seen = pair.see(aws, pair.here)
            return seen if seen.moving(pair.names) else None

        run.wait(
            moves,
            what=f"data to move to {pair.here}",
            timeout_seconds=pair.policy.synchronize_seconds,
            hint="see sys.dm_hadr_database_replica_states there: suspend_reason_desc",
        )
        return {"resumed": suspended}
