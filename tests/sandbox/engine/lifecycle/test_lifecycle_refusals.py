"""What no program of ours uses is refused with a clear message, and nothing is changed."""

import pulumi
import pytest
from pulumi import automation as auto

from tests.golden.golden_notation import O, Thing
from tests.sandbox.engine.lifecycle.lifecycle_harness import EMBEDDED, environment

pytestmark = pytest.mark.skipif(not EMBEDDED, reason="the CLI serves most of this")
CLI = "Pulumi CLI"
UP = ("up", "--yes", "--skip-preview", "--client=127.0.0.1:1")

#: feature -> a command line, and words of the refusal
COMMANDS = {
    "policy packs": ((*UP, "--policy-pack", "pack"), "policy packs are not run"),
    "policy pack settings": ((*UP, "--policy-pack-config", "x"), "policy packs are not run"),
    "policy commands": (("policy", "ls"), "does not serve the command `pulumi policy`"),
    "writing an update plan": (
        ("preview", "--save-plan", "plan.json", "--client=127.0.0.1:1"),
        "update plans are neither written nor read",
    ),
    "following an update plan": (
        (*UP, "--plan", "plan.json"),
        "update plans are neither written nor read",
    ),
    "converters": (("convert", "--from", "terraform"), "does not serve the command `pulumi conv"),
    "converters of an import": (
        ("import", "--from", "terraform", "--yes"),
        "converters are not run",
    ),
    "code generation": (
        ("import", "golden:index:Thing", "a", "a-1", "--yes"),
        "pass --generate-code=false",
    ),
    "downloads of plugins": (
        ("plugin", "install", "resource", "aws", "v7.51.1"),
        "plugins.providers[].path in Pulumi.yaml",
    ),
    "remote operations": ((*UP, "--remote"), "remote operations need Pulumi's service"),
    "remote operations with a branch": (
        (*UP, "--remote-git-branch", "main"),
        "remote operations need Pulumi's service",
    ),
    "secrets providers": (
        ("stack", "init", "new", "--secrets-provider", "awskms://alias/key"),
        "the secrets provider 'awskms://alias/key'; use 'passphrase'",
    ),
    "numbered versions": (("stack", "export", "--version", "1"), ".pulumi/history"),
    "moves between projects": (
        ("stack", "rename", "organization/elsewhere/dev"),
        "use the Pulumi CLI",
    ),
    "state move": (("state", "move", "x"), "does not serve the command `pulumi state move`"),
    "environments": (("env", "ls"), "does not serve the command `pulumi env`"),
    "debuggers": ((*UP, "--attach-debugger"), "nothing to attach to"),
    "traces": ((*UP, "--tracing", "x"), "no traces are written"),
    "new projects": (("new", "python"), "does not serve the command `pulumi new`"),
}


@pytest.mark.parametrize(("line", "words"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_is_not_served_is_refused_by_name(life, line, words):
    before = life.files()
    stack = ("--stack", "dev") if line[0] in ("up", "preview", "import") else ()
    env = environment(life.folder, life.cloud.port)
    with pytest.raises(auto.CommandError) as refused:
        life.engine.run([*line, *stack], str(life.folder / "project"), env)
    assert words in str(refused.value)
    assert life.files() == before


def test_a_backend_that_is_not_a_folder_is_refused(life):
    env = {**environment(life.folder, 0), "PULUMI_BACKEND_URL": "s3://bucket"}
    with pytest.raises(auto.CommandError, match=r"s3://bucket is not served.*Pulumi CLI"):
        life.engine.run(["stack", "ls"], str(life.folder / "project"), env)


def remote_component():
    pulumi.ComponentResource("golden:index:Remote", "r", {}, None, remote=True)


def a_hook(_args):
    return None


def hooks():
    hook = pulumi.ResourceHook("hook", a_hook)
    Thing("a", value="1", opts=O(hooks=pulumi.ResourceHookBinding(before_create=[hook])))


def transforms():
    Thing("a", value="1", opts=O(transforms=[lambda args: None]))


def stack_transforms():
    pulumi.runtime.register_resource_transform(lambda args: None)
    Thing("a", value="1")


def invoke_transforms():
    pulumi.runtime.register_invoke_transform(lambda args: None)
    pulumi.runtime.invoke("golden:index:echo", {"text": "x"})


def replace_with():
    a = Thing("first", value="1")
    Thing("a", value="1", opts=O(replace_with=[a]))


def replacement_trigger():
    Thing("a", value="1", opts=O(replacement_trigger="1"))


def stack_reference():
    pulumi.StackReference("organization/golden/other")


class Dynamic(pulumi.dynamic.ResourceProvider):
    def create(self, _inputs):
        return pulumi.dynamic.CreateResult("1", {})


class Made(pulumi.dynamic.Resource):
    pass


def dynamic_provider():
    Made(Dynamic(), "d", {})


class Unknown(pulumi.CustomResource):
    def __init__(self):
        super().__init__("elsewhere:index:Thing", "a", {})


#: feature -> a program, and words of the refusal
PROGRAMS = {
    "remote components": (remote_component, ("remote (a component from another language)", CLI)),
    "resource hooks": (hooks, ("hook",)),
    "transforms": (transforms, ("transforms",)),
    "stack transforms": (stack_transforms, ("transforms",)),
    "invoke transforms": (invoke_transforms, ("transforms",)),
    "replace_with": (replace_with, ("replace_with", CLI)),
    "replacement triggers": (replacement_trigger, ("replacement_trigger", CLI)),
    "stack references": (stack_reference, ("has no pulumi:pulumi:StackReference", CLI)),
    "dynamic providers": (dynamic_provider, ("has no pulumi-python:dynamic", CLI)),
    "providers without a plugin": (
        Unknown,
        ("no plugin for package 'elsewhere'", "plugins.providers of Pulumi.yaml"),
    ),
}


@pytest.mark.parametrize(("asks", "words"), PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("verb", ["preview", "up"])
def test_a_program_that_asks_for_what_is_not_carried_out_is_refused(life, verb, asks, words):
    failed = life.run(verb, lambda: asks() and None)
    assert not failed.ok
    said = failed.said() + str(failed.error)
    for word in words:
        assert word in said
    assert "a-1" not in life.cloud.objects()
