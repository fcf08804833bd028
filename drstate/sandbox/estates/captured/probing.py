"""The functions that probe from inside the VPCs of a scope: drstate's own, deployed at both sites.

Whoever owns the VPC has deployed it from the file that drstate ships, so that its code is known.
One that is protected as a resource is built from its spec instead, and tells no probe's answer.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from drstate.execution import probe_function
from drstate.model.scope import ProbePlace, ProbeWay
from drstate.sandbox.aws import correct

from .site import Captured

_HANDLER = "probe_function.handler"
_SECONDS = 30


def build(site: Captured) -> None:
    """Every function that the scope file probes from."""
    for region, places in site.scope.probes.items():
        for place in places:
            if place.way is ProbeWay.VPC:
                _function(site, region, place)


def _function(site: Captured, region: str, place: ProbePlace) -> None:
    correct("lambda")
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - after its correction

    # after the same
    from drstate.sandbox.aws.function_packages import package  # noqa: PLC0415

    account, said = str(place.account), str(place.function)
    name = (said.rpartition(":function:")[2] or said).partition(":")[0]
    backend: Any = lambda_backends[account][region]
    if name in {one.function_name for one in backend.list_functions()}:
        return
    if any(
        (one.resource.account, one.resource.name) == (account, name)
        for one in site.entries("lambda")
    ):
        return
    role = f"arn:aws:iam::{account}:role/drstate-probe"
    site.role(role)
    site.ids.named(account, region, "function", name)
    text = Path(probe_function.__file__).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    made = backend.create_function(
        {
            "FunctionName": name,
            "Runtime": "python3.12",
            "Role": role,
            "Handler": _HANDLER,
            "Code": {
                "ZipFile": base64.b64encode(package({"probe_function.py": text}, digest)).decode()
            },
            "Timeout": _SECONDS,
            "Tags": site.own_tags(),
        }
    )
    made.state = "Active"
