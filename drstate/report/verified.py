"""Whether a plan is VERIFIED: a judgement over what was rehearsed and what is there now. Pure.

Only a rehearsal of every stroke, after which nothing ended otherwise, verifies, and only the plan
that it rehearsed: whatever the plan was made from must be the same. It never rounds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drstate.model.rehearsed import Faults, Fingerprint, Rehearsed, Verification
from drstate.model.words import counted

#: names that a sentence lists before it counts the rest
_NAMED = 3


def judged(record: Rehearsed | None, now: Fingerprint, command: str) -> Verification:
    """The verdict. ``command`` rehearses the plan; ``now`` without a plan compares all else."""
    whole = f"{command} --faults all"
    if record is not None and record.shard:
        whole = f"{command} --join FOLDER"
    elif record is not None and (record.stopped or record.missed) and not record.failed:
        # where something changed, it says so and begins nothing
        whole += "" if changes(record.fingerprint, now) else " --resume"
    if record is None:
        return Verification(verified=False, said="not verified: never rehearsed", mend=whole)
    reasons = [*_lacks(record), *changes(record.fingerprint, now)]
    told = {"at": record.at, "strokes": record.strokes, "of": record.of}
    when = f"{record.at:%Y-%m-%d %H:%M} UTC"
    if reasons:
        said = f"not verified: {'; '.join(reasons)} (rehearsed {when})"
        return Verification(verified=False, said=said, mend=whole, **told)
    notes = f"; {'; '.join(record.notes)}" if record.notes else ""
    said = f"verified {when}, {record.strokes:,} of {record.of:,} strokes{notes}"
    return Verification(verified=True, said=said, **told)


def partial(command: str) -> Verification:
    """Of a plan for a part of the scope: a rehearsal is of all of it."""
    said = "not verified: waves or resources were chosen, and only whole plans are rehearsed"
    return Verification(verified=False, said=said, mend=f"{command} --faults all")


def _lacks(record: Rehearsed) -> Iterator[str]:
    """What the rehearsal itself left open."""
    if record.undisturbed:
        yield f"the run that nothing happened to ended otherwise: {record.undisturbed}"
        return
    if record.deviation:
        yield f"what was rehearsed differs from the plan: {record.deviation}"
    if record.failed:
        which = record.failures[0] if record.failures else None
        first = f", the first {which.kind} {which.number}" if which is not None else ""
        yield f"{counted(record.failed, 'stroke')} ended otherwise{first}"
    if record.whole:
        return
    if record.faults is Faults.NONE:
        yield f"it was replayed once, without any of {record.of:,} strokes"
    elif record.shard:
        stopped = f", {record.stopped}" if record.stopped else ""
        told = f"{record.strokes:,} of {record.of:,} strokes{stopped}"
        yield f"it is part {record.shard}, to be joined with the others: {told}"
    elif record.stopped:
        yield f"{record.stopped} after {record.strokes:,} of {record.of:,} strokes"
    elif record.faults is Faults.SAMPLE:
        yield f"only a sample of {record.strokes:,} of {record.of:,} strokes"
    else:
        yield f"only {record.strokes:,} of {record.of:,} strokes took place"


def changes(then: Fingerprint, now: Fingerprint) -> list[str]:
    """What is not as it was rehearsed, in words."""
    found = []
    inventory = _inventory(then, now)
    if inventory:
        found.append(f"the inventory changed since ({', '.join(inventory)})")
    if then.sites != now.sites:
        found.append(f"the sites changed since (then {then.sites}; now {now.sites})")
    fields = sorted(
        name
        for name in then.scope.keys() | now.scope.keys()
        if then.scope.get(name) != now.scope.get(name)
    )
    if fields:
        found.append(f"the scope file changed since ({_names(fields)})")
    if then.version != now.version:
        found.append(f"drstate changed since (from {then.version} to {now.version})")
    elif then.code != now.code:
        found.append("drstate's code or that of an installed adapter changed since")
    if not found and then.plan and now.plan and then.plan != now.plan:
        found.append("this plan is another one than was rehearsed")
    return found


def _inventory(then: Fingerprint, now: Fingerprint) -> list[str]:
    old, new = then.entries, now.entries
    both = sorted(old.keys() & new.keys())
    parts = (
        ("new resource", sorted(new.keys() - old.keys())),
        ("resource no longer there", sorted(old.keys() - new.keys())),
        ("spec", [key for key in both if old[key].spec != new[key].spec]),
        ("resource's tags", [key for key in both if old[key].tags != new[key].tags]),
        ("ownership", [key for key in both if old[key].owners != new[key].owners]),
    )
    return [f"{_counted(len(keys), noun)}: {_names(keys)}" for noun, keys in parts if keys]


def _counted(number: int, noun: str) -> str:
    plural = {
        "resource no longer there": "resources no longer there",
        "resource's tags": "resources' tags",
    }
    return f"{number} {plural[noun]}" if number > 1 and noun in plural else counted(number, noun)


def _names(keys: Sequence[str]) -> str:
    shown = ", ".join(_bare(key) for key in keys[:_NAMED])
    more = len(keys) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _bare(key: str) -> str:
    """A resource's key without its account."""
    technology, _, rest = key.partition("/")
    return f"{technology}/{rest.partition('/')[2]}" if "/" in rest else key


def kept(stored: Rehearsed | None, new: Rehearsed) -> Rehearsed:
    """Which of two rehearsals of the same subject is remembered.

    A part that went well says nothing against what a whole rehearsal of the very same plan found,
    good or bad; everything else is replaced by what is newer.
    """
    if stored is None or new.whole or not stored.whole:
        return new
    same = not changes(stored.fingerprint, new.fingerprint)
    if same and (new.good or not stored.good):
        return stored
    return new
