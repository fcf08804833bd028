"""Configuration that the project file declares, and its folder for stack settings."""

import pulumi
from pulumi import automation as auto

from tests.golden.golden_notation import step

SHOWS = [
    "stackConfigDir",
    "a default from the project file",
    "a required value that is missing",
    "a value of the wrong type",
    "a provider's value set in the project file",
    "main",
]
PROJECT_FILE = """\
name: golden
runtime: python
main: programs
stackConfigDir: stacks
config:
  size:
    type: integer
    default: 3
  required:
    type: string
  golden:region:
    value: north
plugins:
  providers:
    - name: golden
      path: ../provider
"""


def program():
    from pathlib import Path

    config = pulumi.Config()
    pulumi.export("size", config.get_int("size"))
    pulumi.export("folder", Path.cwd().name)


def folders(work):
    (work / "project" / "programs").mkdir()
    (work / "project" / "stacks").mkdir()


INIT = False
STEPS = [
    step("folders", "disk", change=folders),
    step("init", "init"),
    step("missing", "up", program),
    step("set", "set_config", args=("required", auto.ConfigValue("here"))),
    step("up", "up", program),
    step("wrong-type", "set_config", args=("size", auto.ConfigValue("large"))),
    step("up-wrong-type", "up", program),
    step("get-all", "get_all_config"),
]
