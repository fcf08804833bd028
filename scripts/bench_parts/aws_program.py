"""The program of the AWS measurements: log groups with tags, in the hub account of a sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_aws as aws

# the module is made when it is first touched, which must not be timed
GROUP = aws.cloudwatch.LogGroup


def program(count: int) -> Callable[[], None]:
    """``count`` log groups."""

    def run() -> None:
        here = pulumi.ResourceOptions(provider=aws.Provider("here", region="us-west-2"))
        for number in range(count):
            GROUP(
                f"group-{number}",
                name=f"/bench/group-{number}",
                retention_in_days=7,
                tags={"Owner": "bench"},
                opts=here,
            )

    return run
