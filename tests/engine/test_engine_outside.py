"""Outside the rehearsal: state in S3, secrets under KMS, and what doctor says about AWS.

A sandbox process stands for AWS; nothing here is told that it is one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml

from drstate.engine.choice import choose_engine
from drstate.engine.stacks import Stacks
from drstate.sandbox import process
from drstate.sandbox.status import SandboxStatus
from tests.engine.engine_lab import STACK, Lab, program

ROOT = Path(__file__).resolve().parents[2]
RECOVERY = "us-west-2"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxStatus]:
    home = tmp_path_factory.mktemp("aws")
    yield process.start(home, estate="demo", time_scale=0.0)
    process.stop(home)


def client(aws: SandboxStatus, service: str):
    return boto3.client(
        service,
        region_name=RECOVERY,
        endpoint_url=aws.endpoint,
        aws_access_key_id=aws.credentials.access_key_id,
        aws_secret_access_key=aws.credentials.secret_access_key,
    )


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")
def test_state_is_kept_in_s3_and_secrets_are_opened_by_kms(aws: SandboxStatus, lab: Lab):
    s3, kms = client(aws, "s3"), client(aws, "kms")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": RECOVERY})
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/drstate", TargetKeyId=key)
    place = f"region={RECOVERY}&endpoint={aws.endpoint}"
    env = {**lab.settings.env, **process.environment(aws)}
    env.pop("PULUMI_CONFIG_PASSPHRASE")
    settings = dataclasses.replace(
        lab.settings,
        backend_url=f"s3://states?{place}&s3ForcePathStyle=true",
        secrets_provider=f"awskms://alias/drstate?{place}",
        env=env,
    )

    def stacks() -> Stacks:
        return Stacks(choose_engine(sandbox=True, requested="pulumi"), settings)

    assert stacks().up(STACK, program("a"), message="").counts == {"create": 3}
    assert stacks().up(STACK, program("a"), message="").counts == {"same": 3}
    kept = json.load(s3.get_object(Bucket="states", Key=state_key())["Body"])
    assert len(kept["checkpoint"]["latest"]["resources"]) == 3
    assert not list((lab.home / "state").rglob("*.json"))
    file = lab.work_dir / "stacks" / f"Pulumi.{STACK}.yaml"
    assert yaml.safe_load(file.read_text())["secretsprovider"] == settings.secrets_provider
    assert settings.stack_secrets() == (settings.secrets_provider,)


def state_key() -> str:
    return f".pulumi/stacks/drstate/{STACK}.json"


def doctor(project: Path, aws: SandboxStatus, **changes: str) -> tuple[int, dict[str, str]]:
    """Exit code, and what is wrong with what mends it."""
    shutil.copy(ROOT / "Pulumi.yaml", project)
    if not (project / "stacks").exists():
        shutil.copytree(ROOT / "stacks" / "acme", project / "stacks" / "acme")
    ended = run(project, aws, "doctor", **changes)
    found = json.loads(ended.stdout)
    assert found["schema"] == "drstate.doctor/1"
    return ended.returncode, {one["what"]: one["mend"] for one in found["troubles"]}


def run(project: Path, aws: SandboxStatus, *line: str, **changes: str):
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PULUMI_", "DRSTATE_"))
    }
    env = {**kept, **process.environment(aws), "HOME": str(project), "PATH": "/nowhere"}
    return subprocess.run(
        [sys.executable, "-m", "drstate_cli.main", *line, "-C", str(project), "-o", "json"],
        env={**env, "PULUMI_CONFIG_PASSPHRASE": "x", **changes},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_doctor_names_wrong_aws_credentials_with_their_remedy(aws: SandboxStatus, tmp_path):
    code, found = doctor(tmp_path, aws, AWS_ACCESS_KEY_ID="AKIAWRONGWRONGWRONG1")
    assert code == 1
    refused = {what: mend for what, mend in found.items() if "InvalidClientTokenId" in what}
    assert any("your own credentials were refused" in what for what in refused)
    assert all("aws sso login" in mend for mend in refused.values())


def test_doctor_names_what_is_kept_in_the_source_region(aws: SandboxStatus, tmp_path):
    code, found = doctor(
        tmp_path,
        aws,
        DRSTATE_BACKEND="s3://states?region=us-east-1",
        DRSTATE_SECRETS_PROVIDER="awskms://alias/dr?region=us-west-2",
    )
    assert code == 1
    told = [one for one in found if "source region" in one]
    assert told == ["the bucket states with the stacks' state is in us-east-1, the source region"]
    assert "us-west-2" in found[told[0]]


def test_a_plan_warns_of_state_in_the_source_region(aws: SandboxStatus, tmp_path):
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks" / "acme", tmp_path / "stacks" / "acme")
    cli = tmp_path / "bin" / "pulumi"
    cli.parent.mkdir()
    cli.write_text("#!/bin/sh\necho v3.300.1\n")  # planning needs to know that there is one
    cli.chmod(0o755)
    line = ["plan", "--phase", "replicate", "-c", "acme", "-e", "production"]
    bucket = "s3://states?region=us-east-1"
    ended = run(tmp_path, aws, *line, PATH=str(cli.parent), DRSTATE_BACKEND=bucket)
    assert ended.returncode == 0, ended.stderr
    warnings = json.loads(ended.stdout)["warnings"]
    assert any("bucket states" in one and "us-west-2" in one for one in warnings)


def test_a_backend_of_no_kind_ends_the_command_with_2(aws: SandboxStatus, tmp_path):
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    ended = run(tmp_path, aws, "engine", "show", DRSTATE_BACKEND="ftp://states")
    assert ended.returncode == 2
    assert "DRSTATE_BACKEND: 'ftp://states'" in ended.stdout + ended.stderr


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")
def test_a_bucket_out_of_reach_stops_an_update_before_anything_is_begun(
    aws: SandboxStatus, tmp_path
):
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks" / "acme", tmp_path / "stacks" / "acme")
    nobody = "endpoint=127.0.0.1:1&disableSSL=true&s3ForcePathStyle=true"
    line = ("up", "--phase", "replicate", "-c", "acme", "-e", "production", "--yes")
    ended = run(
        tmp_path,
        aws,
        *line,
        PATH=os.environ["PATH"],
        DRSTATE_BACKEND=f"s3://states?region=us-west-2&{nobody}",
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    [*_, error, why, remedy] = [one for one in ended.stderr.splitlines() if one.strip()]
    assert error.startswith("error: the state backend of stack acme.production.")
    assert error.endswith("is out of reach; nothing was done")
    assert "connection refused" in why
    assert "DRSTATE_BACKEND" in remedy
