"""Topics, queues, streams and buses: what messages go through."""

from __future__ import annotations

from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper


def topic(site: Captured, account: str, region: str, arn: str) -> None:
    """A topic without subscribers."""
    from moto.sns.models import sns_backends  # noqa: PLC0415 - few scopes have one

    name = arn.rpartition(":")[2]
    fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
    sns_backends[account][region].create_topic(name, fifo, site.own_tags())


def queue(site: Captured, account: str, region: str, identifier: str) -> None:
    """A queue, by its ARN or address, with a visibility timeout that any function can have."""
    correct("sqs")
    from moto.sqs.models import sqs_backends  # noqa: PLC0415 - after its correction

    name = identifier.replace("/", ":").rpartition(":")[2]
    backend = sqs_backends[account][region]
    if name not in backend.queues:
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        backend.create_queue(name, site.own_tags(), VisibilityTimeout="900", **fifo)


def stream(site: Captured, account: str, region: str, arn: str) -> None:
    """A stream of Kinesis, or a table of DynamoDB with its stream; Firehose takes every name."""
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else "kinesis"
    if service == "kinesis":
        from moto.kinesis.models import kinesis_backends  # noqa: PLC0415 - few scopes have one

        name = arn.rpartition("/")[2]
        backend = kinesis_backends[account][region]
        if name not in backend.streams:
            backend.create_stream(name, 1)
    elif service == "dynamodb":
        _table(site, account, region, arn)
    elif service != "firehose":
        raise cannot("site_map", f"streams {arn}", f"{service} has no streams in the sandbox")


def _table(site: Captured, account: str, region: str, arn: str) -> None:
    correct("dynamodb")
    from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415 - after its correction

    parts = arn.split(":", 5)[5].split("/")
    backend = dynamodb_backends[account][region]
    if parts[1] in backend.tables:
        return
    table = backend.create_table(
        parts[1],
        schema=[{"AttributeName": "id", "KeyType": "HASH"}],
        throughput=None,
        attr=[{"AttributeName": "id", "AttributeType": "S"}],
        global_indexes=None,
        indexes=None,
        streams={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=upper(site.own_tags()),
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    if len(parts) == 4 and parts[2] == "stream":
        table.latest_stream_label = parts[3]


def event_bus(site: Captured, account: str, region: str, identifier: str) -> None:
    """A bus, by its name or ARN; every region has the one called default."""
    correct("events")
    from moto.events.models import events_backends  # noqa: PLC0415 - after its correction

    name = identifier.rpartition("/")[2]
    backend = events_backends[account][region]
    if name not in backend.event_buses:
        backend.create_event_bus(name, tags=upper(site.own_tags()))


def target(site: Captured, account: str, region: str, arn: str) -> None:
    """What a rule sends to, where it is a queue, a topic or a stream; rules do not look further."""
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else ""
    makers = {"sqs": queue, "sns": topic, "kinesis": stream}
    if service in makers:
        makers[service](site, account, region, arn)
    elif service == "events" and ":event-bus/" in arn:
        event_bus(site, account, region, arn)
