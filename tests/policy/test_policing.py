"""What becomes of a finding: refused, exempt until a day, or advice that stops nothing."""

from __future__ import annotations

from datetime import date

import pytest

from drstate.execution.policing import advice, findings_of
from drstate.model.declared import Declared
from drstate.model.exemption import Exemption
from drstate.report.policy import PolicyLevel

NAME = "efs/211111111101/files"
OPEN = Declared(
    urn=f"urn:pulumi:acme.production.us-west-2.211111111101.w1::drstate::t::{NAME}",
    type="aws:efs/fileSystem:FileSystem",
    name=NAME,
    inputs={
        "encrypted": False,
        "tags": {"Customer": "a", "Environment": "b", "drstate:managed": "true"},
    },
    protect=True,
)
TODAY = date(2026, 11, 22)


def exemption(**more: object) -> Exemption:
    said = {"rule": "encrypted", "resource": NAME, "reason": "until the next maintenance"}
    return Exemption.model_validate({**said, "until": "2026-11-22", **more})


def levels(*exemptions: Exemption, advisory: bool = False) -> list[PolicyLevel]:
    return [row.level for row in findings_of([OPEN], exemptions, TODAY, advisory=advisory)]


def test_a_violation_refuses_and_in_an_emergency_advises():
    assert levels() == [PolicyLevel.MANDATORY]
    assert levels(advisory=True) == [PolicyLevel.ADVISORY]
    (warned,) = advice(findings_of([OPEN], (), TODAY, advisory=True))
    assert warned.text == f"policy encrypted: {NAME} is not encrypted at rest"
    assert warned.hint
    assert advice(findings_of([OPEN], (), TODAY, advisory=False)) == ()


def test_an_exemption_holds_through_its_last_day():
    assert levels(exemption()) == [PolicyLevel.EXEMPT]
    (found,) = findings_of([OPEN], [exemption()], TODAY, advisory=False)
    assert (found.reason, found.until) == ("until the next maintenance", TODAY)
    assert levels(exemption(until="2026-11-21")) == [PolicyLevel.MANDATORY]


@pytest.mark.parametrize("resource", [NAME, "efs/files"])
def test_an_exemption_names_a_resource_with_or_without_its_account(resource):
    assert levels(exemption(resource=resource)) == [PolicyLevel.EXEMPT]


@pytest.mark.parametrize(
    "other", [{"rule": "tagged"}, {"resource": "efs/file"}, {"resource": "efs"}, {"resource": "*"}]
)
def test_an_exemption_lets_nothing_else_through(other):
    assert levels(exemption(**other)) == [PolicyLevel.MANDATORY]


def test_a_stack_that_is_in_several_stages_is_told_once():
    assert len(findings_of([OPEN, OPEN], (), TODAY, advisory=False)) == 1


@pytest.mark.parametrize("wrong", [{"reason": "short"}, {"until": "soon"}, {"rule": "Encrypted"}])
def test_an_exemption_needs_a_reason_and_an_end(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        exemption(**wrong)
