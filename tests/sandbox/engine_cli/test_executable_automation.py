"""The executable in the place of ``pulumi`` for the Automation API of another process."""

import os

import pulumi
import pytest
from pulumi import automation as auto

pytestmark = pytest.mark.usefixtures("_clean_environment")


@pytest.fixture
def _clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("PULUMI_")]:
        monkeypatch.delenv(name)


class Box(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Box", name)
        self.register_outputs({})


def stack_of(shell, program, **options):
    env = {name: value for name, value in shell.environment().items() if "PULUMI_" in name}
    return auto.create_or_select_stack(
        "dev",
        project_name="shop",
        program=program,
        opts=auto.LocalWorkspaceOptions(work_dir=str(shell.project), env_vars=env, **options),
    )


def program():
    Box("a")
    Box("b")
    pulumi.export("greeting", "hello")
    pulumi.export("hidden", pulumi.Output.secret("hush"))


def test_an_inline_program_runs_through_an_engine_that_is_found_by_its_place(shell, engine):
    stack = stack_of(shell, program, pulumi_command=auto.PulumiCommand(root=engine.parent.parent))
    assert str(stack.workspace.pulumi_version) == "3.260.0"
    events, lines = [], []
    planned = stack.preview(on_event=events.append)
    assert planned.change_summary == {auto.OpType.CREATE: 3}
    assert [one.sequence for one in events] == list(range(len(events)))
    assert events[-1].cancel_event is not None

    done = stack.up(on_event=events.append, on_output=lines.append)
    assert done.summary.resource_changes == {"create": 3}
    assert done.outputs["greeting"].value == "hello"
    assert done.outputs["hidden"].secret
    assert "Updating (dev):" in lines
    assert stack.up(expect_no_changes=True).summary.resource_changes == {"same": 3}
    assert stack.history()[0].kind == "update"

    assert stack.destroy().summary.resource_changes == {"delete": 3}
    stack.workspace.remove_stack("dev")
    assert stack.workspace.list_stacks() == []


def test_an_engine_on_the_path_is_as_good(shell, engine, monkeypatch):
    monkeypatch.setenv("PATH", f"{engine.parent}{os.pathsep}{os.environ['PATH']}")
    stack = stack_of(shell, program)
    assert stack.up().summary.resource_changes == {"create": 3}


def test_failures_are_the_automation_apis_own_classes(shell, engine):
    command = auto.PulumiCommand(root=engine.parent.parent)

    def failing():
        raise ValueError("boom")

    with pytest.raises(auto.InlineSourceRuntimeError, match="boom"):
        stack_of(shell, failing, pulumi_command=command).up()
    with pytest.raises(auto.StackAlreadyExistsError):
        stack_of(shell, program, pulumi_command=command).workspace.create_stack("dev")
    with pytest.raises(auto.StackNotFoundError):
        stack_of(shell, program, pulumi_command=command).workspace.select_stack("nope")


def test_a_program_that_is_a_file_runs_through_the_automation_api_too(shell, engine):
    env = {name: value for name, value in shell.environment().items() if "PULUMI_" in name}
    stack = auto.create_or_select_stack(
        "dev",
        work_dir=str(shell.project),
        opts=auto.LocalWorkspaceOptions(
            env_vars=env, pulumi_command=auto.PulumiCommand(root=engine.parent.parent)
        ),
    )
    done = stack.up()
    assert done.summary.resource_changes == {"create": 3}
    assert "    said None" in done.stdout
