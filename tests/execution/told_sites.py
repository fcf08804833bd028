"""A sandbox whose topics are read by queues, and an execution that is told of to them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import boto3

from drstate.aws.caller import open_caller
from drstate.aws.clock import SystemClock
from drstate.execution.channels import sns
from drstate.execution.couriers import Publish
from drstate.execution.notifying import Teller
from drstate.execution.recorder import Recorder
from drstate.journal.sqlite import SqliteJournal
from drstate.model import events as e
from drstate.model.events import ExecutionStatus
from drstate.model.notify import Notifications, Recipient, Rule, Topic
from drstate.model.scope import Scope
from drstate.report.notification import Notification
from drstate.sandbox import process
from tests.adapters.world import WEST, scope_of
from tests.aws.clocks import FakeClock
from tests.execution import transcript as t

PLAN = t.plan(t.stage(1, t.shard(t.A, "w1", t.key("db"))))


class Quick(SystemClock):
    """The machine's clock, but waiting takes no time."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Site:
    """A sandbox with a scope, and clients of its data account."""

    home: Path
    scope: Scope
    clock: Quick = field(default_factory=Quick)

    @property
    def account(self) -> str:
        return self.scope.accounts[0].id

    def client(self, service: str, region: str) -> Any:
        role = self.scope.accounts[0]
        sts = boto3.client("sts", region_name=region)
        keys = sts.assume_role(
            RoleArn=role.role_arn, RoleSessionName="test", ExternalId=role.external_id
        )["Credentials"]
        return boto3.client(
            service,
            region_name=region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def topic(self, name: str, region: str = WEST, **attributes: str) -> Topic:
        made = self.client("sns", region).create_topic(Name=name, Attributes=attributes)
        return Topic(arn=made["TopicArn"])

    def subscribed(self, topic: Topic, **policy: list[str]) -> Callable[[], list[dict[str, Any]]]:
        """Reads what a queue that is subscribed to the topic has received."""
        sqs, sns = (self.client(service, topic.region) for service in ("sqs", "sns"))
        url = sqs.create_queue(QueueName=f"{topic.name}-{len(policy)}")["QueueUrl"]
        names = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
        queue = sqs.get_queue_attributes(**names)["Attributes"]["QueueArn"]
        attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
        sns.subscribe(TopicArn=topic.arn, Protocol="sqs", Endpoint=queue, Attributes=attributes)

        def read() -> list[dict[str, Any]]:
            found = []
            while rows := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                found += [json.loads(row["Body"]) for row in rows]
                for row in rows:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=row["ReceiptHandle"])
            return found

        return read

    @property
    def publish(self) -> Publish:
        caller = open_caller(
            self.scope.accounts,
            session_name="tell",
            clock=self.clock,
            connect_seconds=sns.CONNECT_SECONDS,
            read_seconds=sns.READ_SECONDS,
        )

        def publish(topic: Topic, note: Notification, *, patient: bool) -> str:
            return sns.publish(caller, topic, note, patient=patient)

        return publish


@contextmanager
def opened_site(home: Path) -> Iterator[Site]:
    """A site of acme/staging in a sandbox of its own; calls of this process go there meanwhile."""
    status = process.start(home, time_scale=0.0)
    before = dict(os.environ)
    os.environ.update(process.environment(status))
    try:
        yield Site(home, scope_of(process.facts(home), "acme/staging"))
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.stop(home)


class Run:
    """An execution that is told of, as a process would run it."""

    def __init__(
        self,
        journal: SqliteJournal,
        topics: tuple[Topic, ...],
        publish: Publish,
        *,
        last_seconds: float = 10.0,
        used: tuple[Topic, ...] | None = None,
        recipients: tuple[Recipient, ...] = (),
        rules: tuple[Rule, ...] = (),
        clock: SystemClock | FakeClock | None = None,
        priorities: dict[str, str] | None = None,
    ) -> None:
        self.journal = journal
        lease = journal.acquire(t.SCOPE, runner="r", host="h", pid=1, ttl_seconds=60)
        told = clock or SystemClock()
        self.people = Teller(
            journal,
            told,
            "x",
            Notifications(topics=topics, recipients=recipients, rules=rules),
            publish,
            used=lambda _: topics if used is None else used,
            priorities=lambda: priorities or {},
            last_seconds=last_seconds,
        )
        self.recorder = Recorder(journal, "x", lease.fence, told, SimpleQueue(), self.people)

    def begin(self) -> Run:
        self.recorder.append(t.created(PLAN))
        self.people.attach(self.recorder)
        self.recorder.append(t.attached())
        return self

    def resume(self) -> Run:
        self.recorder.load()
        self.people.attach(self.recorder)
        self.recorder.append(t.attached(resumed=True))
        return self

    def finish(self, status: ExecutionStatus = ExecutionStatus.COMPLETED) -> None:
        self.recorder.append(e.ExecutionFinished(status=status, changes=0, duration_seconds=1))

    def written(self) -> list[tuple[str, str]]:
        rows = [row.payload for row in self.journal.events("x")]
        return [
            (row.type.removeprefix("notification_"), str(row.kind))
            for row in rows
            if isinstance(row, (e.NotificationDelivered, e.NotificationFailed))
        ]

    def delivered(self) -> list[e.NotificationDelivered]:
        rows = [row.payload for row in self.journal.events("x")]
        return [row for row in rows if isinstance(row, e.NotificationDelivered)]

    def failed(self) -> list[e.NotificationFailed]:
        rows = [row.payload for row in self.journal.events("x")]
        return [row for row in rows if isinstance(row, e.NotificationFailed)]

    def numbers(self, *kinds: str) -> list[int]:
        return [row.seq for row in self.journal.events("x", kinds=kinds)]
