"""SNS: mailboxes have to agree first, and a subject that SNS would refuse is refused here, too.

moto confirms every subscription by itself. In AWS, one by mail waits until its reader follows the
link that it is sent: until then it is listed as PendingConfirmation and gets nothing. There is no
mail here: the token of that link is the last part of the subscription's ARN, which `Subscribe`
tells who asks for it (`ReturnSubscriptionArn`). A phone need not agree, as in AWS.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from .extend import extend
from .modelled import Refusal

PENDING = "PendingConfirmation"
_SUBJECT = re.compile(r"[!-~][ -~]{0,99}")
_MAILED = ("email", "email-json")

_subscribe = SNSBackend.subscribe
_publish = SNSBackend.publish
_list = SNSBackend.list_subscriptions_by_topic
_deliver = Subscription.publish
_answer_subscribe = SNSResponse.subscribe


def _waits(subscription: Any) -> bool:
    return str(subscription.attributes.get(PENDING)).lower() == "true"


class _Subscription:
    def publish(self: Any, *given: Any, **named: Any) -> None:
        """Deliver, unless its reader has not agreed yet."""
        if not _waits(self):
            _deliver(self, *given, **named)


class _Backend:
    def subscribe(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        """Subscribe; a mailbox is asked first."""
        known = self._find_subscription(topic_arn, endpoint, protocol)
        made = _subscribe(self, topic_arn, endpoint, protocol)
        if known is None and protocol in _MAILED:
            made.attributes[PENDING] = True
            made.attributes["ConfirmationWasAuthenticated"] = False
        return made

    def confirm_subscription(self: Any, topic_arn: str, token: str) -> Any:
        """The reader agrees; the subscription. Refuses another token."""
        topic = self.get_topic(topic_arn)
        for one in self._get_topic_subscriptions(topic):
            if one.arn.rpartition(":")[2] == token:
                one.attributes[PENDING] = False
                return one
        raise Refusal("InvalidParameter", "Invalid parameter: Token")

    def list_subscriptions_by_topic(
        self: Any, topic_arn: str, next_token: str | None = None
    ) -> tuple[list[Any], Any]:
        """What is subscribed; who has not agreed yet has no ARN there."""
        found, token = _list(self, topic_arn, next_token)
        return [_listed(one) for one in found], token

    def publish(self: Any, message: str, arn: str | None, **named: Any) -> Any:
        """Publish; a subject with control characters or other letters than ASCII is refused."""
        subject = named.get("subject")
        if subject is not None and _SUBJECT.fullmatch(subject) is None:
            raise Refusal("InvalidParameter", "Invalid parameter: Subject")
        if len(message.encode()) > 262_144:
            raise Refusal("InvalidParameter", "Invalid parameter: Message too long")
        return _publish(self, message, arn, **named)


def _listed(subscription: Any) -> Any:
    if not _waits(subscription):
        return subscription
    shown = copy.copy(subscription)
    shown.arn = PENDING
    return shown


class _Response:
    def subscribe(self: Any) -> Any:
        """As moto; who has not agreed yet has no ARN, unless it is asked for."""
        answer = _answer_subscribe(self)
        told = str(self._get_param("ReturnSubscriptionArn")).lower() == "true"
        found = self.backend.subscriptions[answer.result["SubscriptionArn"]]
        if _waits(found) and not told:
            return ActionResult({"SubscriptionArn": "pending confirmation"})
        return answer

    def confirm_subscription(self: Any) -> Any:
        """The link in the mail."""
        made = self.backend.confirm_subscription(
            self._get_param("TopicArn"), self._get_param("Token")
        )
        return ActionResult({"SubscriptionArn": made.arn})


def install() -> None:
    """Correct moto's SNS."""
    extend(Subscription, _Subscription, replaces=frozenset({"publish"}))
    extend(
        SNSBackend,
        _Backend,
        replaces=frozenset(
            {"subscribe", "confirm_subscription", "list_subscriptions_by_topic", "publish"}
        ),
    )
    extend(SNSResponse, _Response, replaces=frozenset({"subscribe", "confirm_subscription"}))
