"""The program of the AWS measurements: log groups with tags, in the hub account of a sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pulumi_aws as aws

# the module is made when it is first touched, which must not be timed
GROUP = aws.cloudwatch.LogGroup


def program(count: int) -> Callable[[], None]:
    """``count`` log groups."""

    def run() -> None:
        for number in range(count):
            name = f"/bench/group-{number}"
            GROUP(f"group-{number}", name=name, retention_in_days=7, tags={"Owner": "bench"})

    return run
