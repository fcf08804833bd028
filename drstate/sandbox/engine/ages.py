"""How long ago something was, in the words that people read in the CLI's tables."""

from __future__ import annotations

from datetime import datetime

_DAY = 86_400
#: (up to so many seconds, unit, seconds of a unit)
_STEPS = (
    (60, "second", 1),
    (3_600, "minute", 60),
    (_DAY, "hour", 3_600),
    (7 * _DAY, "day", _DAY),
    (30 * _DAY, "week", 7 * _DAY),
    (365 * _DAY, "month", 30 * _DAY),
)


def ago(text: str, now: datetime) -> str:
    """``4 seconds ago``, for a time as the state file has it; the text itself if it is no time."""
    try:
        # nanoseconds are more than the standard library reads
        head, _, fraction = text.rstrip("Z").partition(".")
        then = datetime.fromisoformat(f"{head}.{(fraction + '000000')[:6]}+00:00")
    except ValueError:
        return text
    seconds = int((now - then).total_seconds())
    if seconds < 1:
        return "now"
    unit, size = "year", 365 * _DAY
    for limit, name, length in _STEPS:
        if seconds < limit:
            unit, size = name, length
            break
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'} ago"
