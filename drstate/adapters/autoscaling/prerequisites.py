"""What launching needs at the site: the image and the key pair.

Room in the vCPU quotas is summed over the whole run: see ``launching``.
"""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.site import SiteContext
from drstate.model.health import ResourceStatus
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.autoscaling.spec import AutoScalingSpec


def check(spec: AutoScalingSpec, site: SiteContext, at: At) -> tuple[Health, ...]:
    """Reads only, in the site's region."""
    translation = Translation(site.site_map, spec.region, site.region)
    return (*_image(spec, translation, at), *_key_pair(spec, translation, at))


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
