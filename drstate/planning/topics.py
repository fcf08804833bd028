"""Which topics an execution may use: never one in the region that it leaves behind. Pure.

INSTANTIATE and ACTIVATE are run because the serving region is lost, or as if it were: a call there
would tell nobody, and has no place in a recovery. CLEANUP and REPLICATE run while the serving
region serves, so that they may use topics there.
"""

from __future__ import annotations

from collections.abc import Collection

from drstate.model.notify import Topic
from drstate.model.phases import Phase
from drstate.model.scope import Scope


def left_behind(serving: str, phases: Collection[Phase]) -> str | None:
    """The region in which no topic is used; None: everyone may be."""
    return serving if {Phase.INSTANTIATE, Phase.ACTIVATE} & {*phases} else None


def usable(scope: Scope, serving: str, phases: Collection[Phase]) -> tuple[Topic, ...]:
    """The topics that are told of an execution with these phases."""
    return scope.notifications.beyond(left_behind(serving, phases))


def topic_warnings(scope: Scope, serving: str, phases: Collection[Phase]) -> tuple[str, ...]:
    """What people should know of the scope's topics before they rely on them."""
    topics = scope.notifications.topics
    told = usable(scope, serving, phases)
    file = scope.key.file
    other = scope.regions.other(serving)
    add = f"add one in {other} to notifications.topics in {file}"
    if not topics:
        return ()
    left = [topic.arn for topic in topics if topic not in told]
    if left:
        nobody = " Nobody is told anything." if not told else ""
        return tuple(
            f"topic {arn} is in {serving}, the region that is left: it is told nothing.{nobody} "
            f"{add}"
            for arn in left
        )
    if Phase.REPLICATE in phases and not scope.notifications.beyond(serving):
        return (
            f"every topic is in {serving}, which serves: once it is lost, nobody is told; {add}",
        )
    return ()
