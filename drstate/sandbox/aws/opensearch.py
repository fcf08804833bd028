"""OpenSearch: a domain takes its time to be made, and has its endpoint only then.

The rest is moto's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend

from drstate.sandbox.wire import service_model

from . import runtime
from .extend import extend

# AWS takes 15 to 30 minutes.
CREATE_SECONDS = 900.0

_create_domain = OpenSearchServiceBackend.create_domain
_to_dict = OpenSearchDomain.to_dict


class _Backend:
    def create_domain(self: Any, **given: Any) -> OpenSearchDomain:
        """A domain, processing for a while."""
        made = _create_domain(self, **given)
        made.processing = True
        runtime.clock().after(CREATE_SECONDS, partial(_ready, made))
        return made


class _Domain:
    def to_dict(self: Any) -> dict[str, Any]:
        """Without an endpoint as long as it is being made."""
        shown: dict[str, Any] = _to_dict(self)
        if self.processing and not self.deleted:
            shown.pop("Endpoint", None)
            shown.pop("Endpoints", None)
        model = service_model("opensearch")
        whole: dict[str, Any] = (
            _modelled(model.shape_for("DomainStatus"), shown) if model else shown
        )
        return whole


def _modelled(shape: Any, value: Any) -> Any:
    """What the model knows of it: moto mixes requests, answers and Elasticsearch's words."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _modelled(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    return value


def _ready(domain: OpenSearchDomain) -> None:
    if not domain.deleted:
        domain.processing = False


def install() -> None:
    """Correct moto's OpenSearch."""
    extend(OpenSearchServiceBackend, _Backend, replaces=frozenset({"create_domain"}))
    extend(OpenSearchDomain, _Domain, replaces=frozenset({"to_dict"}))
