"""IAM: who is asked for without a name has to be a user.

moto answers GetUser of a role's session with a made-up user. AWS refuses it, and clients go by the
refusal: it tells them that their credentials are a role's, and STS is what to ask.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from . import runtime
from .extend import extend
from .modelled import Refusal

_get_user = IamResponse.get_user


class _Responses:
    def get_user(self: Any) -> ActionResult:
        """The user named, or the caller if it is one."""
        if not self._get_param("UserName") and runtime.caller().session:
            raise Refusal(
                "ValidationError", "Must specify userName when calling with non-User credentials"
            )
        return _get_user(self)


def install() -> None:
    """Correct moto's IAM."""
    extend(IamResponse, _Responses, replaces=frozenset({"get_user"}))
