"""Export, import, and commands that edit the state."""

import json

from pulumi.automation import Deployment

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "import of an edited deployment",
    "import of another stack's deployment",
    "import of nonsense",
    "import with a resource whose parent is missing",
    "pulumi state delete",
    "pulumi state rename",
    "export as the CLI prints it",
    "an export of a stack that was never updated",
    "stack import version 3",
]


def program():
    a = Thing("a", value="1")
    Thing("b", value=a.label)
    Thing("c", value="3", opts=O(custom_timeouts={"create": "5m", "update": "1h", "delete": "30s"}))


def edited(work):
    """The state file as an export, with c's recorded value changed and b dropped."""
    checkpoint = json.loads((work / "state/.pulumi/stacks/golden/dev.json").read_text())
    deployment = checkpoint["checkpoint"]["latest"]
    resources = [one for one in deployment["resources"] if not one["urn"].endswith("::b")]
    for one in resources:
        if one["urn"].endswith("::c"):
            one["inputs"]["value"] = "edited"
            one["outputs"]["value"] = "edited"
    deployment["resources"] = resources
    (work / "project/edited.json").write_text(json.dumps({"version": 3, "deployment": deployment}))
    for one in resources:
        if "parent" in one:
            one["parent"] += "-missing"
    (work / "project/orphans.json").write_text(json.dumps({"version": 3, "deployment": deployment}))
    (work / "project/nonsense.json").write_text("{}")
    text = json.dumps({"version": 3, "deployment": checkpoint["checkpoint"]["latest"]}).replace(
        "-missing", ""
    )
    (work / "project/foreign.json").write_text(
        text.replace("urn:pulumi:dev::", "urn:pulumi:prod::")
    )


A = "urn:pulumi:dev::golden::golden:index:Thing::a"


def load(name, *extra):
    return ["stack", "import", "--stack", "dev", "--file", f"{name}.json", *extra]


STEPS = [
    step("export-empty", "cli", args=["stack", "export", "--stack", "dev"]),
    step("up", "up", program),
    step("edit", "disk", change=edited),
    step("import-edited", "cli", args=load("edited")),
    step("preview-edited", "preview", program),
    step("up-edited", "up", program),
    step("import-nonsense", "cli", args=load("nonsense")),
    step("import-foreign", "cli", args=load("foreign")),
    step("import-orphans", "cli", args=load("orphans")),
    step("import-orphans-forced", "cli", args=load("orphans", "--force")),
    step("up-orphans", "up", program),
    step("import-good", "cli", args=load("edited", "--force")),
    step("up-again", "up", program),
    step("state-delete-refused", "cli", args=["state", "delete", "--yes", "--stack", "dev", A]),
    step("state-delete", "cli", args=["state", "delete", "--yes", "--stack", "dev", A[:-1] + "b"]),
    step(
        "state-rename",
        "cli",
        args=["state", "rename", "--yes", "--stack", "dev", A[:-1] + "c", "sea"],
    ),
    step("up-after-rename", "up", program),
    step(
        "import-empty",
        "import_stack",
        args=(
            Deployment(
                version=3,
                deployment={
                    "manifest": {"time": "2026-11-21T00:00:00Z", "magic": "", "version": ""}
                },
            ),
        ),
    ),
]
