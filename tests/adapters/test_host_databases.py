"""SQL Server groups and Data Guard configurations: what their scripts do, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drstate.adapters.commands import LINUX, Host, look, order, plain
from drstate.adapters.oracle_dg import broker
from drstate.adapters.registry import adapter_for
from drstate.adapters.sql_ag import scripts
from drstate.adapters.sql_ag.actions import FailOver, ForceFailOver
from drstate.errors import ConfigError, OperationError, TimedOutError
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.programs.oracle_dg import OracleDgSpec
from drstate.sandbox import process
from tests.adapters.initech import (
    actions_of,
    copy_of,
    facts_of,
    initech,
    perform,
    scope_content,
)
from tests.adapters.world import EAST, WEST, World, resource_of


@pytest.fixture
def home(sandbox: Path, tmp_path: Path) -> Iterator[Path]:
    """A sandbox of one's own."""
    with copy_of(sandbox, tmp_path / "copy") as copy:
        yield copy


@pytest.fixture
def sql(home: Path) -> World:
    """The availability group, protected."""
    world = initech(home, "sql-ag")
    (resume,) = actions_of(world, world.entry("sql-ag"), Phase.REPLICATE)
    perform(world, resume)
    return world


@pytest.fixture
def oracle(home: Path) -> World:
    """The Data Guard configuration, protected."""
    world = initech(home, "oracle-dg")
    (apply,) = actions_of(world, world.entry("oracle-dg"), Phase.REPLICATE)
    perform(world, apply)
    return world


def only(world: World, technology: str, phase: Phase, *, force: bool = False) -> Any:
    (action,) = actions_of(world, world.entry(technology), phase, force=force)
    return action


def test_a_planned_failover_loses_nothing_and_puts_the_commit_modes_back(sql: World) -> None:
    action = only(sql, "sql-ag", Phase.ACTIVATE)
    assert isinstance(action, FailOver)
    before = action.observe(sql.aws)
    assert set(before.facts["modes"].values()) == {"ASYNCHRONOUS_COMMIT"}
    result = perform(sql, action)
    assert result["lost"].startswith("nothing")
    after = action.observe(sql.aws)
    assert after.done
    assert after.facts["role"] == "PRIMARY"
    assert after.facts["modes"] == before.facts["modes"]
    action.undo(sql.aws, sql.context(before.facts), before.facts)
    undone = action.observe(sql.aws)
    assert (undone.facts["role"], undone.facts["modes"]) == ("SECONDARY", before.facts["modes"])


def test_a_secondary_that_never_catches_up_leaves_the_modes_as_they_were(sql: World) -> None:
    action = only(sql, "sql-ag", Phase.ACTIVATE)
    group = facts_of(sql, "sql_ag")["group"]
    pair = action.pair
    # somebody suspends a database in the middle: it cannot become synchronised
    forced = scripts.shell(
        f"ALTER AVAILABILITY GROUP [{group}] FORCE_FAILOVER_ALLOW_DATA_LOSS;", "."
    )
    order(sql.aws, sql.context({}), pair.here, forced, "break", 60)
    order(sql.aws, sql.context({}), pair.there, forced, "break again", 60)
    with pytest.raises(TimedOutError, match="to have everything"):
        perform(sql, action)
    seen = pair.see(sql.aws, pair.there)
    assert set(pair.modes(seen).values()) == {"ASYNCHRONOUS_COMMIT"}
    entry = sql.entry("sql-ag")
    site = sql.site(entry, Phase.ACTIVATE)
    (told,) = adapter_for("sql-ag").prerequisites(Phase.ACTIVATE, entry, site, sql.aws)
    assert told.status is ResourceStatus.UNHEALTHY
    assert "--phase replicate" in told.hint


def test_force_asks_only_this_side_needs_consent_and_owns_up_to_loss(sql: World) -> None:
    action = only(sql, "sql-ag", Phase.ACTIVATE, force=True)
    assert isinstance(action, ForceFailOver)
    assert {call.region for call in action.spec.calls} == {WEST}
    assert (action.spec.needs_consent, action.spec.undoable) == ("data-loss", False)
    with pytest.raises(OperationError, match="data-loss"):
        action.run(sql.aws, sql.context({}, "something-else"))
    seen = len(sql.calls)
    result = perform(sql, action)
    assert {call.region for call in sql.calls[seen:]} == {WEST}
    assert result["forced"] is True
    assert "had not arrived" in result["data_loss"]
    assert result["last_commit"]
    entry = sql.entry("sql-ag")
    told = adapter_for("sql-ag").unfenced(entry, sql.site(entry, Phase.ACTIVATE, force=True))
    assert "may go on taking writes" in (told or "")


def test_the_old_primary_is_resumed_and_never_while_it_is_primary(sql: World) -> None:
    entry = sql.entry("sql-ag")
    perform(sql, only(sql, "sql-ag", Phase.ACTIVATE, force=True))
    sql.catalog = sql.catalog.after(Phase.ACTIVATE).after(Phase.CLEANUP)
    resume = only(sql, "sql-ag", Phase.REPLICATE)
    assert resume.pair.here.region == EAST
    assert not resume.observe(sql.aws).done
    assert perform(sql, resume)["resumed"] == ["billing", "contracts"]
    assert resume.observe(sql.aws).done
    assert adapter_for("sql-ag").lag(entry, sql.site(entry, Phase.REPLICATE), sql.aws).seconds == 2  # type: ignore[union-attr]
    # as if the roles of the catalog were wrong: the side that takes writes is not touched
    sql.catalog = sql.catalog.model_copy(update={"serving": EAST, "recovery": WEST})
    wrong = only(sql, "sql-ag", Phase.REPLICATE)
    assert wrong.observe(sql.aws).blocked is not None


def test_a_group_is_captured_where_it_takes_writes(sql: World) -> None:
    resource = sql.entry("sql-ag").resource
    west = resource.model_copy(
        update={"region": WEST, "name": facts_of(sql, "sql_ag")["hosts"][WEST]}
    )
    with pytest.raises(OperationError, match="the instance is SECONDARY"):
        adapter_for("sql-ag").capture(west, sql.aws)


@pytest.mark.parametrize(
    ("technology", "tag", "value"),
    [
        ("sql-ag", "drstate:connect", "x' -Q y"),
        ("oracle-dg", "drstate:connect", "sys/secret@ledger"),
        ("oracle-dg", "drstate:user", "oracle; reboot"),
    ],
)
def test_tags_that_would_change_a_script_are_refused(
    sandbox: Path, technology: str, tag: str, value: str
) -> None:
    world = initech(sandbox)
    name = "i-0123456789abcdef0"
    resource = resource_of(
        world.scope, technology, name, f"arn:aws:ec2:{EAST}:2:instance/{name}", 1
    )
    odd = resource.model_copy(update={"raw_tags": {tag: value}})
    with pytest.raises(ConfigError, match=f"tag {tag} is"):
        adapter_for(technology).capture(odd, world.aws)


def test_an_unmapped_host_is_a_planning_error_that_names_the_table(home: Path) -> None:
    content = scope_content(home)
    content["site_map"][WEST]["identifiers"] = {}
    world = initech(home, "sql-ag", content=content)
    with pytest.raises(ConfigError, match="has no counterpart") as caught:
        only(world, "sql-ag", Phase.ACTIVATE)
    assert f"site_map.{WEST}.identifiers" in caught.value.hint


def test_a_switchover_is_validated_made_and_turned_back(oracle: World) -> None:
    action = only(oracle, "oracle-dg", Phase.ACTIVATE)
    before = action.observe(oracle.aws)
    assert before.facts["primary"] == "ledger_east"
    result = perform(oracle, action)
    assert 'new primary is "ledger_west"' in result["broker"]
    assert action.observe(oracle.aws).done
    action.undo(oracle.aws, oracle.context(before.facts), before.facts)
    assert action.observe(oracle.aws).facts["primary"] == "ledger_east"


def test_a_standby_that_is_not_ready_is_neither_switched_to_nor_called_ready(home: Path) -> None:
    world = initech(home, "oracle-dg")
    entry = world.entry("oracle-dg")
    adapter, site = adapter_for("oracle-dg"), world.site(entry, Phase.ACTIVATE)
    (told,) = adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert told.status is ResourceStatus.UNHEALTHY
    with pytest.raises(TimedOutError, match="to be ready for a switchover"):
        perform(world, only(world, "oracle-dg", Phase.ACTIVATE))
    assert not adapter.health(entry, site, world.aws).ok
    assert adapter.lag(entry, site, world.aws).seconds is None  # type: ignore[union-attr]


def test_after_a_failover_the_old_primary_is_reinstated(oracle: World) -> None:
    action = only(oracle, "oracle-dg", Phase.ACTIVATE, force=True)
    assert action.spec.needs_consent == "data-loss"
    assert {call.region for call in action.spec.calls} == {WEST}
    result = perform(oracle, action)
    assert result["apply_lag_seconds"] == 3
    assert "3 s behind" in result["data_loss"]
    oracle.catalog = oracle.catalog.after(Phase.ACTIVATE).after(Phase.CLEANUP)
    apply = only(oracle, "oracle-dg", Phase.REPLICATE)
    seen = apply.observe(oracle.aws)
    assert (seen.done, seen.facts["disabled"]) == (False, ["ledger_east"])
    assert perform(oracle, apply)["statements"] == ["REINSTATE DATABASE 'ledger_east'"]
    assert apply.observe(oracle.aws).done


def test_the_brokers_words_decide_not_its_exit_code(oracle: World) -> None:
    action = only(oracle, "oracle-dg", Phase.ACTIVATE)
    guard = action.guard
    # the command line ends with 0 all the same
    statement = broker.named("REINSTATE DATABASE", "ledger_west")
    with pytest.raises(OperationError, match="did not carry out") as caught:
        guard.tell(oracle.aws, oracle.context({}), guard.here, statement, "succeeded", 60)
    assert "ORA-16653" in caught.value.why
    assert "drc*.log" in caught.value.hint


def test_several_standbys_have_to_be_named(oracle: World) -> None:
    content = oracle.scope.model_dump(mode="json", by_alias=True)
    entry = oracle.entry("oracle-dg")
    spec = OracleDgSpec.model_validate(entry.spec).model_copy(
        update={"members": ("ledger_east", "ledger_far", "ledger_west")}
    )
    entry = entry.model_copy(update={"spec": spec.model_dump(mode="json")})
    site = oracle.site(entry, Phase.ACTIVATE)
    (action,) = adapter_for("oracle-dg").activate(entry, site).actions
    assert "to ledger_west" in action.spec.title
    hosts = facts_of(oracle, "oracle_dg")["hosts"]
    content["site_map"][WEST]["identifiers"] = {hosts[EAST]: hosts[WEST]}
    oracle.scope = type(oracle.scope).model_validate(content)
    with pytest.raises(ConfigError, match="which standby") as caught:
        adapter_for("oracle-dg").activate(entry, oracle.site(entry, Phase.ACTIVATE))
    assert "ledger_east: <database in us-west-2>" in caught.value.hint


class StillRunning:
    """An AWS in which a command of an earlier attempt has not ended yet."""

    def __init__(self, comment: str) -> None:
        self.comment = comment
        self.asked = 0
        self.sent: list[str] = []

    def pages(self, *_: str, **__: Any) -> Iterator[dict[str, str]]:
        yield {"CommandId": "other", "Comment": "drstate: another change"}
        yield {"CommandId": "first", "Comment": self.comment}

    def call(self, _: str, operation: str, /, **params: Any) -> dict[str, Any]:
        if operation == "send_command":
            self.sent.append(params["Comment"])
            return {"Command": {"CommandId": "second"}}
        self.asked += 1
        status = "Success" if self.asked > 2 else "InProgress"
        return {"Status": status, "StandardOutputContent": params["CommandId"]}


def test_a_command_that_still_runs_is_waited_for_and_not_sent_again(oracle: World) -> None:
    host = Host("233333333302", WEST, "i-1", LINUX)
    aws = StillRunning("drstate: one change")
    assert order(aws, oracle.context({}), host, "echo", "one change", 60) == "first"  # type: ignore[arg-type]
    assert (aws.sent, aws.asked) == ([], 3)
    assert order(aws, oracle.context({}), host, "echo", "a new one", 60) == "second"  # type: ignore[arg-type]
    assert aws.sent == ["drstate: a new one"]


def test_a_failed_script_keeps_its_output_and_says_how_to_see_all_of_it(oracle: World) -> None:
    facts = facts_of(oracle, "ssm")
    host = Host(facts["account"], WEST, facts["hosts"][WEST], LINUX)
    script = "echo halfway\necho token=abc disk full >&2\nexit 9"
    with pytest.raises(OperationError) as caught:
        order(oracle.aws, oracle.context({}), host, script, "do it", 60)
    assert "code 9" in caught.value.what
    assert "disk full" in caught.value.why
    assert "abc" not in caught.value.why
    assert "aws ssm get-command-invocation --command-id" in caught.value.hint
    process.add_fault(
        oracle.home,
        {
            "effect": "error",
            "service": "ssm",
            "operation": "SendCommand",
            "code": "InvalidInstanceId",
        },
    )
    with pytest.raises(OperationError, match="cannot be given commands") as caught:
        order(oracle.aws, oracle.context({}), host, script, "do it", 60)
    assert "describe-instance-information" in caught.value.hint


def test_half_an_answer_is_not_taken_for_a_whole_one(oracle: World) -> None:
    facts = facts_of(oracle, "ssm")
    host = Host(facts["account"], WEST, facts["hosts"][WEST], LINUX)
    with pytest.raises(OperationError, match="says more than Systems Manager gives back"):
        look(oracle.aws, oracle.clock, host, "\n".join(["echo " + "x" * 99] * 250), "at all of it")


@pytest.mark.parametrize("name", ["x'; DROP", "a]b", "$(id)`", "", "a\nb", 'a"b'])
def test_names_that_could_change_a_script_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used in a script"):
        plain(name, "the database")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("  Apply Lag:          1 minute 5 seconds (computed 3 seconds ago)", 65),
        ("  Apply Lag:          2 hours 1 second", 7201),
        ("  Apply Lag:          (unknown)", None),
    ],
)
def test_the_brokers_lag_is_understood(text: str, seconds: float | None) -> None:
    assert broker.database(f"  Role: PHYSICAL STANDBY\n{text}\n").lag == seconds
