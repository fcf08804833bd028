"""The provider's own configuration, as pulumi_aws's Provider class serialises it.

Scalars arrive as they are; lists, objects, numbers and booleans arrive as JSON text. A name that
pulumi_aws does not have is refused; one that cannot matter to an emulated AWS is accepted and has
no effect (``NO_EFFECT`` says which). It makes no AWS call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drstate.sandbox.provider.check import Failure, check
from drstate.sandbox.provider.schema import (
    Prop,
    flag,
    integer,
    listing,
    mapping,
    record,
    text,
)
from drstate.sandbox.provider.wire import Value, Values, has_unknown

_ASSUME_ROLE: dict[str, Prop] = {
    "duration": text(),
    "externalId": text(),
    "policy": text(),
    "policyArns": listing(),
    "roleArn": text(),
    "sessionName": text(),
    "sourceIdentity": text(),
    "tags": mapping(),
    "transitiveTagKeys": listing(),
}
_NO_WEB_IDENTITY = "assume the role with credentials (assumeRoles) instead"

PROPERTIES: dict[str, Prop] = {
    "accessKey": text(secret=True),
    "allowedAccountIds": listing(),
    "assumeRoleWithWebIdentity": mapping(refused=_NO_WEB_IDENTITY),
    "assumeRoles": listing(record(_ASSUME_ROLE)),
    "customCaBundle": text(),
    "defaultTags": record({"tags": mapping()}),
    "ec2MetadataServiceEndpoint": text(),
    "ec2MetadataServiceEndpointMode": text(),
    "endpoints": listing(mapping()),
    "forbiddenAccountIds": listing(),
    "httpProxy": text(),
    "httpsProxy": text(),
    "ignoreTags": record({"keys": listing(), "keyPrefixes": listing()}),
    "insecure": flag(),
    "maxRetries": integer(low=0),
    "noProxy": text(),
    "profile": text(),
    "region": text(),
    "retryMode": text(choices=("standard", "adaptive")),
    "s3UsEast1RegionalEndpoint": text(),
    "s3UsePathStyle": flag(),
    "secretKey": text(secret=True),
    "sharedConfigFiles": listing(),
    "sharedCredentialsFiles": listing(),
    "skipCredentialsValidation": flag(),
    "skipMetadataApiCheck": flag(),
    "skipRegionValidation": flag(),
    "skipRequestingAccountId": flag(),
    "stsRegion": text(),
    "tagPolicyCompliance": text(),
    "token": text(secret=True),
    "tokenBucketRateLimiterCapacity": integer(),
    "useDualstackEndpoint": flag(),
    "useFipsEndpoint": flag(),
    "userAgents": listing(mapping()),
    # The engine's own keys.
    "version": text(),
    "pluginDownloadURL": text(),
}
#: Accepted without effect: they steer how the real provider reaches S3, the instance metadata
#: service, proxies or its own throttle, none of which this plugin has.
NO_EFFECT = frozenset(
    {
        "customCaBundle",
        "ec2MetadataServiceEndpoint",
        "ec2MetadataServiceEndpointMode",
        "httpProxy",
        "httpsProxy",
        "noProxy",
        "s3UsEast1RegionalEndpoint",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "tagPolicyCompliance",
        "tokenBucketRateLimiterCapacity",
        "useDualstackEndpoint",
        "useFipsEndpoint",
        "userAgents",
        "version",
        "pluginDownloadURL",
    }
)
SECRETS = frozenset(name for name, prop in PROPERTIES.items() if prop.secret)
_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TYPE = "pulumi:providers:aws"


@dataclass(frozen=True)
class Role:
    """A role to assume. ``seconds`` is the length of its sessions (AWS: 900 to 43,200)."""

    arn: str
    session_name: str = "drstate-sandbox"
    external_id: str = ""
    seconds: int = 0
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    source_identity: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProviderConfig:
    """What Configure works with."""

    region: str
    access_key: str = ""
    secret_key: str = ""
    token: str = ""
    profile: str = ""
    roles: tuple[Role, ...] = ()
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    default_tags: Mapping[str, str] = field(default_factory=dict)
    ignored_tag_keys: tuple[str, ...] = ()
    ignored_tag_prefixes: tuple[str, ...] = ()
    sts_region: str = ""
    max_retries: int | None = None
    retry_mode: str = "standard"
    insecure: bool = False
    skip_account_id: bool = False
    config_files: tuple[str, ...] = ()
    credentials_files: tuple[str, ...] = ()


def decoded(values: Values) -> Values:
    """The values with JSON text turned into what it says, where the table wants no string."""
    return {name: _decode(name, value) for name, value in values.items() if value is not None}


def _decode(name: str, value: Value) -> Value:
    prop = PROPERTIES.get(name)
    if prop is None or prop.kind == "string" or not isinstance(value, str) or has_unknown(value):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def failures(values: Values) -> Iterator[Failure]:
    """What is wrong with decoded provider inputs."""
    yield from check(_TYPE, PROPERTIES, values)
    region = values.get("region")
    if not region:
        yield Failure("region", f"{_TYPE}: no region; set 'region', aws:region or AWS_REGION")
    elif isinstance(region, str) and not has_unknown(region) and not _REGION.match(region):
        yield Failure("region", f"{_TYPE}: {region!r} is not a region's name, like us-west-2")
    roles = values.get("assumeRoles")
    for index, role in enumerate(roles if isinstance(roles, list) else ()):
        yield from _role_failures(f"assumeRoles[{index}]", role)
    endpoints = values.get("endpoints")
    if isinstance(endpoints, list):
        for index, entry in enumerate(endpoints):
            if isinstance(entry, dict):
                for service, url in entry.items():
                    if not str(url).startswith(("http://", "https://")) and not has_unknown(url):
                        yield Failure(
                            f"endpoints[{index}].{service}",
                            f"{_TYPE}: the endpoint {url!r} of {service} is not an http(s) URL",
                        )


def _role_failures(path: str, role: Value) -> Iterator[Failure]:
    if not isinstance(role, dict) or has_unknown(role):
        return
    if not role.get("roleArn"):
        yield Failure(f"{path}.roleArn", f"{_TYPE}: {path} names no role; set 'roleArn'")
    length = role.get("duration")
    if isinstance(length, str) and length:
        seconds = duration(length)
        if seconds is None or not 900 <= seconds <= 43200:
            yield Failure(
                f"{path}.duration",
                f"{_TYPE}: the duration {length!r} of {path} is not between 15m and 12h",
            )


def duration(written: str) -> int | None:
    """Seconds of a duration like ``1h30m``; None if it is none."""
    parts = _DURATION.findall(written)
    if not parts or "".join(count + unit for count, unit in parts) != written:
        return None
    return int(sum(float(count) * _UNITS[unit] for count, unit in parts))


def parsed(values: Values) -> ProviderConfig:
    """The configuration of decoded inputs that ``failures`` found nothing wrong with."""
    ignored = values.get("ignoreTags") or {}
    endpoints: dict[str, str] = {}
    for entry in values.get("endpoints") or ():
        endpoints.update({service: url for service, url in entry.items() if url})
    return ProviderConfig(
        region=values["region"],
        access_key=values.get("accessKey") or "",
        secret_key=values.get("secretKey") or "",
        token=values.get("token") or "",
        profile=values.get("profile") or "",
        roles=tuple(_role(entry) for entry in values.get("assumeRoles") or ()),
        allowed_accounts=tuple(values.get("allowedAccountIds") or ()),
        forbidden_accounts=tuple(values.get("forbiddenAccountIds") or ()),
        endpoints=endpoints,
        default_tags=dict((values.get("defaultTags") or {}).get("tags") or {}),
        ignored_tag_keys=tuple(ignored.get("keys") or ()),
        ignored_tag_prefixes=tuple(ignored.get("keyPrefixes") or ()),
        sts_region=values.get("stsRegion") or "",
        max_retries=values.get("maxRetries"),
        retry_mode=values.get("retryMode") or "standard",
        insecure=bool(values.get("insecure")),
        skip_account_id=bool(values.get("skipRequestingAccountId")),
        config_files=tuple(values.get("sharedConfigFiles") or ()),
        credentials_files=tuple(values.get("sharedCredentialsFiles") or ()),
    )


def _role(entry: Values) -> Role:
    return Role(
        arn=entry["roleArn"],
        session_name=entry.get("sessionName") or Role.session_name,
        external_id=entry.get("externalId") or "",
        seconds=duration(entry.get("duration") or "") or 0,
        policy=entry.get("policy") or "",
        policy_arns=tuple(entry.get("policyArns") or ()),
        source_identity=entry.get("sourceIdentity") or "",
        tags=dict(entry.get("tags") or {}),
        transitive_tag_keys=tuple(entry.get("transitiveTagKeys") or ()),
    )


def replacing(old: Values, new: Values) -> list[str]:
    """The changed properties after which every resource is in another place: region, account."""
    changed = []
    if old.get("region") != new.get("region"):
        changed.append("region")
    if _accounts(old) != _accounts(new):
        same_lists = old.get("allowedAccountIds") == new.get("allowedAccountIds")
        changed.append("assumeRoles" if same_lists else "allowedAccountIds")
    return changed


def _accounts(values: Values) -> tuple[str, ...]:
    """The account that the provider works in, as far as its inputs tell."""
    roles = values.get("assumeRoles")
    if isinstance(roles, list) and roles and isinstance(roles[-1], dict):
        arn = str(roles[-1].get("roleArn") or "")
        if arn.count(":") >= 5:
            return (arn.split(":")[4],)
    return tuple(sorted(map(str, values.get("allowedAccountIds") or ())))
