"""Another way to call than the usual one: an endpoint of its own, more patience, no second try.

Routing controls are flipped at the endpoints of their own cluster, which no region's name leads to.
A function that is invoked may take minutes, and must not be invoked again because its answer was
late.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from botocore.config import Config

#: where all calls are sent: to a sandbox, or through a proxy of the runner's network
OVERRIDE = "AWS_ENDPOINT_URL"


@dataclass(frozen=True)
class Way:
    """How calls of a derived caller are made. What is None is as usual."""

    endpoint: str | None = None
    #: seconds without an answer until a call is given up
    read_seconds: float | None = None
    #: a call that may have been carried out is not repeated: only AWS's own "not now" is waited out
    once: bool = False
    #: whoever calls has other endpoints to turn to, and does so instead of waiting
    patient: bool = True

    @property
    def url(self) -> str | None:
        """The endpoint, unless the runner's surroundings send all calls elsewhere."""
        return None if os.environ.get(OVERRIDE) else self.endpoint

    def configured(self, usual: Config) -> Config:
        """The client's configuration."""
        if self.read_seconds is None:
            return usual
        merged: Config = usual.merge(
            Config(
                read_timeout=self.read_seconds,
                # whoever waits less for an answer waits no longer for the connection
                connect_timeout=min(
                    # the stubs do not know what a Config holds
                    vars(usual).get("connect_timeout", self.read_seconds),
                    self.read_seconds,
                ),
                tcp_keepalive=True,
            )
        )
        return merged


DEFAULT_WAY = Way()
