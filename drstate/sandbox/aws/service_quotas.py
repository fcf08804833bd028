"""Service Quotas: the figures of an account that has been in use for a while.

moto knows the defaults of VPCs only. What is not in the table has no quota here, which AWS answers
in the same words as for a code that does not exist.
"""

from __future__ import annotations

from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from .extend import extend
from .modelled import checked

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
}
_get = ServiceQuotasBackend.get_service_quota


class _Backend:
    def get_service_quota(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        """The account's own figure."""
        known = QUOTAS.get(service_code, {}).get(quota_code)
        if known is None:
            found: dict[str, Any] = _get(self, service_code, quota_code)
            return found
        name, value = known
        return {
            "ServiceCode": service_code,
            "QuotaCode": quota_code,
            "QuotaArn": f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:"
            f"{service_code}/{quota_code}",
            "QuotaName": name,
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


def install() -> None:
    """Extend moto's Service Quotas."""
    checked(ServiceQuotasResponse)
    extend(ServiceQuotasBackend, _Backend, replaces=frozenset({"get_service_quota"}))
