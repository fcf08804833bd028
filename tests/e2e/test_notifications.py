"""A topic of the scope file is told of a run from the command line, and what it missed is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.e2e.harness import RECOVERY, Bench

DATA = "211111111101"


def told(sqs: Any, url: str) -> list[dict[str, Any]]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(json.loads(row["Body"])["Message"]) for row in found]


def test_a_run_tells_topics_and_recipients_and_names_the_one_that_is_not_there(
    warm: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(warm)
    sns, sqs = (bench.client(one, DATA, RECOVERY) for one in ("sns", "sqs"))
    topic = sns.create_topic(Name="dr")["TopicArn"]
    url = sqs.create_queue(QueueName="people")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=found["Attributes"]["QueueArn"])
    file = bench.project / "stacks" / "acme" / "production.yaml"
    rows = "".join(f"    - arn: {arn}\n" for arn in (topic, f"{topic}-gone"))
    people = (
        "  recipients:\n"
        "    - {name: boss, email: boss@acme.example, digest_minutes: 30, topics: [dr]}\n"
        "  rules:\n    - {to: [boss], events: [started, cancelled]}\n"
    )
    file.write_text(f"{file.read_text()}\nnotifications:\n  topics:\n{rows}{people}")
    where = ("-c", "acme", "-e", "production")
    asked_to_agree = bench.run("notify", "subscribe", *where).expect(10)
    assert "pending" in asked_to_agree.out
    tried = bench.run("notify", "test", *where, "-o", "json").expect(1).document["trials"]
    assert [(bool(row["message"]), row["recipients"]) for row in tried] == [
        (True, ["boss"]),
        (False, []),
    ]
    assert [row["kind"] for row in told(sqs, url)] == ["test"]

    waiting = bench.up("activate", "--approval", "required").expect(10)
    asked = told(sqs, url)
    # what is held for somebody is told when the process ends: nobody else would
    assert [row["kind"] for row in asked] == ["started", "approval-required", "digest"]
    assert f"2 notifications (started, approval-required) did not reach {topic}-gone" in waiting.out
    shown = bench.run("status", "-o", "json").expect(0).document
    assert [row["text"] for row in shown["warnings"] if f"{topic}-gone" in row["text"]]

    bench.run("cancel", "-c", "acme", "-e", "production").expect(0)
    assert [row["kind"] for row in told(sqs, url)] == ["cancelled", "digest"]
    lines = bench.run("logs").expect(0).out
    assert "told dr of event" in lines
    assert "(started) waits for boss: its digest" in lines
    assert "told dr for boss of 1 held event (digest)" in lines
    kept = bench.run("compliance", *where, "-o", "json").expect(0).document
    assert [row["status"] for row in kept["executions"]] == ["CANCELLED"]
