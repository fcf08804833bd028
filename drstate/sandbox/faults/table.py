"""The rules in force, and what they decide about a call.

Every rule that fits counts the call. The first one, in the order of their adding, that
strikes decides what happens; skew of the clock goes with any. Decisions depend on the
rules and on the calls alone, never on the time of day or on a random source.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .rule import Effect, FaultRule

MOST_RULES = 1000
# Signed for one region, and control planes of the whole partition.
GLOBAL_SERVICES = frozenset(
    {"cloudfront", "globalaccelerator", "iam", "organizations", "route53", "shield", "waf"}
)


@dataclass(frozen=True)
class Target:
    """What a call is about. `bucket_region` is where the S3 bucket that it names lives."""

    service: str
    operation: str
    region: str
    account: str
    bucket_region: str = ""

    @property
    def key(self) -> str:
        """Account, region and operation: what `each` and `probability` count by."""
        return f"{self.account}|{self.region}|{self.service}|{self.operation}"


@dataclass(frozen=True)
class Verdict:
    """What is decided: the striking rule, if any, and how far AWS's clock is off."""

    rule: FaultRule | None = None
    skew: float = 0.0
    skewed_by: str = ""

    @property
    def named(self) -> str:
        """The ids of the rules that took part, for the record."""
        ids = [self.rule.id] if self.rule is not None else []
        return ",".join([*ids, *([self.skewed_by] if self.skewed_by else [])])

    @property
    def no_answer(self) -> bool:
        """The call does not reach the service."""
        return self.rule is not None and self.rule.effect in {
            Effect.HANG,
            Effect.REFUSE,
            Effect.REGION_DOWN,
        }

    @property
    def hang_seconds(self) -> float | None:
        """How long the connection stays open without an answer; None: it is cut at once."""
        rule = self.rule
        if rule is None or (rule.effect is not Effect.HANG and rule.by != "hang"):
            return None
        return rule.hang_seconds

    @property
    def lost(self) -> bool:
        """The service does its work, and nobody hears of it."""
        return self.rule is not None and self.rule.effect is Effect.LOST_ANSWER


NOTHING = Verdict()


@dataclass
class _Entry:
    rule: FaultRule
    until: float | None
    matched: int = 0
    struck: int = 0
    by_key: Counter[str] = field(default_factory=Counter)

    def over(self, now: float) -> bool:
        return (self.until is not None and now >= self.until) or (
            self.rule.times is not None and self.struck >= self.rule.times
        )

    def strikes(self, target: Target) -> bool:
        """Count the call, and say whether the rule strikes it."""
        self.matched += 1
        self.by_key[target.key] += 1
        own = self.by_key[target.key]
        if not self.rule.counts(own if self.rule.each else self.matched):
            return False
        return self.rule.probability >= 1.0 or (
            _draw(self.rule.seed, target.key, own) < self.rule.probability
        )


def _draw(seed: int, key: str, number: int) -> float:
    """A number from 0 to 1 that is always the same for the same call."""
    digest = sha256(f"{seed}|{key}|{number}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / float(1 << 56)


class FaultTable:
    """The rules of one sandbox. Its owner sees to it that one thread at a time uses it."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._named = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, rule: FaultRule, now: float) -> FaultRule:
        """Put a rule in force; it gets an id where it has none. ValueError for a known id."""
        if len(self._entries) >= MOST_RULES:
            raise ValueError(f"there are {MOST_RULES} rules; clear some first")
        used = {entry.rule.id for entry in self._entries}
        if not rule.id:
            while not self._named or f"fault-{self._named}" in used:
                self._named += 1
            rule = rule.model_copy(update={"id": f"fault-{self._named}"})
        if rule.id in used:
            raise ValueError(f"id: there is a rule {rule.id!r} already; clear it, or name another")
        until = None if rule.expires_after is None else now + rule.expires_after
        self._entries.append(_Entry(rule, until))
        return rule

    def listed(self, now: float) -> list[dict[str, Any]]:
        """The rules with their counts, oldest first."""
        return [
            {
                "rule": entry.rule.model_dump(mode="json", exclude_defaults=True),
                "matched": entry.matched,
                "struck": entry.struck,
                "over": entry.over(now),
            }
            for entry in self._entries
        ]

    def clear(self, rule_id: str | None = None) -> int:
        """Remove one rule, or all. How many; ValueError where there is no such rule."""
        kept = [] if rule_id is None else [one for one in self._entries if one.rule.id != rule_id]
        removed = len(self._entries) - len(kept)
        if rule_id is not None and not removed:
            known = ", ".join(entry.rule.id for entry in self._entries) or "none"
            raise ValueError(f"id: there is no rule {rule_id!r}; there are: {known}")
        self._entries = kept
        return removed

    def decide(self, target: Target, now: float) -> Verdict:
        """What happens to this call. Counts it."""
        chosen: FaultRule | None = None
        skew, skewed_by = 0.0, []
        for entry in self._entries:
            if entry.over(now) or not _fits(entry.rule, target) or not entry.strikes(target):
                continue
            if entry.rule.effect is Effect.CLOCK_SKEW:
                entry.struck += 1
                skew += entry.rule.seconds or 0.0
                skewed_by.append(entry.rule.id)
            elif chosen is None:
                entry.struck += 1
                chosen = entry.rule
        if chosen is None and not skewed_by:
            return NOTHING
        return Verdict(chosen, skew, ",".join(skewed_by))


def _fits(rule: FaultRule, target: Target) -> bool:
    if rule.effect is Effect.REGION_DOWN:
        if rule.spare_global and target.service in GLOBAL_SERVICES:
            return False
        regions = {target.region, target.bucket_region} - {""}
    else:
        regions = {target.region}
    return any(
        rule.fits(target.service, target.operation, region, target.account)
        for region in regions or {""}
    )
