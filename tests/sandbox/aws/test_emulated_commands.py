"""Run Command, the machines behind it, and runbooks that use it."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from drstate.sandbox import process

DATA, APP = "233333333301", "233333333302"
EXTERNAL = "initech-dr-51d0"
EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def ssm(sandbox):
    def client(region=EAST, account=DATA):
        session = sandbox.assumed(account, external_id=EXTERNAL)
        return sandbox.checked(session, "ssm", region)

    return client


@pytest.fixture
def hosts(sandbox):
    facts = sandbox.facts("initech/production")
    return {name: facts[name]["hosts"] for name in ("ssm", "sql_ag", "oracle_dg")}


def run(sandbox, client, instance, script, document="AWS-RunShellScript", **more):
    sent = client.send_command(
        DocumentName=document, InstanceIds=[instance],
        Parameters={"commands": script.splitlines(), **more.pop("parameters", {})}, **more,
    )["Command"]  # fmt: skip
    assert sent["Status"] == "Pending"
    return sent["CommandId"]


def ended(client, command, instance):
    found = client.get_command_invocation(CommandId=command, InstanceId=instance)
    return found["Status"], found["ResponseCode"], found["StandardOutputContent"]


def test_a_command_takes_its_time_and_keeps_code_and_output(sandbox, ssm, hosts, refused):
    client, host = ssm(account=APP), hosts["ssm"][EAST]
    slow = run(sandbox, client, host, "echo begun\nsleep 30\necho broken >&2\nexit 3")
    assert ended(client, slow, host)[:2] == ("InProgress", -1)
    busy = client.list_commands(
        InstanceId=host, Filters=[{"key": "Status", "value": "InProgress"}]
    )["Commands"]  # fmt: skip
    assert [one["CommandId"] for one in busy] == [slow]
    process.advance(sandbox.home, 31)
    found = client.get_command_invocation(CommandId=slow, InstanceId=host)
    assert (found["Status"], found["ResponseCode"]) == ("Failed", 3)
    assert (found["StandardOutputContent"], found["StandardErrorContent"]) == (
        "begun\n",
        "broken\n",
    )
    late = run(sandbox, client, host, "sleep 90", parameters={"executionTimeout": ["60"]})
    process.advance(sandbox.home, 61)
    assert ended(client, late, host)[0] == "TimedOut"
    listed = client.list_command_invocations(InstanceId=host)["CommandInvocations"]
    assert [one["CommandId"] for one in listed] == [late, slow]
    assert refused(client.get_command_invocation, CommandId=slow, InstanceId="i-" + "9" * 17)[
        0
    ] == ("InvocationDoesNotExist")
    assert refused(
        client.get_command_invocation, CommandId=str(uuid4()), InstanceId=host
    )[0] == "InvalidCommandId"  # fmt: skip


def test_what_cannot_be_run_is_refused_before_anything_runs(sandbox, ssm, hosts, refused):
    client = ssm()
    linux, windows = hosts["oracle_dg"][EAST], hosts["sql_ag"][EAST]
    shell = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["echo"]}}
    assert refused(client.send_command, InstanceIds=["i-" + "0" * 17], **shell)[0] == (
        "InvalidInstanceId"
    )
    assert refused(client.send_command, InstanceIds=[windows], **shell)[0] == (
        "UnsupportedPlatformType"
    )
    own = {"DocumentName": "my-script", "Parameters": {"commands": ["echo"]}}
    assert refused(client.send_command, InstanceIds=[linux], **own)[0] == "InvalidDocument"
    bare = {"DocumentName": "AWS-RunShellScript"}
    assert refused(client.send_command, InstanceIds=[linux], **bare)[0] == "InvalidParameters"
    shown = client.describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [linux, windows]}]
    )["InstanceInformationList"]
    assert {one["PlatformType"] for one in shown} == {"Linux", "Windows"}
    assert {one["PingStatus"] for one in shown} == {"Online"}


def sql(sandbox, client, host, text):
    script = f"$sql = @'\n{text}\n'@\nsqlcmd -Q $sql"
    command = run(sandbox, client, host, script, "AWS-RunPowerShellScript")
    sandbox.settle()
    found = client.get_command_invocation(CommandId=command, InstanceId=host)
    return found["Status"], found["StandardErrorContent"][:9], found["StandardOutputContent"]


def test_an_availability_group_keeps_to_its_rules(sandbox, ssm, hosts):
    east, west = ssm(), ssm(WEST)
    here, there = hosts["sql_ag"][EAST], hosts["sql_ag"][WEST]
    group = sandbox.facts("initech/production")["sql_ag"]["group"]
    fail_over = f"ALTER AVAILABILITY GROUP [{group}] FAILOVER;"
    # suspended, then asynchronous: not without loss
    assert sql(sandbox, west, there, fail_over)[:2] == ("Failed", "Msg 41142")
    resume = "ALTER DATABASE [billing] SET HADR RESUME; ALTER DATABASE [contracts] SET HADR RESUME;"
    assert sql(sandbox, west, there, resume)[0] == "Success"
    assert sql(sandbox, west, there, fail_over)[:2] == ("Failed", "Msg 41142")
    modes = "\n".join(
        f"ALTER AVAILABILITY GROUP [{group}] MODIFY REPLICA ON N'{server}'"
        " WITH (AVAILABILITY_MODE = SYNCHRONOUS_COMMIT);"
        for server in ("SQLEAST1", "SQLWEST1")
    )
    assert sql(sandbox, west, there, modes)[:2] == ("Failed", "Msg 41190")
    assert sql(sandbox, east, here, modes)[0] == "Success"
    assert sql(sandbox, east, here, fail_over)[:2] == ("Failed", "Msg 41122")
    assert sql(sandbox, west, there, fail_over)[0] == "Success"
    roles = "SELECT … FROM sys.dm_hadr_availability_replica_states"
    assert f"{group};SQLEAST1;SECONDARY" in sql(sandbox, east, here, roles)[2]
    # by force, the other side has to be resumed by hand
    forced = f"ALTER AVAILABILITY GROUP [{group}] FORCE_FAILOVER_ALLOW_DATA_LOSS;"
    assert sql(sandbox, east, here, forced)[0] == "Success"
    states = sql(sandbox, west, there, "SELECT … FROM sys.dm_hadr_database_replica_states")[2]
    assert states.count("NOT SYNCHRONIZING;1") == 2


def broker(sandbox, client, host, statement):
    command = run(sandbox, client, host, f"dgmgrl / <<'X'\n{statement};\nX")
    sandbox.settle()
    # the command line always ends with 0
    status, code, out = ended(client, command, host)
    assert (status, code) == ("Success", 0)
    return out


def test_a_data_guard_configuration_keeps_to_its_rules(sandbox, ssm, hosts):
    west, there = ssm(WEST), hosts["oracle_dg"][WEST]
    assert "Ready for Switchover:  No" in broker(
        sandbox, west, there, "VALIDATE DATABASE 'ledger_west'"
    )
    assert "ORA-16541" in broker(sandbox, west, there, "SWITCHOVER TO 'ledger_west'")
    apply = "EDIT DATABASE 'ledger_west' SET STATE='APPLY-ON'"
    assert "Succeeded" in broker(sandbox, west, there, apply)
    assert "Apply Lag:          3 seconds" in broker(
        sandbox, west, there, "SHOW DATABASE 'ledger_west'"
    )
    assert 'new primary is "ledger_west"' in broker(
        sandbox, west, there, "FAILOVER TO 'ledger_west'"
    )
    shown = broker(sandbox, west, there, "SHOW CONFIGURATION")
    assert "ledger_east - Physical standby database (disabled)" in shown
    assert "ORA-16661" in shown
    again = broker(sandbox, west, there, "REINSTATE DATABASE 'ledger_east'")
    assert 'Reinstatement of database "ledger_east" succeeded' in again
    assert "ORA-16653" in broker(sandbox, west, there, "REINSTATE DATABASE 'ledger_east'")


def runbook(client, name, instance, script):
    step = {
        "name": "work", "action": "aws:runCommand",
        "inputs": {"DocumentName": "AWS-RunShellScript", "InstanceIds": [instance],
                   "Parameters": {"commands": script}},
    }  # fmt: skip
    content = {"schemaVersion": "0.3", "mainSteps": [step]}
    client.create_document(Name=name, DocumentType="Automation", Content=json.dumps(content))


def test_a_client_token_starts_one_run_and_a_failed_step_says_why(sandbox, ssm, hosts, refused):
    client, host = ssm(account=APP), hosts["ssm"][EAST]
    runbook(client, "breaks", host, ["echo no space left >&2", "sleep 5", "exit 1"])
    runbook(client, "other", host, ["echo fine"])
    token, tags = str(uuid4()), [{"Key": "drstate:hook/one/activate", "Value": "x"}]
    asked = {"ClientToken": token, "Tags": tags}
    first = client.start_automation_execution(DocumentName="breaks", **asked)
    again = client.start_automation_execution(DocumentName="breaks", **asked)
    assert first["AutomationExecutionId"] == again["AutomationExecutionId"]
    assert refused(client.start_automation_execution, DocumentName="other", **asked)[0] == (
        "IdempotentParameterMismatch"
    )
    sandbox.settle()
    found = client.get_automation_execution(
        AutomationExecutionId=first["AutomationExecutionId"]
    )["AutomationExecution"]  # fmt: skip
    assert found["AutomationExecutionStatus"] == "Failed"
    assert "no space left" in found["StepExecutions"][0]["FailureMessage"]
    client.start_automation_execution(DocumentName="other")
    listed = client.describe_automation_executions(
        Filters=[{"Key": "TagKey", "Values": ["drstate:hook/one/activate"]}]
    )["AutomationExecutionMetadataList"]
    assert [one["AutomationExecutionId"] for one in listed] == [first["AutomationExecutionId"]]
