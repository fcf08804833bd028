"""SNS: one message to a topic, in a form for each kind of subscriber, with attributes for filters.

Each region is called with sessions of its own: where STS of one hangs, topics of the others are not
held up. A message is never larger than SNS takes: it is cut, and says so.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

from drstate.execution.services import Services
from drstate.model.notify import Topic
from drstate.model.scope import Scope
from drstate.report.notification import Notification

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: one attempt: until a connection stands, and until an answer comes
CONNECT_SECONDS, READ_SECONDS = 2.0, 3.0
#: SNS takes 256 KiB with everything in it; attributes and subject need little
MESSAGE_BYTES = 240 * 1024
#: attribute by which a recipient's subscription knows what is for it
RECIPIENTS = "recipients"
_PROGRAMS = ("sqs", "lambda", "http", "https", "firehose")


class SnsChannel:
    """Publishes with the roles of one scope. Makes no call yet."""

    def __init__(self, services: Services, scope: Scope, session: str) -> None:
        self._services = services
        self._scope = scope
        self._session = session
        self._callers: dict[str, AwsCaller] = {}
        self._making = threading.Lock()

    def send(self, target: Topic, note: Notification, *, patient: bool) -> str:
        """Publish; the message's id. As ``Channel.send``."""
        return publish(self.caller(target.region), target, note, patient=patient)

    def caller(self, region: str) -> AwsCaller:
        """A caller for that region alone, with the short deadlines of telling."""
        from drstate.aws.caller import open_caller  # noqa: PLC0415 loaded when it is needed

        with self._making:
            if region not in self._callers:
                self._callers[region] = open_caller(
                    self._scope.accounts,
                    session_name=self._session,
                    clock=self._services.clock,
                    scope_file=f"stacks/{self._scope.customer}/{self._scope.environment}.yaml",
                    connect_seconds=CONNECT_SECONDS,
                    read_seconds=READ_SECONDS,
                )
            return self._callers[region]


def publish(caller: AwsCaller, topic: Topic, note: Notification, *, patient: bool) -> str:
    """One message: text for people, the document for programs, attributes for filters."""
    from drstate.aws.ways import Way  # noqa: PLC0415 loaded when it is needed

    attributes: dict[str, Any] = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in note.attributes().items()
    }
    if note.recipients:
        names = json.dumps(note.recipients)
        attributes[RECIPIENTS] = {"DataType": "String.Array", "StringValue": names}
    params: dict[str, Any] = {
        "TopicArn": topic.arn,
        "Subject": note.subject,
        "Message": message(note),
        "MessageStructure": "json",
        "MessageAttributes": attributes,
    }
    if topic.fifo:
        params["MessageGroupId"] = note.execution or "drstate"
        words = hashlib.sha256(note.what.encode()).hexdigest()[:8]
        params["MessageDeduplicationId"] = f"{note.execution}-{note.about}-{note.kind}-{words}"
    sending = caller if patient else caller.derived(way=Way(patient=False))
    answer = sending.call("sns", "publish", account=topic.publisher, region=topic.region, **params)
    return str(answer["MessageId"])


def message(note: Notification) -> str:
    """A form for each kind of subscriber, cut until SNS takes it."""
    least: Notification = note
    while True:
        text = _forms(least)
        shorter = least.shorter if len(text.encode()) > MESSAGE_BYTES else None
        if shorter is None:
            return text
        least = shorter


def _forms(note: Notification) -> str:
    document = _dumped(note.document())
    forms = {"default": note.text, "sms": note.short, **dict.fromkeys(_PROGRAMS, document)}
    return _dumped(forms)


def _dumped(document: dict[str, Any]) -> str:
    # letters as they are: escaped twice, each would take seven bytes
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
