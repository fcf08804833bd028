"""A fault as plain data: which calls it is about, which of those it strikes, what happens.

A rule says nothing about what is emulated; it refuses what its effect has no use for, so
that a mistyped rule is not one that silently never fires.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

LONGEST_HANG = 900.0
DEFAULT_HANG = 60.0
_CALLS = re.compile(r"^(?:(?P<every>every)\s+)?(?P<first>[1-9]\d*)(?P<dash>-)?(?P<last>[1-9]\d*)?$")
_ACCOUNT = re.compile(r"^[0-9]{12}$")
_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")
_OPERATION = re.compile(r"^[A-Za-z0-9*?\[\]!-]+$")


class Effect(StrEnum):
    """What happens to a call that a rule strikes."""

    ERROR = "error"
    THROTTLE = "throttle"
    HANG = "hang"
    REFUSE = "refuse"
    LOST_ANSWER = "lost-answer"
    REGION_DOWN = "region-down"
    CLOCK_SKEW = "clock-skew"


# Which of the particular fields an effect has a use for.
_USES: dict[Effect, frozenset[str]] = {
    Effect.ERROR: frozenset({"code", "message", "status", "any_code"}),
    Effect.THROTTLE: frozenset({"message"}),
    Effect.HANG: frozenset({"seconds"}),
    Effect.REFUSE: frozenset(),
    Effect.LOST_ANSWER: frozenset({"by", "seconds"}),
    Effect.REGION_DOWN: frozenset({"by", "seconds", "spare_global"}),
    Effect.CLOCK_SKEW: frozenset({"seconds"}),
}
_PARTICULAR = frozenset().union(*_USES.values())


class FaultRule(BaseModel):
    """One fault. Selectors take the wildcards `*`, `?` and `[...]`.

    `calls` counts the calls that the selectors fit: "3" the third, "2-5", "2-" from the
    second on, "every 4" the fourth, eighth and so on. `each` counts every account, region
    and operation on its own. `probability` is decided by `seed`, account, region,
    operation and count, whatever else is called in between. `times` ends the rule after
    so many strikes, `expires_after` after so many seconds of the sandbox's time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_enum_values=False)

    effect: Effect
    id: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    service: str = "*"
    operation: str = "*"
    region: str = "*"
    account: str = "*"
    calls: str = "1-"
    each: bool = False
    probability: float = Field(default=1.0, gt=0.0, le=1.0)
    seed: int = 0
    times: int | None = Field(default=None, ge=1)
    expires_after: float | None = Field(default=None, gt=0.0)
    code: str | None = Field(default=None, min_length=1)
    message: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    any_code: bool = False
    seconds: float | None = None
    by: Literal["cut", "hang"] = "cut"
    spare_global: bool = False

    @field_validator("calls", "account", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        # YAML reads 3 and 211111111101 as numbers.
        return str(given) if isinstance(given, int) and not isinstance(given, bool) else given

    @field_validator("calls")
    @classmethod
    def _readable(cls, given: str) -> str:
        found = _CALLS.match(given.strip())
        if (
            found is None
            or (found["every"] and found["dash"])
            or (found["last"] and not found["dash"])
        ):
            raise ValueError(
                f'{given!r} does not say which calls; write "3", "2-5", "2-" or "every 4"'
            )
        if found["last"] and int(found["last"]) < int(found["first"]):
            raise ValueError(f"{given!r} ends before it begins; put the smaller number first")
        return given.strip()

    @field_validator("account")
    @classmethod
    def _account(cls, given: str) -> str:
        if not _wild(given) and not _ACCOUNT.match(given):
            raise ValueError(f"{given!r} is no account; give 12 digits, or a pattern such as 2111*")
        return given

    @field_validator("region")
    @classmethod
    def _region(cls, given: str) -> str:
        if not _wild(given) and not _REGION.match(given):
            raise ValueError(f"{given!r} is no region; give one such as us-east-1, or us-*")
        return given

    @field_validator("operation")
    @classmethod
    def _operation(cls, given: str) -> str:
        if not _OPERATION.match(given):
            raise ValueError(
                f"{given!r} is no operation; give it as the API names it, such as "
                "DescribeDBClusters, or a pattern such as Describe*"
            )
        return given

    @model_validator(mode="after")
    def _fits_effect(self) -> Self:
        useless = sorted((self.model_fields_set & _PARTICULAR) - _USES[self.effect])
        if useless:
            raise ValueError(f"{', '.join(useless)}: {self.effect} has no use for it; leave it out")
        self._check_particulars()
        return self

    def _check_particulars(self) -> None:
        if self.effect is Effect.ERROR and not self.code:
            raise ValueError("code: an error needs one, such as DBClusterNotFoundFault")
        if self.effect is Effect.CLOCK_SKEW:
            if not self.seconds:
                raise ValueError(
                    "seconds: clock-skew needs how far AWS's clock is ahead (negative: behind)"
                )
        elif self.seconds is not None and not 0 < self.seconds <= LONGEST_HANG:
            raise ValueError(
                f"seconds: {self.seconds:g} is no time to hang; give more than 0 and at most "
                f"{LONGEST_HANG:g}"
            )
        if self.effect is Effect.REGION_DOWN:
            if self.region == "*":
                raise ValueError("region: region-down needs the region, such as us-east-1")
            if (self.service, self.operation) != ("*", "*"):
                raise ValueError(
                    "service, operation: a region is down for all of them; use refuse or hang "
                    "for some"
                )

    @property
    def hang_seconds(self) -> float:
        """How long a call that this rule leaves hanging is kept, at most."""
        return DEFAULT_HANG if self.seconds is None else self.seconds

    def fits(self, service: str, operation: str, region: str, account: str) -> bool:
        """Whether the selectors fit; upper and lower case are the same."""
        pairs = (
            (service, self.service),
            (operation, self.operation),
            (region, self.region),
            (account, self.account),
        )
        return all(fnmatchcase(given.lower(), wanted.lower()) for given, wanted in pairs)

    def counts(self, number: int) -> bool:
        """Whether the number-th fitting call (from 1) is one that `calls` names."""
        found = _CALLS.match(self.calls)
        if found is None:  # the validator has seen to it
            raise AssertionError(self.calls)
        first = int(found["first"])
        if found["every"]:
            return number % first == 0
        if not found["dash"]:
            return number == first
        return number >= first and (not found["last"] or number <= int(found["last"]))


def _wild(text: str) -> bool:
    return any(sign in text for sign in "*?[")
