"""Identifiers that come out the same for the same request.

moto draws every identifier from one random source. It is seeded before each change with
what is asked for (and how often that was asked), so that two sandboxes that are told the
same things hold the same things, whatever the order in which parallel requests arrive.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256

from moto.moto_api._internal import mock_random

_READS = re.compile(r"^(Describe|List|Get|Search|Lookup|Head|Query|Scan|Batch(Get|Describe)|Test)")
# Tokens that clients draw anew for every attempt carry no meaning of their own.
_TOKENS = re.compile(
    rb"""("?(?:client(?:Request)?Token|idempotencyToken)"?\s*[:=]\s*"?)[^"&,}]*""", re.IGNORECASE
)


class SeededIds:
    """Seeds moto's random source per request."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._seen: Counter[str] = Counter()

    def before(self, account: str, region: str, operation: str, path: str, body: bytes) -> None:
        """Prepare for one request; reading ones leave the source alone."""
        if _READS.match(operation):
            return
        plain = _TOKENS.sub(rb"\1", body)
        key = sha256(
            f"{self._seed}|{account}|{region}|{operation}|{path}|".encode() + plain
        ).hexdigest()
        self._seen[key] += 1
        mock_random.seed(f"{key}#{self._seen[key]}")

    def named(self, *names: str) -> None:
        """Prepare for building one named thing of an estate."""
        mock_random.seed("|".join((self._seed, *names)))
