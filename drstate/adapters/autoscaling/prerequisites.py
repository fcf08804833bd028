"""What launching needs at the site: the image, the key pair, and room in the vCPU quota.

The quota is asked live. Where nobody may or can ask it, AWS's default is compared, and a shortage
is a warning only. Capacity itself cannot be asked for: only a reservation guarantees it.
"""

from __future__ import annotations

import re

from drstate.adapters.at import At
from drstate.adapters.base import Health, SiteContext
from drstate.errors import AwsCallError
from drstate.model.health import ResourceStatus
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.autoscaling.spec import AutoScalingSpec

#: letters of an instance type -> code of the quota of running on-demand vCPUs (by default none)
_QUOTAS = {
    "dl": "L-6E869C2A",
    "f": "L-74FC7D96",
    "g": "L-DB2E81BA",
    "gr": "L-DB2E81BA",
    "hpc": "L-F7808C92",
    "inf": "L-1945791B",
    "p": "L-417A185B",
    "trn": "L-2C3B7624",
    "u": "L-43DA4232",
    "vt": "L-DB2E81BA",
    "x": "L-7295265B",
}
_STANDARD = ("L-1216C47A", 5)


def check(spec: AutoScalingSpec, site: SiteContext, at: At, launched: int) -> tuple[Health, ...]:
    """Reads only, in the site's region. ``launched``: instances that the phase leaves running."""
    translation = Translation(site.site_map, spec.region, site.region)
    found = [*_image(spec, translation, at), *_key_pair(spec, translation, at)]
    if launched:
        found += _room(spec, at, launched)
    return tuple(found)


def _image(spec: AutoScalingSpec, translation: Translation, at: At) -> list[Health]:
    source = spec.template.image
    if source is None or not source.startswith("ami-"):
        return []
    image = translation.find(SiteMapTable.AMIS, source)
    if image is None:
        return []  # a problem of the plan, with its field and file
    answer = at.find(
        "ec2", "describe_images", "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable",
        ImageIds=[image],
    )  # fmt: skip
    states = [str(one.get("State")) for one in answer.get("Images", [])]
    if states == ["available"]:
        return [Health(ResourceStatus.HEALTHY, f"image {image} is available in {at.region}")]
    return [
        Health(
            ResourceStatus.UNHEALTHY,
            f"image {image} is {states[0] if states else 'not'} in {at.region}",
            f"copy it: aws ec2 copy-image --source-region {spec.region} --source-image-id "
            f"{source} --name {spec.name} --region {at.region}, then correct site_map.{at.region}."
            f"{SiteMapTable.AMIS}",
        )
    ]


def _key_pair(spec: AutoScalingSpec, translation: Translation, at: At) -> list[Health]:
    source = spec.template.key_name
    if source is None:
        return []
    name = translation.find(SiteMapTable.KEY_PAIRS, source) or source
    answer = at.find("ec2", "describe_key_pairs", "InvalidKeyPair.NotFound", KeyNames=[name])
    if answer.get("KeyPairs"):
        return [Health(ResourceStatus.HEALTHY, f"key pair {name} is in {at.region}")]
    return [
        Health(
            ResourceStatus.UNHEALTHY,
            f"key pair {name} does not exist in {at.region}",
            f"import it there, or map {source} to another one in site_map.{at.region}."
            f"{SiteMapTable.KEY_PAIRS}",
        )
    ]


def _room(spec: AutoScalingSpec, at: At, launched: int) -> list[Health]:
    kinds = [spec.template.instance_type]
    # of a mixed group, the first: in which proportion AWS launches them nobody knows beforehand
    kinds += [one.instance_type for one in spec.mixed.overrides] if spec.mixed else []
    kind = next((one for one in reversed(kinds[:2]) if one), None)
    if kind is None:
        return []
    code, default = quota_of(kind)
    running = [
        one
        for reservation in at.pages(
            "ec2",
            "describe_instances",
            "Reservations",
            Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}],
        )
        for one in reservation.get("Instances", [])
        if quota_of(one["InstanceType"])[0] == code and not one.get("InstanceLifecycle")
    ]
    own = sum(
        1
        for one in running
        for tag in one.get("Tags", [])
        if tag["Key"] == "aws:autoscaling:groupName" and tag["Value"] == spec.name
    )
    sizes = _vcpus(at, {kind, *(one["InstanceType"] for one in running)})
    used = sum(sizes.get(one["InstanceType"], 0) for one in running)
    needed = max(0, launched - own) * sizes.get(kind, 0)
    limit, live = _limit(at, code, default)
    told = f"{needed} vCPUs of {kind} more, {used} in use, quota {code} is {limit:g} in {at.region}"
    if used + needed <= limit:
        return [Health(ResourceStatus.HEALTHY, told)]
    return [
        Health(
            ResourceStatus.UNHEALTHY if live else ResourceStatus.DEGRADED,
            told + ("" if live else " by default (it could not be asked)"),
            f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code "
            f"{code} --desired-value {used + needed} --region {at.region}",
        )
    ]


def quota_of(instance_type: str) -> tuple[str, int]:
    """Code and default of the vCPU quota that an instance type counts towards."""
    letters = re.match(r"[a-z]+", instance_type)
    code = _QUOTAS.get(letters.group() if letters else "")
    return (code, 0) if code is not None else _STANDARD


def _vcpus(at: At, kinds: set[str]) -> dict[str, int]:
    return {
        one["InstanceType"]: int(one["VCpuInfo"]["DefaultVCpus"])
        for one in at.pages(
            "ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=sorted(kinds)
        )
    }


def _limit(at: At, code: str, default: int) -> tuple[float, bool]:
    try:
        answer = at.call("service-quotas", "get_service_quota", ServiceCode="ec2", QuotaCode=code)
    except AwsCallError:
        return default, False
    return float(answer["Quota"]["Value"]), True
