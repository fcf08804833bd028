"""The spec of a Lambda function, with what hangs on it: aliases, mappings, permissions.

Aliases carry no tags, so they are captured with their function. What is captured is the version
that the aliases point to; a function without aliases is captured as it is ($LATEST). Settings of
event source mappings are kept in the API's shape, without what AWS fills in by itself.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec

#: qualifier of what belongs to no version and no alias
LATEST = "$LATEST"


class FunctionAlias(Value):
    """An alias, and the version that it names at the site of capture."""

    name: str
    version: str
    description: str | None = None
    #: instances that are kept initialised while production runs
    provisioned: int | None = Field(default=None, ge=1)


class EventSource(Value):
    """An event source mapping, by what it reads and for whom."""

    source: str
    #: alias that it invokes; None: the function itself
    qualifier: str | None = None
    #: whether production reads it
    enabled: bool
    settings: dict[str, Any] = {}

    @property
    def identity(self) -> tuple[str, str | None]:
        """What tells it from the function's other mappings."""
        return self.source, self.qualifier


class InvokePermission(Value):
    """A statement of the function's policy."""

    sid: str
    qualifier: str | None = None
    action: str
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    organization: str | None = None


class AsyncSettings(Value):
    """How asynchronous invocations are tried again, and where they end."""

    #: alias, or $LATEST
    qualifier: str
    retries: int
    max_age_seconds: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


class FunctionNetwork(Value):
    """The VPC that a function runs in."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    ipv6: bool = False


class FunctionLogging(Value):
    """How a function logs. ``group`` is None where it is the one of the function's name."""

    format: str = "Text"
    application_level: str | None = None
    system_level: str | None = None
    group: str | None = None


class ImageSettings(Value):
    """What overrides a container image's own settings."""

    commands: tuple[str, ...] = ()
    entry_points: tuple[str, ...] = ()
    working_directory: str | None = None


class FileSystemMount(Value):
    """A file system that the function mounts."""

    access_point: str
    path: str


class LambdaSpec(Spec):
    """A function as captured at the serving site."""

    name: str
    arn: str
    #: Zip or Image
    package: str
    #: base64 of the SHA-256 of the code: the same at both sites, or it is not the same code
    code_sha256: str
    image: str | None = None
    image_settings: ImageSettings | None = None
    runtime: str | None = None
    handler: str | None = None
    architectures: tuple[str, ...] = ("x86_64",)
    description: str | None = None
    memory_mib: int
    timeout_seconds: int
    storage_mib: int = 512
    role: str
    environment: dict[str, str] = {}
    layers: tuple[str, ...] = ()
    network: FunctionNetwork | None = None
    dead_letter: str | None = None
    kms_key: str | None = None
    tracing: str = "PassThrough"
    logging: FunctionLogging = FunctionLogging()
    mount: FileSystemMount | None = None
    snap_start: bool = False
    #: concurrency kept for this function; None: it shares what nobody has reserved
    reserved: int | None = Field(default=None, ge=1)
    aliases: tuple[FunctionAlias, ...] = ()
    mappings: tuple[EventSource, ...] = ()
    permissions: tuple[InvokePermission, ...] = ()
    asynchronous: tuple[AsyncSettings, ...] = ()
