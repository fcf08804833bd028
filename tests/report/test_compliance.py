"""Recoveries against their targets: what was promised, what was not, and many runs together."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.model.events import ErrorInfo, ExecutionFinished, ExecutionStatus
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Operation
from drstate.report.compliance import (
    DEFAULT_RPO_MINUTES,
    DEFAULT_RTO_MINUTES,
    ExecutionLine,
    Measure,
    Targets,
    compliance,
    row,
)
from drstate.report.evidence import report_of
from tests.execution import transcript as t
from tests.report.test_evidence import DB, JOB, NOW, START, W1, run, story


def measure(seconds: float | None, **more: Any) -> Measure:
    given = {
        "resource": DB, "account": t.A, "stage": W1, "wave": 1, "priority": "critical",
        "rto_minutes": 2, "rto_default": False,
        "rto_met": seconds is not None and seconds <= 120,
        "point_seconds": None, "rpo_minutes": 1, "rpo_default": False, "rpo_met": None,
    }  # fmt: skip
    return Measure(seconds=seconds, **{**given, **more})


def line(name: str, status: ExecutionStatus = ExecutionStatus.COMPLETED) -> ExecutionLine:
    return ExecutionLine(
        execution=name, scope=t.SCOPE, operation=Operation.FAILOVER, status=status,
        started_at=START, drill=False, recovery=row("all", []),
    )  # fmt: skip


def test_what_nothing_was_promised_for_is_held_to_the_defaults_and_marked() -> None:
    payloads = [event.payload for event in run()]
    plain = [
        one.model_copy(update={"rto_minutes": None}) if one.type == "health_checked" else one
        for one in payloads
    ]
    found = report_of(story(*plain), NOW, targets={})
    (wave,) = found.waves
    assert (wave.target_minutes, wave.default_target, wave.met) == (DEFAULT_RTO_MINUTES, True, True)
    assert (wave.point_seconds, wave.point_target_minutes) == (30.0, DEFAULT_RPO_MINUTES)
    assert (wave.point_met, wave.default_point) == (True, True)
    assert (DEFAULT_RTO_MINUTES, DEFAULT_RPO_MINUTES) == (240, 30)


def test_what_was_promised_at_the_time_counts_before_what_is_promised_now() -> None:
    targets = {key: Targets(priority="low", rto_minutes=999) for key in (DB, JOB)}
    (wave,) = report_of(run(), NOW, targets=targets).waves
    assert (wave.target_minutes, wave.met) == (1, False)


def test_an_account_has_its_row_and_its_worst_point() -> None:
    found = report_of(run(lag=90.0), NOW, targets={DB: Targets(priority="low", rpo_minutes=1)})
    (account,) = found.accounts
    assert (account.name, account.resources, account.point_seconds) == (t.A, 2, 90.0)
    assert account.point_met is False


def test_what_never_recovered_breaks_its_promise_once_the_run_has_ended() -> None:
    payloads = [event.payload for event in run()][:-2]
    running = report_of(story(*payloads), NOW).waves[0]
    ended = [
        *payloads,
        t.healthy(W1, JOB, ResourceStatus.UNHEALTHY, rto_minutes=1),
        t.stage_finished(W1, WaveHealth.UNHEALTHY),
        ExecutionFinished(
            status=ExecutionStatus.FAILED, changes=1, duration_seconds=200,
            error=ErrorInfo(code="Operation", what="w"),
        ),
    ]  # fmt: skip
    failed = report_of(story(*ended), NOW).waves[0]
    assert (running.met, failed.met, failed.recovered) == (None, False, 1)


def test_many_runs_are_summed_by_wave_priority_and_account() -> None:
    found = compliance(
        [
            (line("a"), [measure(100.0, point_seconds=5.0, rpo_met=True),
                         measure(130.0, priority="low", wave=10, account=t.B)]),
            (line("b", ExecutionStatus.FAILED), [measure(None, rto_default=True)]),
        ]
    )  # fmt: skip
    assert found.success_rate == 0.5
    assert found.total is not None
    assert (found.total.executions, found.total.recoveries, found.total.rto_met) == (2, 3, 1)
    assert found.total.rto_share == pytest.approx(1 / 3)
    assert (found.total.points, found.total.rpo_share, found.total.defaults) == (1, 1.0, 1)
    assert [(one.name, one.recoveries, one.rto_met) for one in found.waves] == [
        ("w1", 2, 1), ("w10", 1, 0),
    ]  # fmt: skip
    assert [(one.name, one.worst_seconds) for one in found.priorities] == [
        ("critical", 100.0), ("low", 130.0),
    ]  # fmt: skip
    assert [one.name for one in found.accounts] == [t.A, t.B]


def test_of_nothing_nothing_is_said() -> None:
    found = compliance([])
    assert (found.success_rate, found.total, found.waves) == (None, None, ())
