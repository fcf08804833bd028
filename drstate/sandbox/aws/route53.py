"""Route 53: changes that propagate, health checks on alarms, and answers that follow them.

A change is checked as a whole before anything of it is done, is PENDING until it has
propagated, and only then does TestDNSAnswer answer with it. Weighted records are answered
with the heaviest healthy one, so that tests can tell; latency and geography are not
evaluated.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.route53.models import HealthCheck, RecordSet, Route53Backend
from moto.route53.responses import Route53

from . import route53_changes as changes
from . import route53_health as health
from . import runtime
from .extend import extend
from .modelled import Refusal, checked, unsupported


class _Responses:
    def change_resource_record_sets(self: Any) -> ActionResult:
        """Apply a batch; the answer is PENDING."""
        batch = self._get_param("ChangeBatch")
        change = changes.apply(
            self.backend, self._get_param("HostedZoneId"), batch["Changes"], batch.get("Comment")
        )
        return ActionResult({"ChangeInfo": change.shown()})

    def get_change(self: Any) -> ActionResult:
        """Whether a change has propagated."""
        return ActionResult({"ChangeInfo": changes.find(self.backend, self._get_param("Id"))})

    def list_resource_record_sets(self: Any) -> ActionResult:
        """Pages of records, in DNS order."""
        most = int(self._get_param("MaxItems") or 300)
        part, following = changes.listed(
            self.backend,
            self._get_param("HostedZoneId"),
            (
                self._get_param("StartRecordName"),
                self._get_param("StartRecordType"),
                self._get_param("StartRecordIdentifier"),
            ),
            min(most, 300),
        )
        answer: dict[str, Any] = {
            "ResourceRecordSets": part,
            "IsTruncated": following is not None,
            "MaxItems": str(most),
        }
        if following is not None:
            answer |= {
                "NextRecordName": following.name,
                "NextRecordType": following.type,
                "NextRecordIdentifier": following.set_identifier,
            }
        return ActionResult(answer)

    def test_dns_answer(self: Any) -> ActionResult:
        """What a resolver would be told now."""
        name, kind = self._get_param("RecordName"), self._get_param("RecordType")
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        answer = changes.answer(self.backend, zone, name, kind)
        return ActionResult(
            {
                "Nameserver": zone.delegation_set.name_servers[0],
                "RecordName": name,
                "RecordType": kind,
                "RecordData": answer or [],
                "ResponseCode": "NXDOMAIN" if answer is None else "NOERROR",
                "Protocol": "UDP",
            }
        )

    def list_health_checks(self: Any) -> ActionResult:
        """Pages of health checks, oldest first."""
        most = min(int(self._get_param("MaxItems") or 100), 100)
        marker = self._get_param("Marker") or ""
        found = list(self.backend.health_checks.values())
        names = [one.id for one in found]
        if marker and marker not in names:
            raise Refusal("InvalidInput", f"There is no health check {marker} to go on from.")
        start = names.index(marker) if marker else 0
        following = names[start + most] if start + most < len(names) else None
        return ActionResult(
            {
                "HealthChecks": found[start : start + most],
                "Marker": marker,
                "IsTruncated": following is not None,
                "NextMarker": following,
                "MaxItems": str(most),
            }
        )

    def list_hosted_zones(self: Any) -> ActionResult:
        """Pages of zones, oldest first."""
        unsupported("route53", "ListHostedZones", self.params, "DelegationSetId")
        most = min(int(self._get_param("MaxItems") or 100), 100)
        marker = self._get_param("Marker") or ""
        private = self._get_param("HostedZoneType") == "PrivateHostedZone"
        found = [one for one in self.backend.zones.values() if one.private_zone or not private]
        names = [one.id for one in found]
        if marker and marker not in names:
            raise Refusal("InvalidInput", f"There is no hosted zone {marker} to go on from.")
        start = names.index(marker) if marker else 0
        following = names[start + most] if start + most < len(names) else None
        return ActionResult(
            {
                "HostedZones": found[start : start + most],
                "Marker": marker,
                "IsTruncated": following is not None,
                "NextMarker": following,
                "MaxItems": str(most),
            }
        )

    def list_hosted_zones_by_name(self: Any) -> ActionResult:
        """Zones in DNS order from the given name on."""
        most = min(int(self._get_param("MaxItems") or 100), 100)
        name = self._get_param("DNSName")
        zones = changes.zones_from(self.backend, name, self._get_param("HostedZoneId"))
        following = zones[most] if len(zones) > most else None
        return ActionResult(
            {
                "HostedZones": zones[:most],
                "DNSName": name,
                "IsTruncated": following is not None,
                "NextDNSName": following.name if following else None,
                "NextHostedZoneId": following.resource_id if following else None,
                "MaxItems": str(most),
            }
        )

    def create_health_check(self: Any) -> ActionResult:
        """Create; the same reference and settings give the same health check."""
        made = health.create(
            self.backend, self._get_param("CallerReference"), self._get_param("HealthCheckConfig")
        )
        location = f"https://route53.amazonaws.com/2013-04-01/healthcheck/{made.id}"
        return ActionResult({"HealthCheck": made, "Location": location})

    def update_health_check(self: Any) -> ActionResult:
        """Change what is given."""
        given = {
            field: self._get_param(field)
            for field in health.UPDATABLE
            if self._get_param(field) is not None
        }
        version = self._get_int_param("HealthCheckVersion")
        changed = health.update(self.backend, self._get_param("HealthCheckId"), given, version)
        return ActionResult({"HealthCheck": changed})

    def delete_health_check(self: Any) -> ActionResult:
        """Delete one that no record uses."""
        health.delete(self.backend, self._get_param("HealthCheckId"))
        return EmptyResult()

    def get_health_check_status(self: Any) -> ActionResult:
        """What the checkers see."""
        found = self.backend.get_health_check(self._get_param("HealthCheckId"))
        healthy = health.is_healthy(self.backend, found)
        words = "Success: the check passes" if healthy else "Failure: the check fails"
        observations = [
            {
                "Region": region,
                "IPAddress": "127.0.0.1",
                "StatusReport": {"Status": words, "CheckedTime": runtime.clock().now()},
            }
            for region in ("us-east-1", "us-west-2", "eu-west-1")
        ]
        return ActionResult({"HealthCheckObservations": observations})


def install() -> None:
    """Correct moto's Route 53."""
    checked(Route53)
    extend(
        Route53,
        _Responses,
        replaces=frozenset(
            {
                "change_resource_record_sets",
                "get_change",
                "list_resource_record_sets",
                "create_health_check",
                "update_health_check",
                "delete_health_check",
                "get_health_check_status",
                "list_health_checks",
                "list_hosted_zones",
                "list_hosted_zones_by_name",
            }
        ),
    )
    extend(HealthCheck, health.Config, replaces=frozenset({"health_check_config"}))
    extend(Route53Backend, changes.Backend)
    extend(RecordSet, changes.Record, replaces=frozenset({"resource_records"}))
