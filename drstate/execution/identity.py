"""Who this process acts for: asked of AWS, and of the pipeline that it runs in.

Nothing waits for it longer than two seconds, and nothing fails for it: without an AWS identity the
operating system's name stands, with the reason. Reading verbs never ask.
"""

from __future__ import annotations

from collections.abc import Mapping

from drstate.model.actor import Actor

#: what a pipeline says of who set it off, the first that is there; told, never believed
LABELS = ("DRSTATE_OPERATOR", "GITHUB_ACTOR")


def actor_of(name: str, region: str, *, sandbox: bool, env: Mapping[str, str]) -> Actor:
    """The actor of this process; STS is asked in ``region``, for two seconds at most."""
    from drstate.aws.identity import caller_arn  # noqa: PLC0415 it loads botocore

    arn, note = caller_arn(region)
    return Actor(
        name=name,
        arn=arn,
        label=label_of(env),
        note=note,
        # the emulated AWS gives everybody the keys of one user
        shared=sandbox and ":user/" in arn,
    )


def label_of(env: Mapping[str, str]) -> str:
    """Whom the pipeline names; empty outside of one."""
    if not env.get("CI"):
        return ""
    return next((env[name] for name in LABELS if env.get(name)), "")
