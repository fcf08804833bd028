"""botocore's descriptions of the services, read once a process whoever needs them.

They are large: reading one takes longer than most calls. It refuses nothing and makes no client.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session


@cache
def reader() -> Any:
    """The component ``data_loader`` for sessions of botocore; keeps what it has read."""
    return botocore.session.Session().get_component("data_loader")
