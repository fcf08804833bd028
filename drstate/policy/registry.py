"""The rules, in the order in which they are told. A new one is a file in ``rules`` and a line here.

See docs/policy.md.
"""

from __future__ import annotations

from collections import Counter

from drstate.errors import InternalError
from drstate.policy.rule import Rule
from drstate.policy.rules import (
    backup_retention,
    dns_ttl,
    encrypted,
    protected,
    site_region,
    tagged,
    wildcard_trust,
)

RULES: tuple[Rule, ...] = (
    encrypted.RULE,
    protected.RULE,
    site_region.RULE,
    tagged.RULE,
    wildcard_trust.RULE,
    dns_ttl.RULE,
    backup_retention.RULE,
)

_TWICE = [name for name, count in Counter(rule.id for rule in RULES).items() if count > 1]
if _TWICE:
    raise InternalError(f"two policies are called {_TWICE[0]}")
