"""A function that a hook invokes, at both sites, and the one that checks it.

What it does is its owner's secret: the one that is made up answers that nothing was done in
earnest. A function that is protected itself is built from its own spec, and comes to the other site
with it.
"""

from __future__ import annotations

import base64
from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.model.named import Hook
from drstate.model.scope import SiteMapTable
from drstate.programs.hooks import FunctionSpec
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.hooks import hook_of
from drstate.sandbox.estates.captured.pieces.lambda_ import package_of
from drstate.sandbox.estates.captured.site import Captured

_RUNTIME, _HANDLER = "python3.12", "index.handler"
_ROLE = "drstate-captured-hooks"
#: of a function that only checks: any will do, it is in no spec
_CHECK_DIGEST = base64.b64encode(bytes(32)).decode()
_CHECK_SECONDS = 3


def build(site: Captured, entry: CatalogEntry) -> None:
    """The hook's functions in both regions."""
    correct("lambda")
    spec = FunctionSpec.model_validate(entry.spec)
    hook = hook_of(site, entry)
    account = entry.resource.account
    asked = [(spec.function, spec.code_sha256, spec.timeout_seconds)]
    if hook.check:
        asked.append((hook.check, _CHECK_DIGEST, _CHECK_SECONDS))
    for name, digest, seconds in asked:
        for region in (site.serving, site.other):
            _function(site, hook, account, region, _there(site, name, region), digest, seconds)


def _there(site: Captured, name: str, region: str) -> str:
    """What the function is called in a region."""
    mapped = site.scope.site_map.get(region, {}).get(SiteMapTable.FUNCTIONS, {})
    return name if region == site.serving else mapped.get(name, name)


def _function(
    site: Captured, hook: Hook, account: str, region: str, name: str, digest: str, seconds: int
) -> None:
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - after its correction

    # in the hook's account, whatever an ARN says: there moto looks for every function
    base, _, qualifier = (name.rpartition(":function:")[2] or name).partition(":")
    backend: Any = lambda_backends[account][region]
    if any(one.resource.account == account and one.resource.name == base for one in _own(site)):
        return
    held = {one.function_name for one in backend.list_functions()}
    if base not in held:
        role = f"arn:aws:iam::{account}:role/{_ROLE}"
        site.role(role)
        site.ids.named(account, region, "function", base, hook.name)
        made = backend.create_function(
            {
                "FunctionName": base,
                "Runtime": _RUNTIME,
                "Role": role,
                "Handler": _HANDLER,
                "Code": {"ZipFile": base64.b64encode(package_of(_HANDLER, digest)).decode()},
                "Timeout": seconds,
                "Tags": site.own_tags(),
            }
        )
        made.state = "Active"
    known = {one.name for one in backend.list_aliases(base)}
    if qualifier and not qualifier.startswith("$") and qualifier not in known:
        backend.create_alias(qualifier, base, "$LATEST", "", "")


def _own(site: Captured) -> list[CatalogEntry]:
    return list(site.entries("lambda"))
