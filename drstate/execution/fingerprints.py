"""What an interrupted stack update had already done, told from the state before and after.

The engine's stream dies with its process, so that an update that was killed and repeated would be
reported as "nothing changed". A short hash of every resource's inputs, journaled before the first
attempt, tells what really changed over all attempts. Hashes only: inputs never reach the journal.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from drstate.model.stackops import Op, ResourceOp

_UNCHANGED = (Op.SAME, Op.READ, Op.REFRESH)


def fingerprints(deployment: Mapping[str, Any]) -> dict[str, str]:
    """URN -> short hash of the inputs, of every live resource in an exported deployment."""
    return {
        str(resource["urn"]): _hash(resource.get("inputs"))
        for resource in deployment.get("resources") or []
        if not resource.get("delete")
    }


def over_all_attempts(
    ops: tuple[ResourceOp, ...], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[ResourceOp, ...]:
    """``ops`` of the last attempt, corrected by what earlier attempts had done.

    ``before`` and ``after`` are fingerprints from before the first and after the last attempt.
    """
    told = [_corrected(op, before, after) for op in ops]
    known = {op.urn for op in ops}
    gone = [
        ResourceOp(urn=urn, type=_type_of(urn), name=urn.split("::")[-1], op=Op.DELETE)
        for urn in before
        if urn not in after and urn not in known
    ]
    return (*told, *gone)


def counted(ops: tuple[ResourceOp, ...]) -> dict[str, int]:
    """How many resources per operation."""
    return dict(sorted(Counter(str(op.op) for op in ops).items()))


def _corrected(op: ResourceOp, before: Mapping[str, str], after: Mapping[str, str]) -> ResourceOp:
    if op.urn in after and op.urn not in before and op.op in (*_UNCHANGED, Op.UPDATE):
        return op.model_copy(update={"op": Op.CREATE, "changed": ()})
    known = op.urn in before and op.urn in after
    if op.op in _UNCHANGED and known and before[op.urn] != after[op.urn]:
        return op.model_copy(update={"op": Op.UPDATE})
    return op


def _hash(inputs: object) -> str:
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _type_of(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].split("$")[-1] if len(parts) >= 4 else ""
