"""A function that tells the partners of a failover."""

from __future__ import annotations

import base64
import io
import json
import zipfile

from moto.iam.models import iam_backends

from drstate.sandbox import aws
from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece

HOOK, WAVE = "tell-partners", 4
CODE = """\
def handler(event, context):
    where = event["parameters"]["Site"][0]
    print("partners are told that", event["customer"], "serves from", where)
    return {"told": 3, "site": where, "run": event["run"]}
"""


def build(ids: SeededIds, land: Land) -> Piece:
    """The same function in both regions."""
    aws.correct("lambda")
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - after its correction

    account, name = land.app, f"{land.scope.prefix}-tell-partners"
    code, role = _package(), _role(ids, account, f"{land.scope.prefix}-hooks")
    for region in (land.primary, land.recovery):
        ids.named(account, region, "function", name)
        lambda_backends[account][region].create_function(
            {
                "FunctionName": name,
                "Runtime": "python3.12",
                "Role": role,
                "Handler": "index.handler",
                "Code": {"ZipFile": code},
                "Timeout": 60,
                "Publish": False,
                "Tags": land.scope.tags(),
            }
        )
    return Piece(
        facts={"account": account, "function": name},
        scope={
            "hooks": [
                {
                    "name": HOOK,
                    "kind": "lambda",
                    "account": account,
                    "wave": WAVE,
                    "phases": ["activate"],
                    "function": name,
                    "parameters": {"Site": land.primary},
                    "timeout_seconds": 120,
                    "on_failure": "continue",
                }
            ]
        },
    )


def _role(ids: SeededIds, account: str, name: str) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    ids.named(account, "iam", name)
    role = iam_backends[account][PARTITION].create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        path="/",
        permissions_boundary=None,
        description="functions that are hooks",
        tags=[],
        max_session_duration="3600",
    )
    return str(role.arn)


def _package() -> str:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        # a fixed date: the package is the same at each start
        package.writestr(zipfile.ZipInfo("index.py", (2026, 1, 1, 0, 0, 0)), CODE)
    return base64.b64encode(stream.getvalue()).decode()
