"""Texts of a form that AWS or the tag schema prescribes."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
Customer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
