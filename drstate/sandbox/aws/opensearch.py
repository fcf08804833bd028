"""OpenSearch: domains that take their time, what can be found by tags, and peers in other regions.

A domain has its endpoint only when it is made. A change of its configuration is merged into what it
has, and is worked on for a while. Who replicates from whom is in opensearch_replication. The rest
is moto's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.core.responses import ActionResult
from moto.opensearch.models import (
    OpenSearchDomain,
    OpenSearchServiceBackend,
    opensearch_backends,
)
from moto.opensearch.responses import OpenSearchServiceResponse

from drstate.sandbox.wire import is_search_domain, service_model

from . import opensearch_data as data
from . import opensearch_replication as replication
from . import runtime
from .extend import extend
from .modelled import checked

# AWS takes 15 to 30 minutes.
CREATE_SECONDS = 900.0
# A change of instances or volumes is a second cluster beside the first.
CHANGE_SECONDS = 600.0
_MERGED = ("cluster_config", "ebs_options", "domain_endpoint_options", "vpc_options")
# Where a status is called otherwise.
_STATE = {"AutoTuneOptions": {"State": "ENABLED"}}
_SLOW = ("cluster_config", "ebs_options")

_get_action = OpenSearchServiceResponse._get_action  # noqa: SLF001 - no other way
_answer_create = OpenSearchServiceResponse.create_domain
_answer_update = OpenSearchServiceResponse.update_domain_config
_create_domain = OpenSearchServiceBackend.create_domain
_update = OpenSearchServiceBackend.update_domain_config
_delete_domain = OpenSearchServiceBackend.delete_domain
_to_dict = OpenSearchDomain.to_dict
_to_config = OpenSearchDomain.to_config_dict


class _Responses:
    def _get_action(self: Any) -> str:
        """What is asked of the service, or that a domain itself is asked."""
        return (
            "DomainRequest" if is_search_domain(self.normalized_request) else str(_get_action(self))
        )

    def domain_request(self: Any) -> Any:
        """A request to a domain's own endpoint."""
        host = str(self.normalized_request.host).partition(":")[0]
        backends = opensearch_backends[self.current_account]
        for domain in backends[host.split(".")[1]].domains.values():
            if host in (domain.endpoint, *(domain.endpoints or {}).values()):
                body = json.loads(self.normalized_request.data or b"null")
                status, answer = data.handle(
                    domain, self.normalized_request.method, self.normalized_request.path, body
                )
                return json.dumps(answer), {"status": status}
        return json.dumps({"message": f"there is no domain {host}"}), {"status": 403}

    def create_domain(self: Any) -> str:
        """A domain, with the kind of its addresses."""
        return _addressed(self, _answer_create(self))

    def update_domain_config(self: Any) -> str:
        """The same, changed."""
        return _addressed(self, _answer_update(self))

    def describe_domain_replication(self: Any) -> ActionResult:
        """The domain's role and its peer."""
        return ActionResult(replication.shown(_domain(self)))

    def add_replication_peer(self: Any) -> ActionResult:
        """Begin to replicate to a domain of another region, or say whether it could."""
        one, params = _domain(self), self.params
        status = replication.add(
            one,
            params["PeerDomainArn"],
            self.current_account,
            dry_run=bool(params.get("DryRun")),
        )
        return ActionResult({"DomainArn": one.arn, "Status": status})

    def switchover_replication(self: Any) -> ActionResult:
        """Become primary, with the primary's help."""
        one = _domain(self, promotes=True)
        status = replication.promote(one, self.params["PeerDomainArn"], forced=False)
        return ActionResult({"DomainArn": one.arn, "Status": status})

    def failover_replication(self: Any) -> ActionResult:
        """Become primary, without it."""
        one = _domain(self, promotes=True)
        if self.params.get("AllowDataLoss") is not True:
            raise replication.invalid("AllowDataLoss must be true.")
        status = replication.promote(one, self.params["PeerDomainArn"], forced=True)
        return ActionResult({"DomainArn": one.arn, "Status": status})

    def remove_replication_peer(self: Any) -> ActionResult:
        """End the replication."""
        one = _domain(self)
        status = replication.remove(one, self.params["PeerDomainArn"], self.current_account)
        return ActionResult({"DomainArn": one.arn, "Status": status})


def _addressed(response: Any, answer: str) -> str:
    kind = response._get_param("IPAddressType")  # noqa: SLF001 - as moto's own operations do
    if kind:
        set_address_type(_named(response), str(kind))
        told = json.loads(answer)
        if "DomainStatus" in told:
            return json.dumps({"DomainStatus": _named(response).to_dict()})
    return answer


def _named(response: Any) -> Any:
    name = response._get_param("DomainName")  # noqa: SLF001 - as moto's own operations do
    return response.opensearch_backend.describe_domain(name)


def set_address_type(domain: Any, kind: str) -> None:
    """Have a domain tell that it has this kind of addresses; moto does not keep it."""
    domain._drstate_addresses = kind  # noqa: SLF001 - our own mark on moto's domain


def built(domain: Any) -> None:
    """A domain that an estate has made is there at once."""
    _ready(domain)


def _domain(response: Any, *, promotes: bool = False) -> Any:
    backend = response.opensearch_backend
    found = backend.describe_domain(response.params["DomainName"])
    replication.require(found, backend, promotes=promotes)
    return found


class _Backend:
    SERVICE_NAMESPACE = "es"

    def create_domain(self: Any, **given: Any) -> OpenSearchDomain:
        """A domain, processing for a while."""
        made = _create_domain(self, **given)
        _busy(made, CREATE_SECONDS)
        return made

    def update_domain_config(self: Any, domain_name: str, **given: Any) -> OpenSearchDomain:
        """Change what is given and leave the rest."""
        domain = self.describe_domain(domain_name)
        if domain.processing:
            raise replication.invalid("A change/update is in progress for the domain.")
        for name in _MERGED:
            if given.get(name):
                given[name] = {**(getattr(domain, name) or {}), **given[name]}
        slow = any(given.get(name) and given[name] != getattr(domain, name) for name in _SLOW)
        changed: OpenSearchDomain = _update(self, domain_name, **given)
        if slow:
            _busy(domain, CHANGE_SECONDS)
        return changed

    def delete_domain(self: Any, domain_name: str) -> OpenSearchDomain:
        """Delete one that has no peer."""
        if replication.pair_of(self.describe_domain(domain_name)) is not None:
            raise replication.invalid(f"{domain_name} replicates; remove its peer first.")
        gone: OpenSearchDomain = _delete_domain(self, domain_name)
        return gone

    def tag_resource(self: Any, arn: str, tags: dict[str, str]) -> None:
        """Tags as the tagging API gives them."""
        self.add_tags(arn, [{"Key": key, "Value": value} for key, value in tags.items()])

    def untag_resource(self: Any, arn: str, tag_keys: list[str]) -> None:
        """The same, for taking them off."""
        self.remove_tags(arn, tag_keys)

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """Domains, under Resource Explorer's name."""
        for one in self.domains.values():
            tags = {tag["Key"]: tag["Value"] for tag in self.list_tags(one.arn)}
            yield TaggedResource(one.arn, tags, "es:domain")


class _Domain:
    def to_dict(self: Any) -> dict[str, Any]:
        """Without an endpoint as long as it is being made."""
        shown: dict[str, Any] = _to_dict(self)
        made = getattr(self, "_drstate_made", True)
        if not made and not self.deleted:
            shown.pop("Endpoint", None)
            shown.pop("Endpoints", None)
        kind = getattr(self, "_drstate_addresses", None)
        if kind:
            shown["IPAddressType"] = kind
        shown["DomainProcessingStatus"] = (
            "Active" if not self.processing else ("Modifying" if made else "Creating")
        )
        model = service_model("opensearch")
        whole: dict[str, Any] = (
            _modelled(model.shape_for("DomainStatus"), shown) if model else shown
        )
        return whole

    def to_config_dict(self: Any) -> dict[str, Any]:
        """Every option with its status, which the model asks for."""
        model = service_model("opensearch")
        if model is None:
            raise RuntimeError("botocore has no model of OpenSearch")
        members = model.shape_for("DomainConfig").members
        status = self.engine_version.to_dict()["Status"]
        return {
            name: {
                **_modelled(members[name], given),
                "Status": {**status, **_STATE.get(name, {})},
            }
            for name, given in _to_config(self).items()
            if name in members and given.get("Options") is not None
        }


def _modelled(shape: Any, value: Any) -> Any:
    """What the model knows of it: moto mixes requests, answers and Elasticsearch's words."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _modelled(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    return value


def _busy(domain: Any, seconds: float) -> None:
    if seconds == CREATE_SECONDS:
        domain._drstate_made = False  # noqa: SLF001 - our own mark on moto's domain
    domain.processing = True
    runtime.clock().after(seconds, partial(_ready, domain))


def _ready(domain: Any) -> None:
    domain._drstate_made = True  # noqa: SLF001 - our own mark on moto's domain
    if not domain.deleted:
        domain.processing = False


def install() -> None:
    """Correct moto's OpenSearch."""
    extend(
        OpenSearchServiceResponse,
        _Responses,
        replaces=frozenset({"_get_action", "create_domain", "update_domain_config"}),
    )
    extend(
        OpenSearchServiceBackend,
        _Backend,
        replaces=frozenset({"create_domain", "update_domain_config", "delete_domain"}),
    )
    extend(OpenSearchDomain, _Domain, replaces=frozenset({"to_dict", "to_config_dict"}))
    if not issubclass(OpenSearchServiceBackend, TaggableResourcesMixin):
        # What the tagging API and Resource Explorer look for.
        OpenSearchServiceBackend.__bases__ = (
            *OpenSearchServiceBackend.__bases__,
            TaggableResourcesMixin,
        )
    checked(OpenSearchServiceResponse)
