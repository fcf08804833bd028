"""What the resource types of Lambda have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from drstate.sandbox.provider.problems import code_of


def found(ask: Callable[[], Any]) -> Any:
    """The answer, or None where AWS says that there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise


def latest_version(client: Any, name: str) -> str:
    """The newest version that was published, or $LATEST."""
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    published = [
        int(each["Version"])
        for page in pages
        for each in page["Versions"]
        if each["Version"] != "$LATEST"
    ]
    return str(max(published)) if published else "$LATEST"


def plain_name(name: str) -> str:
    """A function's name, of its name or ARN."""
    return name.rpartition(":function:")[2].partition(":")[0]


def same_function(old: Any, new: Any) -> bool:
    """Whether a name and an ARN mean the same function, version or alias."""
    return _qualified(str(old)) == _qualified(str(new))


def _qualified(name: str) -> str:
    return name.rpartition(":function:")[2]
