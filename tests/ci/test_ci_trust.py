"""The trust policy for GitHub's tokens: one repository, named Environments, nothing else."""

from __future__ import annotations

import json

import pytest

from drstate.ci.trust import github_trust
from drstate.errors import ConfigError
from tests.cli.conftest import drstate, project

__all__ = ["drstate", "project"]  # fixtures of the command line's own tests

ACCOUNT = "100000000001"
HOST = "token.actions.githubusercontent.com"


def condition(document: dict) -> dict:
    (statement,) = document["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert list(statement["Condition"]) == ["StringEquals"]
    return statement["Condition"]["StringEquals"]


def test_audience_and_subject_are_exact():
    document = github_trust("acme/infra", ["recovery"], ACCOUNT)
    assert condition(document) == {
        f"{HOST}:aud": "sts.amazonaws.com",
        f"{HOST}:sub": "repo:acme/infra:environment:recovery",
    }
    assert "*" not in json.dumps(document)
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"}


def test_ids_that_never_change_and_several_environments():
    document = github_trust("acme@1/infra@2", ["a", "b"], ACCOUNT)
    assert condition(document)[f"{HOST}:sub"] == [
        "repo:acme@1/infra@2:environment:a",
        "repo:acme@1/infra@2:environment:b",
    ]


def test_an_enterprise_server_signs_by_itself():
    issuer = "https://git.acme.example/_services/token"
    document = github_trust("acme/infra", ["recovery"], ACCOUNT, issuer=issuer)
    assert set(condition(document)) == {
        "git.acme.example/_services/token:aud",
        "git.acme.example/_services/token:sub",
    }


@pytest.mark.parametrize(
    ("repository", "environments", "account", "issuer", "named"),
    [
        ("acme/*", ["recovery"], ACCOUNT, f"https://{HOST}", "--github"),
        ("acme", ["recovery"], ACCOUNT, f"https://{HOST}", "--github"),
        ("acme@1/infra", ["recovery"], ACCOUNT, f"https://{HOST}", "--github"),
        ("acme/infra", [], ACCOUNT, f"https://{HOST}", "--environment"),
        ("acme/infra", ["*"], ACCOUNT, f"https://{HOST}", "--environment"),
        ("acme/infra", ["a:ref:b"], ACCOUNT, f"https://{HOST}", "--environment"),
        ("acme/infra", ["recovery"], "1234", f"https://{HOST}", "--account"),
        ("acme/infra", ["recovery"], ACCOUNT, "http://git.acme.example", "--issuer"),
    ],
)
def test_what_would_trust_more_is_refused(repository, environments, account, issuer, named):
    with pytest.raises(ConfigError) as told:
        github_trust(repository, environments, account, issuer=issuer)
    assert named in told.value.what
    assert named in told.value.hint or "https://" in told.value.hint


def test_an_environment_of_a_scope_is_none_of_github(drstate, monkeypatch):
    monkeypatch.setenv("DRSTATE_ENVIRONMENT", "production")
    words = ("iam", "trust", "--github", "acme/infra", "--account", ACCOUNT)
    assert drstate(*words).code == 2
    said = drstate(*words, "--environment", "recovery")
    assert said.code == 0
    assert json.loads(said.out) == github_trust("acme/infra", ["recovery"], ACCOUNT)
    # whose tokens name ids is told how to find them
    assert "gh api repos/acme/infra" in said.err
