"""Buckets, and what lies in them or runs: code, layers, functions, documents."""

from __future__ import annotations

import base64
import io
import json
import zipfile

from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

CODE = "def handler(event, context):\n    return event\n"


def package() -> bytes:
    """A package with a handler that gives back what it gets; the same at every start."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py", (2026, 1, 1, 0, 0, 0)), CODE)
    return stream.getvalue()


def bucket(site: Captured, account: str, region: str, identifier: str) -> None:
    """An empty, versioned bucket, by its name or ARN."""
    correct("s3")
    from moto.s3.models import s3_backends  # noqa: PLC0415 - after its correction

    name = identifier.rpartition(":")[2]
    backend = s3_backends[account][PARTITION]
    # one namespace for all accounts: who has it is the first that was asked
    if name not in s3_backends.bucket_accounts:
        backend.create_bucket(name, region)
        backend.put_bucket_versioning(name, "Enabled")
        backend.put_bucket_tagging(name, site.own_tags())


def code_artifact(site: Captured, account: str, region: str, identifier: str) -> None:
    """A package in a bucket, or an image's repository. The left side is a function's name."""
    if identifier.startswith("s3://"):
        name, _, key = identifier.removeprefix("s3://").partition("/")
        key = key.partition("?")[0]
        bucket(site, account, region, name)
        if not key:
            raise cannot("site_map", f"code_artifacts {identifier}", "it names no object")
        from moto.s3.models import s3_backends  # noqa: PLC0415 - after its correction

        owner = s3_backends.bucket_accounts[name][1]
        s3_backends[owner][PARTITION].put_object(name, key, package())
    elif ".dkr.ecr." in identifier:
        from .compute import image  # noqa: PLC0415 - for images only

        image(site, account, region, identifier)


def function(site: Captured, account: str, region: str, identifier: str) -> None:
    """A function that gives back what it gets, by its name or ARN."""
    correct("lambda")
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - after its correction

    name = identifier.split(":function:", 1)[-1].partition(":")[0]
    backend = lambda_backends[account][region]
    try:
        backend.get_function(name)
    except Exception:  # noqa: BLE001 - moto's own error for one that is not there
        role = f"arn:{PARTITION}:iam::{account}:role/captured-{name}"[:110]
        site.role(role)
        made = backend.create_function(
            {
                "FunctionName": name,
                "Runtime": "python3.12",
                "Role": role,
                "Handler": "main.handler",
                "Code": {"ZipFile": base64.b64encode(package()).decode()},
                "Description": "rebuilt from a catalog",
                "Timeout": 60,
                "MemorySize": 256,
                "Tags": site.own_tags(),
            }
        )
        made.state = "Active"


def layer(_site: Captured, account: str, region: str, arn: str) -> None:
    """A version of a layer, and those before it."""
    correct("lambda")
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - after its correction

    parts = arn.split(":")
    if len(parts) != 8 or not parts[7].isdigit() or int(parts[7]) > 500:
        raise cannot("site_map", f"layers {arn}", "it is not the ARN of a layer's version")
    backend = lambda_backends[account][region]
    while len(list(backend.list_layer_versions(parts[6]))) < int(parts[7]):
        content = {"ZipFile": base64.b64encode(package()).decode()}
        backend.publish_layer_version({"LayerName": parts[6], "Content": content})


def document(site: Captured, account: str, region: str, name: str) -> None:
    """A runbook that waits a moment, with every parameter that hooks of the scope give it."""
    correct("ssm")
    from moto.ssm.models import ssm_backends  # noqa: PLC0415 - after its correction

    backend = ssm_backends[account][region]
    called = name.rpartition("document/")[2] or name
    if called.startswith("AWS-") or called in backend._documents:  # noqa: SLF001 - to look
        return
    given = {
        key for hook in site.scope.hooks if called in str(hook) for key in (hook.parameters or {})
    }
    content = {
        "schemaVersion": "0.3",
        "description": "rebuilt from a catalog",
        "parameters": {key: {"type": "String"} for key in sorted(given)},
        "mainSteps": [{"name": "settle", "action": "aws:sleep", "inputs": {"Duration": "PT5S"}}],
    }
    backend.create_document(
        content=json.dumps(content),
        requires=[],
        attachments=[],
        name=called,
        version_name="",
        document_type="Automation",
        document_format="JSON",
        target_type="",
        tags=upper(site.own_tags()),
    )
