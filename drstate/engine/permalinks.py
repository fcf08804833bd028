"""The address under which a backend shows an update, read from what the engine prints.

The event stream does not have it, and asking for it would be one more command for every update. A
backend of files shows updates nowhere: what it prints is a path, which is no address for others.
"""

from __future__ import annotations

import re

_LINE = re.compile(
    r"(?:View Live|View in Browser(?: \([^)]*\))?|Permalink): *(https?://[^\s<>\"']+)"
)


def permalink(text: str) -> str:
    """The last address of an update in the text; "" where there is none."""
    found = _LINE.findall(text)
    return str(found[-1]) if found else ""
