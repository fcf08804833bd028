"""Runbooks of Systems Manager that wait and that ask for approval."""

import json

import pytest

from drstate.sandbox import process

DATA = "211111111101"
ROLE = f"arn:aws:iam::{DATA}:role/drstate-target"


@pytest.fixture
def ssm(sandbox):
    return sandbox.client("ssm", account=DATA)


def runbook(ssm, *steps, name="failover", parameters=None):
    ssm.create_document(
        Name=name,
        DocumentType="Automation",
        Content=json.dumps(
            {"schemaVersion": "0.3", "parameters": parameters or {}, "mainSteps": list(steps)}
        ),
    )
    return name


def sleep(name, duration):
    return {"name": name, "action": "aws:sleep", "inputs": {"Duration": duration}}


def approve(*approvers, least=1):
    return {
        "name": "ask",
        "action": "aws:approve",
        "inputs": {"Approvers": list(approvers), "MinRequiredApprovals": least},
    }


def start(ssm, name, **parameters):
    return ssm.start_automation_execution(DocumentName=name, Parameters=parameters)[
        "AutomationExecutionId"
    ]


def shown(ssm, execution):
    found = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
    steps = [one["StepStatus"] for one in found["StepExecutions"]]
    return found["AutomationExecutionStatus"], steps


def test_steps_take_their_time_and_wait_for_approval(sandbox, ssm, refused):
    name = runbook(
        ssm, sleep("rest", "{{ Rest }}"), approve(ROLE), sleep("last", "PT5S"),
        parameters={"Rest": {"type": "String", "default": "PT1H"}},
    )  # fmt: skip
    made = start(ssm, name, Rest=["PT1M30S"])
    process.advance(sandbox.home, 89)
    assert shown(ssm, made) == ("InProgress", ["InProgress", "Pending", "Pending"])
    early = refused(ssm.send_automation_signal, AutomationExecutionId=made, SignalType="Approve")
    assert early[0] == "InvalidAutomationSignalException"
    process.advance(sandbox.home, 2)
    assert shown(ssm, made) == ("Waiting", ["Success", "Waiting", "Pending"])
    listed = ssm.describe_automation_executions(
        Filters=[{"Key": "ExecutionStatus", "Values": ["Waiting"]}]
    )["AutomationExecutionMetadataList"]
    assert [one["AutomationExecutionId"] for one in listed] == [made]
    ssm.send_automation_signal(AutomationExecutionId=made, SignalType="Approve")
    assert shown(ssm, made) == ("InProgress", ["Success", "Success", "InProgress"])
    process.advance(sandbox.home, 6)
    assert shown(ssm, made) == ("Success", ["Success"] * 3)
    over = refused(ssm.stop_automation_execution, AutomationExecutionId=made)
    assert over[0] == "InvalidAutomationStatusUpdateException"


def test_rejected_and_cancelled_runbooks_go_no_further(sandbox, ssm):
    name = runbook(ssm, approve(ROLE), sleep("last", "PT5S"))
    made = start(ssm, name)
    ssm.send_automation_signal(AutomationExecutionId=made, SignalType="Reject")
    other = start(ssm, runbook(ssm, sleep("first", "PT5S"), sleep("last", "PT5S"), name="other"))
    ssm.stop_automation_execution(AutomationExecutionId=other, Type="Cancel")
    sandbox.settle()
    assert shown(ssm, made) == ("Rejected", ["Rejected", "Pending"])
    assert shown(ssm, other) == ("Cancelled", ["Cancelled", "Pending"])


def test_only_an_approver_approves_and_counts_once(ssm, refused):
    stranger = f"arn:aws:iam::{DATA}:role/somebody"
    made = start(ssm, runbook(ssm, approve(stranger)))
    answer = refused(ssm.send_automation_signal, AutomationExecutionId=made, SignalType="Approve")
    assert answer[0] == "InvalidAutomationSignalException"
    both = start(ssm, runbook(ssm, approve(ROLE, stranger, least=2), name="both"))
    for _ in range(2):
        ssm.send_automation_signal(AutomationExecutionId=both, SignalType="Approve")
    assert shown(ssm, both) == ("Waiting", ["Waiting"])


@pytest.mark.parametrize(
    ("step", "code", "named"),
    [
        ({"name": "x", "action": "aws:executeAwsApi", "inputs": {}}, "SandboxNotImplemented",
         "aws:executeAwsApi"),
        (sleep("x", "PT1S") | {"nextStep": "y"}, "SandboxNotImplemented", "nextStep"),
        (sleep("x", "one hour"), "InvalidAutomationExecutionParametersException", "Duration"),
    ],
)  # fmt: skip
def test_runbook_that_cannot_be_followed_is_refused(ssm, refused, step, code, named):
    name = runbook(ssm, sleep("rest", "PT1S"), step)
    answer = refused(ssm.start_automation_execution, DocumentName=name)
    assert (answer[0], answer[3]) == (code, 0)
    assert named in answer[2]
    assert ssm.describe_automation_executions()["AutomationExecutionMetadataList"] == []
    missing = refused(ssm.start_automation_execution, DocumentName="none")
    assert missing[0] == "AutomationDefinitionNotFoundException"
