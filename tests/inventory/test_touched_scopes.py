"""Which scopes a changed file concerns."""

from __future__ import annotations

import pytest

from drstate.inventory.touched import touched
from drstate.model.scope import Environment, ScopeKey

KNOWN = [
    ScopeKey(customer=customer, environment=Environment(environment))
    for customer, environment in (
        ("acme", "production"),
        ("acme", "staging"),
        ("globex", "production"),
    )
]
ALL = ["acme/production", "acme/staging", "globex/production"]


def names(*paths: str) -> list[str]:
    return [str(scope) for scope in touched(paths, KNOWN)]


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        ("stacks/acme/staging.yaml", ["acme/staging"]),
        ("stacks/acme/notes.txt", ["acme/production", "acme/staging"]),
        ("stacks/Pulumi.acme.staging.us-west-2.211111111101.w1.yaml", ["acme/staging"]),
        ("stacks/planned/globex.production.global.211111111101.json", ["globex/production"]),
        ("stacks/Pulumi.acme.stagingold.us-west-2.1.w1.yaml", []),
        ("stacks/__main__.py", ALL),
        ("Pulumi.yaml", ALL),
        ("policy/rules.py", ALL),
        ("programs/own.py", ALL),
        ("manifests/acme.yaml", ALL),
        ("requirements.txt", ALL),
        ("requirements/dev.txt", ALL),
        ("drstate/programs/aurora.py", ALL),
        ("drstate/adapters/aurora/adapter.py", ALL),
        ("drstate/report/markdown.py", []),
        ("drstate/sandbox/process.py", []),
        ("docs/index.md", []),
        ("stacks/acme/README.md", []),
        ("tests/test_x.py", []),
        ("programs.txt", []),
    ],
)
def test_a_file_concerns(path, scopes):
    assert names(path) == scopes


def test_a_scope_whose_file_is_gone_is_among_them():
    found = touched(["stacks/initech/staging.yaml"], KNOWN)
    ((scope, files),) = found.items()
    assert str(scope) == "initech/staging"
    assert files == (("stacks/initech/staging.yaml", "it describes the scope, and is gone"),)


def test_every_file_that_concerns_a_scope_is_told_with_why():
    found = touched(["Pulumi.yaml", "README.md", "stacks/acme/staging.yaml"], KNOWN)
    assert found[KNOWN[1]] == (
        ("Pulumi.yaml", "the project file concerns every scope"),
        ("stacks/acme/staging.yaml", "it describes the scope"),
    )
    assert [path for path, _ in found[KNOWN[2]]] == ["Pulumi.yaml"]


def test_a_file_that_looks_like_a_scope_and_cannot_be_one_is_the_customers():
    assert names("stacks/acme/qa.yaml") == ["acme/production", "acme/staging"]
