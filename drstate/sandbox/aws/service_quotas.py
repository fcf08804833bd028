"""Service Quotas: the figures of an account that has been in use for a while.

moto knows the defaults of VPCs only. What is not in the table has no quota here, which AWS answers
in the same words as for a code that does not exist. A request for more is granted at once, in the
region in which it is made; a request for less is refused, as AWS does.
"""

from __future__ import annotations

import json
from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from .extend import extend
from .modelled import Refusal, checked

#: of services whose quotas are the account's, and are kept in one region
CONTROL_REGION = {"route53": "us-east-1"}
#: service -> code -> name and value
QUOTAS: dict[str, dict[str, tuple[str, float]]] = {
    "drs": {
        "L-05AFA8C6": ("Max source servers in all Jobs", 500.0),
        "L-B827C881": ("Max source servers in a single Job", 100.0),
        "L-C1D14A2B": ("Max Total replicating source servers Per AWS Account", 300.0),
        "L-D88FAC3A": ("Concurrent jobs in progress", 20.0),
    },
    "ec2": {
        "L-1216C47A": (
            "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
            256.0,
        ),
        "L-DB2E81BA": ("Running On-Demand G and VT instances", 0.0),
    },
    "lambda": {"L-B99A9384": ("Concurrent executions", 1000.0)},
    "rds": {
        "L-7B6409FD": ("DB instances", 40.0),
        "L-952B80B8": ("DB clusters", 40.0),
    },
    "route53": {"L-ACB674F3": ("Health checks per account", 200.0)},
}
_get = ServiceQuotasBackend.get_service_quota


def grant(backend: ServiceQuotasBackend, service: str, code: str, value: float) -> None:
    """Let a region of an account have so much from now on, of what has a quota or gets one."""
    vars(backend).setdefault("granted", {})[service, code] = value


class _Backend:
    def get_service_quota(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        """The account's own figure."""
        granted = vars(self).get("granted", {}).get((service_code, quota_code))
        known = QUOTAS.get(service_code, {}).get(quota_code)
        if known is None and granted is not None:
            known = (quota_code, granted)
        elsewhere = CONTROL_REGION.get(service_code, self.region_name) != self.region_name
        if known is None or elsewhere:
            found: dict[str, Any] = _get(self, service_code, quota_code)
            return found
        name, value = known
        return {
            "ServiceCode": service_code,
            "QuotaCode": quota_code,
            "QuotaArn": f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:"
            f"{service_code}/{quota_code}",
            "QuotaName": name,
            "Value": value if granted is None else granted,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": service_code in CONTROL_REGION,
        }

    def request_service_quota_increase(
        self: Any, service_code: str, quota_code: str, desired: float
    ) -> dict[str, Any]:
        """Granted at once; refused where it asks for no more than there is."""
        now = self.get_service_quota(service_code, quota_code)
        if desired <= now["Value"]:
            raise Refusal(
                "IllegalArgumentException",
                "You must provide a quota value greater than the current quota value.",
            )
        grant(self, service_code, quota_code, desired)
        return {
            "Id": f"{service_code}-{quota_code}-{desired:g}",
            "ServiceCode": service_code,
            "QuotaCode": quota_code,
            "QuotaName": now["QuotaName"],
            "DesiredValue": desired,
            "Status": "APPROVED",
        }


class _Response:
    def request_service_quota_increase(self: Any) -> str:
        """RequestServiceQuotaIncrease."""
        asked = json.loads(self.body)
        granted = self.backend.request_service_quota_increase(
            str(asked["ServiceCode"]), str(asked["QuotaCode"]), float(asked["DesiredValue"])
        )
        return json.dumps({"RequestedQuota": granted})


def install() -> None:
    """Extend moto's Service Quotas."""
    extend(ServiceQuotasResponse, _Response)
    checked(ServiceQuotasResponse)
    extend(ServiceQuotasBackend, _Backend, replaces=frozenset({"get_service_quota"}))
