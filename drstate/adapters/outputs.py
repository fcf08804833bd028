"""What scripts, documents and functions of the owner's said, in a form that the journal may keep.

Bounded, from its end (errors stand last), and without what looks like a secret. What a script
prints is the owner's business: this is a net, not a licence to print passwords.
"""

from __future__ import annotations

import re

#: characters that are kept of one output
KEPT = 2000
HIDDEN = "[hidden]"
_SECRETS = (
    # name = value, name: value, "name": "value"
    re.compile(
        r"(?P<name>(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key)\w*[\"']?\s*[=:]\s*)"
        r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;]+)",
        re.IGNORECASE,
    ),
    # user/password@service, as Oracle's tools write it
    re.compile(r"(?P<name>\b\w+/)(?P<value>[^\s/@]+)(?=@)"),
    re.compile(r"(?P<name>)(?P<value>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"),
    re.compile(
        r"(?P<name>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<value>.*?)(?=-----END|\Z)", re.DOTALL
    ),
)


def kept(text: str, most: int = KEPT) -> str:
    """The end of ``text``, with what looks like a secret hidden."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: f"{found['name']}{HIDDEN}", text)
    text = text.strip()
    return text if len(text) <= most else "… " + text[-most:]
