"""The hash chain over an execution's events. Stores bring the rows, this says what they prove.

The chain shows that no event was changed, left out, added or moved. It does not show that the
newest events were not cut off: for that a store keeps the last hash in the execution's header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from drstate.errors import JournalError

#: hash before the first event
GENESIS = "0" * 64
#: what to do with a file whose chain is broken
FILE = "keep the file as evidence and compare it with the backup beside it"


class Row(NamedTuple):
    """An event as stored: texts exactly as they were hashed."""

    seq: int
    at: str
    payload: str
    prev: str
    hash: str


def chained(prev: str, execution: str, seq: int, at: str, payload: str) -> str:
    """sha256 over the previous hash and the event's texts, each preceded by its length."""
    digest = hashlib.sha256()
    for part in (prev, execution, str(seq), at, payload):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def verify_rows(
    execution: str, rows: Iterable[Row], last_seq: int, last_hash: str, *, keep: str = FILE
) -> int:
    """Check rows in order against the header's last number and hash; the number of events.

    Raises JournalError naming the first event that does not fit; ``keep`` is what its remedy says
    about the evidence.
    """
    prev, expected = GENESIS, 0
    for row in rows:
        expected += 1
        if row.seq != expected:
            raise _broken(execution, expected, "it is missing", keep)
        if row.prev != prev:
            raise _broken(execution, expected, "it does not follow the event before it", keep)
        if row.hash != chained(prev, execution, row.seq, row.at, row.payload):
            raise _broken(execution, expected, "it was changed after it was written", keep)
        prev = row.hash
    if (expected, prev) != (last_seq, last_hash):
        raise _broken(execution, expected + 1, f"events up to {last_seq} were written", keep)
    return expected


def _broken(execution: str, seq: int, why: str, keep: str) -> JournalError:
    return JournalError(
        f"the journal of execution {execution} is broken at event {seq}",
        why=why,
        hint=f"{keep}; what AWS holds is shown by 'drstate discover' and 'drstate preview'",
    )
