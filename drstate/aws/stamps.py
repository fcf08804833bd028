"""Times in AWS's answers, read fast.

botocore reads them with a parser for every way in which people write dates, which is most of the
work of a long list: of a discovery's answers it was two thirds. Services write nearly all of them
in one way, which Python reads by itself. It refuses to guess: whatever looks otherwise is left to
botocore.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from botocore.utils import parse_timestamp

#: a date, a time and an offset; without an offset, or as a number, a time means something else
_USUAL = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", flags=re.ASCII
).fullmatch


def timestamp(value: Any) -> datetime:
    """A time as a service wrote it. Raises ValueError, as botocore's own does."""
    if isinstance(value, str) and _USUAL(value):
        return datetime.fromisoformat(value)
    read: datetime = parse_timestamp(value)
    return read
