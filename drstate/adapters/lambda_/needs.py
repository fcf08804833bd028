"""What has to hold before a phase touches a function: its code in reach of the region.

Concurrency to spare is summed over the whole run: see ``place.demand``.
"""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.findings import Health
from drstate.adapters.lambda_.place import Place
from drstate.errors import AwsCallError
from drstate.model.health import ResourceStatus
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation, split_image
from drstate.programs.lambda_.values import ANY, CodeArtifact, artifact_of


def code(place: Place, at: At) -> list[Health]:
    """Whether the package, or the image and the layers, can be had in this region."""
    translation = Translation(place.site.site_map, place.spec.region, place.region)
    spec, found = place.spec, []
    if spec.package == "Zip":
        table = SiteMapTable.CODE_ARTIFACTS
        text = translation.find(table, spec.name) or translation.find(table, ANY)
        artifact = artifact_of(text, spec) if text else None
        if artifact is not None:
            found.append(_artifact(place, at, artifact))
    elif spec.image is not None:
        image = translation.image(spec.image)
        if image is not None:
            found.append(_image(place, at, image))
    for layer in spec.layers:
        here = translation.find(SiteMapTable.LAYERS, layer) or layer
        found.append(_layer(place, at, here))
    return [health for health in found if not health.ok]


def _artifact(place: Place, at: At, artifact: CodeArtifact) -> Health:
    version = {"VersionId": artifact.version} if artifact.version else {}
    try:
        at.call(
            "s3",
            "get_object_attributes",
            Bucket=artifact.bucket,
            Key=artifact.key,
            ObjectAttributes=["ObjectSize"],
            **version,
        )
    except AwsCallError as error:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"its code artifact {artifact} cannot be read in {place.region}: {error.aws_code}",
            f"copy it there (S3 replication keeps keys), or mend {place.site.scope_file}: "
            f"site_map.{place.region}.{SiteMapTable.CODE_ARTIFACTS}",
            {"artifact": str(artifact)},
        )
    return Health(ResourceStatus.HEALTHY, f"{artifact} is there")


def _image(place: Place, at: At, image: str) -> Health:
    repository, version = split_image(image)
    which = {"imageDigest": version[1:]} if version[:1] == "@" else {"imageTag": version[1:]}
    try:
        at.call(
            "ecr",
            "describe_images",
            repositoryName=repository.partition("/")[2],
            registryId=repository.partition(".")[0],
            imageIds=[which],
        )
    except AwsCallError as error:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"its image {image} is not in {place.region}: {error.aws_code}",
            "replicate the repository to that region (ECR replication keeps digests)",
            {"image": image},
        )
    return Health(ResourceStatus.HEALTHY, f"{image} is there")


def _layer(place: Place, at: At, layer: str) -> Health:
    if not at.find("lambda", "get_layer_version_by_arn", "ResourceNotFoundException", Arn=layer):
        return Health(
            ResourceStatus.UNHEALTHY,
            f"its layer {layer} is not in {place.region}",
            f"publish the layer there, and name it in {place.site.scope_file}: "
            f"site_map.{place.region}.{SiteMapTable.LAYERS}",
            {"layer": layer},
        )
    return Health(ResourceStatus.HEALTHY, f"{layer} is there")
