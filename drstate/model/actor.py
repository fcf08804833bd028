"""Who did something: the name that the machine knows, and the identity that AWS vouches for.

The name of an operating system's user is what anybody with that machine may call themselves; an AWS
identity was proved. Where both sides of a comparison have one that names a person, it decides, else
the name does. A label (a pipeline's actor) is told and never compared.
"""

from __future__ import annotations

import re

from drstate.model.base import Value

#: names that tools and services give a session; they tell no person
_GENERATED = re.compile(
    r"(botocore|boto3|aws-sdk|aws-cli|awscli|awssdk|default)[-_]?session[-\w.]*|aws-sdk-\w+-\d+"
    r"|i-[0-9a-f]{8,17}|[0-9]+|GitHubActions",
    re.IGNORECASE,
)
_SESSION = ":assumed-role/"


class Actor(Value):
    """A person or a pipeline at work."""

    #: ``user@host`` as the operating system has it
    name: str
    #: as STS tells it: a user, or an assumed role with its session's name; empty: not known
    arn: str = ""
    #: what a pipeline says of who set it off: not proved by anything
    label: str = ""
    #: why the identity is not known
    note: str = ""
    #: the identity is everybody's: it does not tell who
    shared: bool = False

    @property
    def person(self) -> str:
        """The AWS identity, if it tells who it is; else empty."""
        if not self.arn or self.shared:
            return ""
        session = self.arn.rpartition("/")[2] if _SESSION in self.arn else ""
        return "" if session and _GENERATED.fullmatch(session) else self.arn

    @property
    def user(self) -> str:
        """The name without the machine."""
        return self.name.partition("@")[0]

    @property
    def shown(self) -> str:
        """``kim@host (assumed-role/Admin/kim in 100000000001, for octocat)``."""
        said = []
        if self.arn:
            account, _, who = self.arn.partition("::")[2].partition(":")
            said.append(f"{who} in {account}")
        if self.label:
            said.append(f"for {self.label}")
        return f"{self.name} ({', '.join(said)})" if said else self.name

    def same_as(self, other: Actor) -> bool:
        """Whether both are one person, as far as can be told."""
        if self.person and other.person:
            return self.person == other.person
        return self.user == other.user
