"""A task definition that was registered before its stack could note it, found again.

ECS gives every registration a revision of its own, so what was cut off cannot be told by a name,
and registering again would leave a second revision that nobody uses. What a stack registers carries
its tags: the newest active revision that stands for the same resource is the last thing that a
stack of ours did in that family. If it says what the inputs say, it is the one; if it says anything
else, nothing was registered. Revisions of other people are never taken up, however equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from drstate.adapters.at import At
from drstate.adapters.drilling import unpaired
from drstate.adapters.ecs.normal import container, without_empty

MANAGED_TAG = "drstate:managed"
SOURCE_TAG = "drstate:source"
#: ours is among the newest: a crash is minutes old, and a family is registered to by few
LOOKED_AT = 50

Content = dict[str, Any]


def revision(at: At, inputs: Mapping[str, Any]) -> str | None:
    """ARN of the revision that a stack registered with these inputs, if there is one.

    ``inputs`` are a task definition's as Pulumi names them. Raises AwsCallError.
    """
    tags = inputs.get("tags") or {}
    family, source = str(inputs.get("family") or ""), tags.get(SOURCE_TAG)
    if not family or not source:
        return None
    for arn in _newest(at, family)[:LOOKED_AT]:
        answer = at.call("ecs", "describe_task_definition", taskDefinition=arn, include=["TAGS"])
        carried = unpaired(answer.get("tags") or (), "key", "value")
        if carried.get(MANAGED_TAG) != "true" or carried.get(SOURCE_TAG) != source:
            continue
        found = answer["taskDefinition"]
        mode = found.get("networkMode")
        return arn if _of_inputs(inputs, mode) == _of_answer(found, mode) else None
    return None


def _newest(at: At, family: str) -> list[str]:
    """ARNs of the family's active revisions, the newest first."""
    pages = at.pages(
        "ecs", "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status="ACTIVE"
    )
    numbers: dict[int, str] = {}
    for arn in map(str, pages):
        name, _, number = arn.rpartition("/")[2].rpartition(":")
        # named a prefix; AWS says that it takes a whole name, and web must never be web-admin
        if name == family:
            numbers[int(number)] = arn
    return [numbers[number] for number in sorted(numbers, reverse=True)]


def _of_inputs(inputs: Mapping[str, Any], mode: str | None) -> Content | None:
    """What is asked for, in the form of ``_of_answer``; None where it cannot be read."""
    try:
        containers = json.loads(inputs["containerDefinitions"])
    except (KeyError, TypeError, ValueError):
        return None  # encrypted in the state: what it says is not known here
    storage = inputs.get("ephemeralStorage") or {}
    return _content(
        containers,
        inputs.get("networkMode") or mode,
        cpu=inputs.get("cpu"),
        memory=inputs.get("memory"),
        execution_role=inputs.get("executionRoleArn"),
        task_role=inputs.get("taskRoleArn"),
        pid_mode=inputs.get("pidMode"),
        ipc_mode=inputs.get("ipcMode"),
        compatibilities=sorted(inputs.get("requiresCompatibilities") or ()),
        platform=inputs.get("runtimePlatform"),
        storage=storage.get("sizeInGib"),
        volumes=[(one["name"], one.get("hostPath")) for one in inputs.get("volumes") or ()],
        constraints=_constraints(inputs.get("placementConstraints") or ()),
    )


def _of_answer(found: Mapping[str, Any], mode: str | None) -> Content:
    """What ``DescribeTaskDefinition`` tells of a revision, without what AWS fills in."""
    return _content(
        found["containerDefinitions"],
        mode,
        cpu=found.get("cpu"),
        memory=found.get("memory"),
        execution_role=found.get("executionRoleArn"),
        task_role=found.get("taskRoleArn"),
        pid_mode=found.get("pidMode"),
        ipc_mode=found.get("ipcMode"),
        compatibilities=sorted(found.get("requiresCompatibilities") or ()),
        platform=found.get("runtimePlatform"),
        storage=(found.get("ephemeralStorage") or {}).get("sizeInGiB"),
        volumes=[
            (one["name"], (one.get("host") or {}).get("sourcePath"))
            for one in found.get("volumes") or ()
        ],
        constraints=_constraints(found.get("placementConstraints") or ()),
    )


def _content(containers: Iterable[dict[str, Any]], mode: str | None, **others: Any) -> Content:
    plain = sorted((container(one, mode) for one in containers), key=lambda one: str(one["name"]))
    others["volumes"].sort(key=str)
    said: Content = without_empty({"mode": mode, **others})
    return {**said, "containers": plain}


def _constraints(found: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return sorted((str(one["type"]), str(one.get("expression") or "")) for one in found)
