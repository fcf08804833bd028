"""An automation document that a hook runs, at both sites, with the captured parameters and hash.

Its steps are its owner's secret, and may do what must not be done in a rehearsal anyway: the
document that is made up waits a few seconds, and ends well.
"""

from __future__ import annotations

import json
from typing import Any

from moto.ssm.models import Document, Documents, ssm_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.named import Hook
from drstate.model.scope import SiteMapTable
from drstate.programs.hooks import DocumentSpec
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.hooks import hook_of
from drstate.sandbox.estates.captured.site import Captured

_WAITS = "PT5S"


class CapturedDocument(Document):  # type: ignore[misc]
    """A document that tells the hash of the one that it stands for."""

    #: SHA-256 as AWS tells it
    captured_hash = ""

    @property
    def hash(self) -> str:
        """Of the content in its account, which is not this one's."""
        return self.captured_hash


def build(site: Captured, entry: CatalogEntry) -> None:
    """The document, under its own name in the serving region, and under the mapped one there."""
    correct("ssm")
    spec = DocumentSpec.model_validate(entry.spec)
    hook = hook_of(site, entry)
    account = entry.resource.account
    mapped = site.scope.site_map.get(site.other, {}).get(SiteMapTable.DOCUMENTS, {})
    for region, name in (
        (site.serving, spec.document),
        (site.other, mapped.get(spec.document, spec.document)),
    ):
        backend: Any = ssm_backends[account][region]
        held = backend._documents  # noqa: SLF001 - its own way refuses AWS's documents' names
        made = CapturedDocument(
            account_id=account,
            name=name,
            version_name="",
            content=json.dumps(_runbook(spec, hook)),
            document_type="Automation",
            document_format="JSON",
            requires=[],
            attachments=[],
            target_type="",
        )
        made.captured_hash = spec.content_hash
        held[name] = Documents(made)


def _runbook(spec: DocumentSpec, hook: Hook) -> dict[str, Any]:
    return {
        "schemaVersion": "0.3",
        "description": f"stands for {spec.document}, which only its account has",
        "parameters": {name: _parameter(spec, hook, name) for name in spec.parameters},
        "mainSteps": [{"name": "rehearsed", "action": "aws:sleep", "inputs": {"Duration": _WAITS}}],
    }


def _parameter(spec: DocumentSpec, hook: Hook, name: str) -> dict[str, Any]:
    many = isinstance(hook.parameters.get(name), list)
    made: dict[str, Any] = {"type": "StringList" if many else "String"}
    if name not in spec.required:
        made["default"] = [] if many else ""
    return made
