"""Probes: whether something answers over the network, and from where that is asked.

AWS's word that a database is available is one thing, that a client reaches it another. Values only:
who asks is ``execution.probing``.
"""

from __future__ import annotations

from enum import StrEnum

from drstate.model.base import Value


class ProbeKind(StrEnum):
    """How it is asked."""

    #: a connection can be opened (databases, caches, load balancers)
    TCP = "tcp"
    #: a name resolves, to one of the wanted answers
    DNS = "dns"
    #: an address answers 2xx
    HTTP = "http"


class Probe(Value):
    """One thing to ask."""

    kind: ProbeKind
    #: what it is to people: ``writer endpoint``
    what: str
    #: host name (``tcp``, ``dns``)
    host: str = ""
    port: int = 0
    #: address (``http``)
    url: str = ""
    #: answers of which one at least must be given (``dns``); none: any answer will do
    wanted: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """What is asked, as text."""
        if self.kind is ProbeKind.HTTP:
            return self.url
        return f"{self.host}:{self.port}" if self.kind is ProbeKind.TCP else self.host
