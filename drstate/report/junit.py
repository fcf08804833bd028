"""What happened as JUnit XML, which any pipeline shows as tests: a suite a wave, a case a step.

A case for each stack, action and health check. What failed, or was never found healthy, is a
failure with its remedy; what did not run is skipped, with the reason. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from drstate.model.health import FAILING, ResourceStatus
from drstate.report.drill import DrillReport
from drstate.report.readiness import Readiness, Standing
from drstate.report.view import ExecutionView, Progress, StageView

#: XML 1.0 has no place for these, not even escaped
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test: at most one of ``failure`` and ``skipped`` is set."""

    name: str
    seconds: float = 0.0
    #: what, and what helps
    failure: tuple[str, str] | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class Suite:
    """The cases of one wave."""

    name: str
    cases: tuple[Case, ...]


def of_execution(view: ExecutionView) -> list[Suite]:
    """A suite for each stage; one for what was left out, and one for an error of no stage."""
    suites = [Suite(f"{view.scope} {stage.id}", tuple(_stage(stage))) for stage in view.stages]
    if view.skips:
        left = tuple(Case(row.resource, skipped=row.reason) for row in view.skips)
        suites.append(Suite(f"{view.scope} left out", left))
    if view.error is not None:
        case = Case(view.execution, failure=(view.error.what, view.error.hint))
        suites.append(Suite(f"{view.scope} {view.operation}", (case,)))
    return suites


def of_drill(report: DrillReport) -> list[Suite]:
    """A suite for each wave, and one for the removal."""
    suites = []
    for wave in sorted({row.wave for row in report.resources}):
        rows = [row for row in report.resources if row.wave == wave]
        cases = tuple(
            _checked(row.resource, row.status, row.detail, row.hint, row.seconds, row.left_out)
            for row in rows
        )
        suites.append(Suite(f"drill {report.drill} wave {wave}", cases))
    left = "; ".join(f"{name}: {why}" for name, why in report.left.items())
    gone = None
    if not report.removed:
        gone = (left or "not everything is removed", "drstate test --cleanup")
    removal = Case("everything the drill made is gone", failure=gone)
    return [*suites, Suite(f"drill {report.drill} removal", (removal,))]


def of_readiness(found: Iterable[Readiness]) -> list[Suite]:
    """A suite for each scope: its verdict, its resources and what a recovery would meet."""
    suites = []
    for one in found:
        bad = one.standing is Standing.NOT_READY
        cases = [Case("verdict", failure=(one.said, "drstate readiness") if bad else None)]
        cases += [
            _checked(row.key, row.status, row.detail, row.hint, None, None) for row in one.resources
        ]
        for finding in one.findings:
            failure = (finding.what, finding.hint) if finding.stops else None
            skipped = None if finding.stops else f"{finding.what} {finding.hint}".strip()
            cases.append(Case(finding.what, failure=failure, skipped=skipped))
        suites.append(Suite(f"{one.scope} readiness", tuple(cases)))
    return suites


def of_error(name: str, what: str, more: str) -> list[Suite]:
    """A command that could not do its work at all."""
    return [Suite("drstate", (Case(name, failure=(what, more)),))]


def junit(suites: Sequence[Suite]) -> str:
    """The document, with the counts that its readers look at."""
    root = ET.Element("testsuites", _counts([case for one in suites for case in one.cases]))
    for suite in suites:
        node = ET.SubElement(
            root, "testsuite", {"name": _clean(suite.name), **_counts(suite.cases)}
        )
        for case in suite.cases:
            _write(node, suite, case)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _write(node: ET.Element, suite: Suite, case: Case) -> None:
    told = {"classname": suite.name, "name": case.name, "time": f"{case.seconds:.3f}"}
    made = ET.SubElement(node, "testcase", {key: _clean(text) for key, text in told.items()})
    if case.failure is not None:
        what, hint = (_clean(part) for part in case.failure)
        ET.SubElement(made, "failure", {"message": what}).text = hint or what
    elif case.skipped is not None:
        ET.SubElement(made, "skipped", {"message": _clean(case.skipped)})


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(case.failure is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.skipped is not None and case.failure is None for case in cases)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _stage(stage: StageView) -> Iterator[Case]:
    for shard in stage.shards:
        if shard.stack is not None:
            failed = "; ".join(f"{name}: {why}" for name, why in shard.stack.errors.items())
            yield _step(
                f"stack {shard.stack.name}", shard.stack.state, failed, "", shard.stack.seconds
            )
        for action in shard.actions:
            what = action.error.what if action.error else ""
            hint = action.error.hint if action.error else ""
            name = f"{action.resource}: {action.title}"
            yield _step(name, action.state, what, hint, action.seconds)
    for row in stage.resources:
        name = f"{row.key}: healthy"
        yield _checked(name, row.status, row.detail, row.hint, row.recovered_seconds, row.no_op)


def _step(name: str, state: Progress, what: str, hint: str, seconds: float | None) -> Case:
    if state is Progress.FAILED or what:
        return Case(name, seconds or 0.0, failure=(what or str(state), hint))
    if state is Progress.DONE:
        return Case(name, seconds or 0.0)
    return Case(name, seconds or 0.0, skipped=str(state))


def _checked(
    name: str,
    status: ResourceStatus | None,
    detail: str,
    hint: str,
    seconds: float | None,
    left_out: str | None,
) -> Case:
    if left_out is not None:
        return Case(name, skipped=left_out)
    if status is None:
        return Case(name, skipped="not reached")
    if status in FAILING:
        return Case(name, seconds or 0.0, failure=(f"{status}: {detail}", hint))
    return Case(name, seconds or 0.0)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
