"""What of an ECS service is not carried to the recovery site. Pure: it reads AWS's answers.

A setting that is not known to be carried is named, so that capture can refuse the service: a copy
that lacks something silently would be found out in the disaster.
"""

from __future__ import annotations

from typing import Any

_SERVICE = ("serviceRegistries", "taskSets")
_DEPLOYMENT = ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations")
_TASK = ("inferenceAccelerators", "proxyConfiguration", "enableFaultInjection")
#: a volume of these fields only is scratch space, which every site has
_VOLUME = frozenset({"name", "host"})


def unsupported_service(found: dict[str, Any]) -> list[str]:
    """Settings of ``DescribeServices`` that would be lost, sorted."""
    wrong = {name for name in _SERVICE if found.get(name)}
    for deployment in found.get("deployments", []):
        wrong |= {name for name in _DEPLOYMENT if deployment.get(name)}
    if any(not item.get("targetGroupArn") for item in found.get("loadBalancers", [])):
        wrong.add("loadBalancers with a classic load balancer")
    if any(item.get("advancedConfiguration") for item in found.get("loadBalancers", [])):
        wrong.add("loadBalancers with advancedConfiguration")
    configuration = found.get("deploymentConfiguration") or {}
    if configuration.get("strategy", "ROLLING") != "ROLLING":
        wrong.add(f"deployment strategy {configuration['strategy']}")
    if (configuration.get("alarms") or {}).get("enable"):
        wrong.add("deployment alarms")
    controller = (found.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        wrong.add(f"deploymentController {controller}")
    strategy = found.get("schedulingStrategy", "REPLICA")
    if strategy != "REPLICA":
        wrong.add(f"schedulingStrategy {strategy}")
    return sorted(wrong)


def unsupported_task(found: dict[str, Any]) -> list[str]:
    """Settings of ``DescribeTaskDefinition`` that would be lost, sorted."""
    wrong = {name for name in _TASK if found.get(name)}
    for volume in found.get("volumes") or []:
        kinds = {name for name, value in volume.items() if value} - _VOLUME
        wrong |= {f"volume {volume.get('name')} with {kind}" for kind in kinds}
    return sorted(wrong)
