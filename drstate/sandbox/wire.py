"""What a request on the wire asks for, and how a refusal is written in its protocol.

Service and region come from the SigV4 credential scope, the operation from the header,
form field or path that the service's protocol uses. Requests without a SigV4 header are
not guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import NotFound, get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

#: paths that begin so are the sandbox's own, and no service's
CONTROL_PREFIX = "/_sandbox/"
_CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)
_SMITHY_PATH = re.compile(r"^/service/[^/]+/operation/(?P<operation>[A-Za-z0-9]+)$")

# Signing names that differ from botocore's service names. Where several services share
# one, the API version in the form decides.
_SERVICES = {
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "states": "stepfunctions",
    "elasticfilesystem": "efs",
    "es": "opensearch",
}
_SEARCH_DOMAIN = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+\.es\.amazonaws\.com")
# S3 Control is signed for as S3.
_S3_CONTROL = "/v20180820/"
_LOAD_BALANCING = {"2012-06-01": "elb", "2015-12-01": "elbv2"}


class _Said(ServiceException):  # type: ignore[misc]
    """An error code that need not be in the service's model."""


@dataclass(frozen=True)
class Asked:
    """Who asks for what. `operation` is empty where the service does not know it."""

    access_key: str
    session_token: str
    region: str
    service: str
    operation: str
    signing_name: str = ""


@lru_cache(maxsize=512)
def service_model(service: str) -> ServiceModel | None:
    """The botocore model of a service, or None where there is no such service."""
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def identify(request: Request, body: bytes) -> Asked | None:
    """What the request asks for, or None where it carries no SigV4 credential."""
    scope = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if scope is None:
        return None
    form: dict[str, list[str]] = {}
    if request.content_type and request.content_type.startswith(
        "application/x-www-form-urlencoded"
    ):
        form = parse_qs(body.decode("utf-8"), keep_blank_values=True)
    signed = scope["service"].lower()
    if signed == "elasticloadbalancing":
        service = _LOAD_BALANCING.get(form.get("Version", [""])[0], "elbv2")
    else:
        service = _SERVICES.get(signed, signed)
    if service == "s3" and request.path.startswith(_S3_CONTROL):
        service = "s3control"
    if is_search_domain(request):
        form = {"Action": [f"ESHttp{request.method.capitalize()}"]}
    return Asked(
        access_key=scope["key"],
        session_token=request.headers.get("X-Amz-Security-Token", ""),
        region=scope["region"],
        service=service,
        operation=_operation(request, service, form),
        signing_name=scope["service"],
    )


def is_search_domain(request: Request) -> bool:
    """Whether an OpenSearch domain is asked, and not the service."""
    return _SEARCH_DOMAIN.fullmatch(request.host.partition(":")[0]) is not None


def _operation(request: Request, service: str, form: dict[str, list[str]]) -> str:
    if "Action" in form:
        return form["Action"][0]
    target = request.headers.get("X-Amz-Target")
    if target:
        return str(target.rsplit(".", 1)[-1])
    path = _SMITHY_PATH.match(request.path)
    if path:
        return path["operation"]
    if service_model(service) is None:
        return ""
    try:
        operation, _ = get_service_router(service).match(request)
    except (NotFound, NotImplementedError):
        return ""
    return str(operation.name)


def refusal(
    request: Request, service: str, status: int, code: str, message: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """An error in the protocol of the service: status, headers, body."""
    model = service_model(service)
    if model is None:
        # Any protocol's parser must find a code: JSON is what unknown services get.
        model = get_service_model("ecs")
        protocol = "json"
    else:
        try:
            protocol = determine_request_protocol(model, request.content_type)
        except NotImplementedError:
            protocol = str(model.protocol)
    serializer = get_serializer_class(str(model.service_name), protocol)(
        operation_model=OperationModel({}, model)
    )
    written = serializer.serialize(_Said(code, message))
    body = written["body"]
    headers = {name: value for name, value in written["headers"].items() if name != "status"}
    return (
        status,
        [(str(name), str(value)) for name, value in headers.items()],
        body.encode("utf-8") if isinstance(body, str) else bytes(body),
    )


def bucket_of(request: Request) -> str:
    """The S3 bucket that a request's path names (the sandbox is addressed by path)."""
    return str(request.path.lstrip("/").split("/", 1)[0])
