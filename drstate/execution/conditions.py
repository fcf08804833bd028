"""Judges a conditional wave, late: from the verdicts, health and results journaled by then.

Reads the execution's own story only; what is decided is one event, with every value that was read,
so that a resume decides nothing anew.
"""

from __future__ import annotations

from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.plan import Stage
from drstate.planning.conditions import Reference, Scalar, judge, parse


def judged(bench: Workbench, stage: Stage) -> e.ConditionChecked:
    """The event that says whether the wave is run."""
    condition = parse(stage.when or "", wave=stage.wave)
    values = {one: _value(bench, stage, one) for one in condition.references}
    found = judge(condition, values)
    word = {True: "holds", False: "does not hold", None: "cannot be told"}[found.met]
    return e.ConditionChecked(
        stage=stage.id,
        expression=condition.text,
        met=found.met is True,
        inputs=dict(found.inputs),
        reason=f"{condition.text} {word}: {found.reason}",
    )


def _value(bench: Workbench, stage: Stage, one: Reference) -> Scalar:
    plan, state = bench.plan, bench.recorder.state
    match one.kind:
        case "phase":
            return str(stage.phase)
        case "operation":
            return str(plan.operation)
        case "forced":
            return plan.force
        case "emergency":
            return plan.emergency
        case "health":
            wanted = f"{stage.phase}.w{one.of}"
            health = state.stages_finished.get(wanted)
            return None if health is None else str(health)
    return bench.recorder.fold.facts.of(one.of, one.name)
