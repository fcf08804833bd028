"""A lock file of somebody else, put there by hand."""

import json

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "up, refresh, destroy and rm mind a lock; preview, config, history, tags, select and ls do not",
    "the error's words and class",
    "two locks",
    "a malformed lock file",
    "cancel",
]
LOCK = {
    "pid": 4242,
    "username": "someone",
    "hostname": "elsewhere",
    "timestamp": "2026-11-21T00:00:00Z",
}


def program():
    Thing("a", value="1")


def put(name, content):
    def change(work):
        folder = work / "state" / ".pulumi" / "locks" / "organization" / "golden" / "dev"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(content)

    return change


FIRST = "11111111-1111-1111-1111-111111111111"
SECOND = "22222222-2222-2222-2222-222222222222"

STEPS = [
    step("up", "up", program),
    step("lock", "disk", change=put(FIRST, json.dumps(LOCK))),
    step("locked-up", "up", program),
    step("locked-preview", "preview", program),
    step("locked-refresh", "refresh"),
    step("locked-destroy", "destroy"),
    step("locked-rm", "remove_stack", args=("dev",), force=True),
    step(
        "locked-import", "cli", args=["stack", "import", "--stack", "dev", "--file", "nothing.json"]
    ),
    step("locked-select", "select"),
    step("locked-config", "get_all_config"),
    step("locked-history", "history"),
    step("locked-tag", "set_tag", args=("a", "b")),
    step("locked-list", "list_stacks"),
    step("second-lock", "disk", change=put(SECOND, json.dumps(LOCK))),
    step("twice-locked", "up", program),
    step("cancel", "cancel"),
    step("free", "up", program),
    step("malformed", "disk", change=put(FIRST, "not json")),
    step("locked-malformed", "up", program),
    step("cancel-malformed", "cancel"),
]
