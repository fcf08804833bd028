"""Step Functions: executions that run, activities, task tokens, redrive; and SQS's long poll."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from drstate.errors import OperationError
from drstate.sandbox import process
from tests.sandbox.drs_site import copy_of

DATA = "211111111101"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Machines:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.client = sandbox.client("stepfunctions", account=DATA)

    def role(self, trust=TRUST, name="states"):
        iam = self.sandbox.client("iam", account=DATA)
        return iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]["Arn"]  # fmt: skip

    def activity(self, name="shards"):
        return self.client.create_activity(name=name)["activityArn"]

    def start(self, states, role, start_at=None, **more):
        definition = {"StartAt": start_at or next(iter(states)), "States": states}
        machine = self.client.create_state_machine(
            name=f"m-{len(self.client.list_state_machines()['stateMachines'])}",
            definition=json.dumps(definition),
            roleArn=role,
        )["stateMachineArn"]
        return self.client.start_execution(stateMachineArn=machine, **more)["executionArn"]

    def shown(self, execution):
        return self.client.describe_execution(executionArn=execution)

    def ended(self, execution):
        """Ask until it has ended: the interpreter works in threads of its own."""
        end = time.monotonic() + 20
        while (found := self.shown(execution))["status"] == "RUNNING":
            assert time.monotonic() < end, found
        return found

    def events(self, execution):
        shown = self.client.get_execution_history(executionArn=execution)["events"]
        return [one["type"] for one in shown]


@pytest.fixture(scope="module")
def begun(original, tmp_path_factory):
    """A copy that has read the service's model, so that its copies need not."""
    with copy_of(original, tmp_path_factory.mktemp("states") / "copy") as found:
        machines = Machines(found)
        found.role = machines.role()
        machines.client.list_state_machines()
        yield found


@pytest.fixture
def machines(begun, tmp_path):
    with copy_of(begun, tmp_path / "copy") as found:
        made = Machines(found)
        made.role_arn = begun.role
        yield made


def task(arn, **more):
    return {"Type": "Task", "Resource": arn, "End": True, **more}


def test_worker_takes_a_task_and_ends_it(machines, refused):
    arn = machines.activity()
    run = machines.start({"work": task(arn, HeartbeatSeconds=60)}, machines.role_arn,
                         input='{"shard":"w1"}')  # fmt: skip
    given = machines.client.get_activity_task(activityArn=arn, workerName="w-7")
    assert json.loads(given["input"]) == {"shard": "w1"}
    machines.client.send_task_heartbeat(taskToken=given["taskToken"])
    assert machines.shown(run)["status"] == "RUNNING"
    end = machines.client.send_task_success
    assert refused(end, taskToken=given["taskToken"], output="{")[0] == "InvalidOutput"
    end(taskToken=given["taskToken"], output='{"healthy":true}')
    found = machines.ended(run)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"healthy": True})
    assert found["redriveStatus"] == "NOT_REDRIVABLE"
    assert machines.events(run) == [
        "ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted",
        "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    late = refused(end, taskToken=given["taskToken"], output="{}")
    assert late[:2] == ("TaskTimedOut", 400)
    assert refused(end, taskToken="x", output="{}")[0] == "InvalidToken"
    unknown = "11111111-2222-3333-4444-555555555555"
    assert refused(end, taskToken=unknown, output="{}")[0] == "TaskDoesNotExist"


def test_poll_waits_for_its_task_and_holds_up_nobody(machines):
    arn = machines.activity()
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(machines.client.get_activity_task, activityArn=arn)
        # Others are served meanwhile, however long that takes.
        run = machines.start({"work": task(arn)}, machines.role_arn)
        given = poll.result(timeout=20)
    machines.client.send_task_failure(
        taskToken=given["taskToken"], error="Lag", cause="40 s behind"
    )
    found = machines.ended(run)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Lag", "40 s behind")


def test_poll_without_a_task_ends_when_its_minute_is_over(machines):
    arn = machines.activity()
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(machines.client.get_activity_task, activityArn=arn)
        while not poll.done():
            process.advance(machines.sandbox.home, 20)
        assert "taskToken" not in poll.result()
    asked = [c for c in process.calls(machines.sandbox.home) if c["operation"] == "GetActivityTask"]
    assert [one["outcome"] for one in asked] == ["answered"], "recorded once"


def test_task_that_nobody_does_in_time_fails_the_execution(machines, refused):
    arn = machines.activity()
    run = machines.start({"work": task(arn, TimeoutSeconds=900)}, machines.role_arn)
    given = machines.client.get_activity_task(activityArn=arn)
    process.advance(machines.sandbox.home, 901)
    found = machines.ended(run)
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")
    late = refused(machines.client.send_task_success, taskToken=given["taskToken"], output="{}")
    assert late[0] == "TaskTimedOut"


def test_missing_heartbeats_fail_the_task(machines, refused):
    arn = machines.activity()
    run = machines.start({"work": task(arn, HeartbeatSeconds=30)}, machines.role_arn)
    token = machines.client.get_activity_task(activityArn=arn)["taskToken"]
    process.advance(machines.sandbox.home, 31)
    assert machines.ended(run)["error"] == "States.Timeout"
    assert refused(machines.client.send_task_heartbeat, taskToken=token)[0] == "TaskTimedOut"


def test_waits_take_the_sandboxs_time(machines):
    states = {"wait": {"Type": "Wait", "Seconds": 600, "End": True}}
    run = machines.start(states, machines.role_arn)
    process.advance(machines.sandbox.home, 550)
    assert machines.shown(run)["status"] == "RUNNING"
    process.advance(machines.sandbox.home, 51)
    found = machines.ended(run)
    assert found["status"] == "SUCCEEDED"
    assert 600 <= (found["stopDate"] - found["startDate"]).total_seconds() < 640


def test_stopped_execution_is_aborted_while_it_waits(machines, refused):
    arn = machines.activity()
    run = machines.start({"work": task(arn)}, machines.role_arn)
    token = machines.client.get_activity_task(activityArn=arn)["taskToken"]
    machines.client.stop_execution(executionArn=run, error="Operator", cause="drill over")
    found = machines.shown(run)
    assert (found["status"], found["error"]) == ("ABORTED", "Operator")
    assert found["stopDate"] >= found["startDate"]
    late = refused(machines.client.send_task_success, taskToken=token, output="{}")
    assert late[0] == "TaskTimedOut"


def test_redrive_goes_on_at_the_state_that_was_not_passed(machines, refused):
    first, second = machines.activity("first"), machines.activity("second")
    states = {
        "one": {"Type": "Task", "Resource": first, "Next": "two"},
        "two": task(second),
    }
    run = machines.start(states, machines.role_arn)
    early = refused(machines.client.redrive_execution, executionArn=run)
    assert early[:2] == ("ExecutionNotRedrivable", 400)

    def end(arn, failing=False):
        given = machines.client.get_activity_task(activityArn=arn)
        if failing:
            machines.client.send_task_failure(taskToken=given["taskToken"], error="Down")
        else:
            machines.client.send_task_success(taskToken=given["taskToken"], output='"ok"')
        return given["input"]

    end(first)
    end(second, failing=True)
    found = machines.ended(run)
    assert (found["status"], found["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    redrive = machines.client.redrive_execution
    date = redrive(executionArn=run, clientToken="t1")["redriveDate"]
    assert redrive(executionArn=run, clientToken="t1")["redriveDate"] == date
    assert json.loads(end(second)) == "ok", "the first state's output, kept"
    found = machines.ended(run)
    assert (found["status"], found["redriveCount"]) == ("SUCCEEDED", 1)
    assert machines.events(run).count("ExecutionRedriven") == 1
    scheduled = [one for one in machines.events(run) if one == "ActivityScheduled"]
    assert len(scheduled) == 3, "the first state did not run again"
    listed = machines.client.list_executions(
        stateMachineArn=found["stateMachineArn"], redriveFilter="REDRIVEN"
    )["executions"]
    assert [one["executionArn"] for one in listed] == [run]


def test_redrive_of_branches_is_refused_by_name_and_not_pretended(machines, refused):
    fails = {"Type": "Fail", "Error": "Down"}
    branch = {"StartAt": "no", "States": {"no": fails}}
    states = {"both": {"Type": "Parallel", "Branches": [branch], "End": True}}
    run = machines.start(states, machines.role_arn)
    assert machines.ended(run)["status"] == "FAILED"
    code, status, words, retries = refused(machines.client.redrive_execution, executionArn=run)
    assert (code, status, retries) == ("SandboxNotImplemented", 400, 0)
    assert "RedriveExecution of a Parallel state" in words


def test_states_call_other_services_with_the_role_and_wait_for_tokens(machines):
    sqs = machines.sandbox.client("sqs", account=DATA)
    queue = sqs.create_queue(QueueName="shards")["QueueUrl"]
    states = {
        "all": {
            "Type": "Map",
            "ItemsPath": "$.shards",
            "ItemProcessor": {
                "StartAt": "send",
                "States": {
                    "send": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                        "Parameters": {
                            "QueueUrl": queue,
                            "MessageBody": {"token.$": "$$.Task.Token", "shard.$": "$"},
                        },
                        "End": True,
                    }
                },
            },
            "End": True,
        }
    }
    run = machines.start(states, machines.role_arn, input='{"shards":["w1","w2"]}')
    done = set()
    while len(done) < 2:
        # A long poll: it must not keep the state machine from sending.
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        for one in found.get("Messages", []):
            body = json.loads(one["Body"])
            machines.client.send_task_success(
                taskToken=body["token"], output=json.dumps(body["shard"])
            )
            done.add(body["shard"])
    assert json.loads(machines.ended(run)["output"]) == ["w1", "w2"]
    sent = [c for c in process.calls(machines.sandbox.home) if c["operation"] == "SendMessage"]
    assert {one["principal"] for one in sent} == {machines.role_arn}


def test_long_poll_of_a_queue_ends_empty_when_its_time_is_over(machines):
    sqs = machines.sandbox.client("sqs", account=DATA)
    queue = sqs.create_queue(QueueName="empty")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        while not poll.done():
            process.advance(machines.sandbox.home, 7)
        assert "Messages" not in poll.result()


def test_role_must_trust_step_functions(machines, refused):
    stranger = json.loads(json.dumps(TRUST).replace("states.amazonaws.com", "ec2.amazonaws.com"))
    role = machines.role(stranger, "stranger")
    states = {"wait": {"Type": "Wait", "Seconds": 1, "End": True}}
    assert refused(machines.start, states=states, role=role)[0] == "AccessDeniedException"
    run = machines.start(states, machines.role_arn)
    machine = machines.shown(run)["stateMachineArn"]
    change = {"stateMachineArn": machine, "roleArn": role}
    assert refused(machines.client.update_state_machine, **change)[0] == "AccessDeniedException"
    changed = machines.client.update_state_machine(**change | {"roleArn": machines.role_arn})
    assert changed["updateDate"]


def test_activities_are_kept_once_and_listed_in_pages(machines, refused):
    made = [machines.activity(f"a-{number}") for number in range(3)]
    assert machines.activity("a-1") == made[1]
    pages = machines.client.get_paginator("list_activities").paginate(
        PaginationConfig={"PageSize": 1}
    )
    listed = [one["activityArn"] for page in pages for one in page["activities"]]
    assert listed == made
    bad = refused(machines.client.list_activities, nextToken="nonsense")
    assert bad[0] == "InvalidToken"
    assert machines.client.describe_activity(activityArn=made[0])["name"] == "a-0"
    machines.client.delete_activity(activityArn=made[0])
    gone = refused(machines.client.get_activity_task, activityArn=made[0])
    assert gone[:2] == ("ActivityDoesNotExist", 400)


def test_snapshot_and_copy_are_refused_while_an_execution_runs(machines, tmp_path):
    arn = machines.activity()
    run = machines.start({"work": task(arn)}, machines.role_arn)
    given = machines.client.get_activity_task(activityArn=arn)
    with pytest.raises(OperationError) as caught:
        process.snapshot(machines.sandbox.home, tmp_path / "kept")
    assert f"in the middle of its work: {run}" in caught.value.why
    with pytest.raises(OperationError) as caught:
        process.fork(machines.sandbox.home, tmp_path / "other")
    assert f"in the middle of their work: {run}" in caught.value.why
    machines.client.send_task_failure(taskToken=given["taskToken"], error="Down")
    machines.ended(run)
    process.snapshot(machines.sandbox.home, tmp_path / "kept")
    process.restore(machines.sandbox.home, tmp_path / "kept")
    assert machines.shown(run)["status"] == "FAILED"
    machines.client.redrive_execution(executionArn=run)
    again = machines.client.get_activity_task(activityArn=arn)
    machines.client.send_task_success(taskToken=again["taskToken"], output="{}")
    assert machines.ended(run)["status"] == "SUCCEEDED"


def test_execution_waits_for_the_one_that_it_started_and_stops_it(machines):
    arn = machines.activity()
    inner = machines.client.create_state_machine(
        name="inner",
        definition=json.dumps({"StartAt": "work", "States": {"work": task(arn)}}),
        roleArn=machines.role_arn,
    )["stateMachineArn"]
    start = task(
        "arn:aws:states:::states:startExecution.sync:2",
        Parameters={"StateMachineArn": inner, "Input": {"wave": 3}, "Name": "one"},
    )
    run = machines.start({"outer": start}, machines.role_arn)
    given = machines.client.get_activity_task(activityArn=arn)
    assert json.loads(given["input"]) == {"wave": 3}
    machines.client.send_task_success(taskToken=given["taskToken"], output='{"ok":true}')
    told = json.loads(machines.ended(run)["output"])
    assert (told["Name"], told["Status"], told["Output"]) == ("one", "SUCCEEDED", {"ok": True})

    start["Parameters"]["Name"] = "two"
    run = machines.start({"outer": start}, machines.role_arn)
    given = machines.client.get_activity_task(activityArn=arn)
    machines.client.stop_execution(executionArn=run, error="Enough")
    nested = machines.client.list_executions(stateMachineArn=inner)["executions"][0]
    assert (nested["name"], nested["status"]) == ("two", "ABORTED")

    start["Parameters"]["Name"] = "three"
    run = machines.start({"outer": start}, machines.role_arn)
    given = machines.client.get_activity_task(activityArn=arn)
    machines.client.send_task_failure(taskToken=given["taskToken"], error="Lag", cause="40 s")
    found = machines.ended(run)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(found["cause"])["Error"] == "Lag"
