"""Adopting what exists: the import option, and Stack.import_resources."""

from tests.golden.golden_notation import O, Stateful, Thing, step

SHOWS = [
    "import option of an id that exists, with other inputs: import, then update",
    "of an id that does not exist: the import fails",
    "the option left in place afterwards does nothing",
    "a second import id over an owned resource replaces by import",
    "Stack.import_resources",
    "import in preview",
]


def seed(world):
    world.update(
        next=100,
        faults={},
        objects={
            "x-1": {
                "type": "golden:index:Thing",
                "name": "x",
                "inputs": {"value": "1", "fail": "none"},
                "serial": 7,
            },
            "x-2": {
                "type": "golden:index:Thing",
                "name": "x",
                "inputs": {"value": "1", "fail": "none"},
                "serial": 8,
            },
            "s-1": {
                "type": "golden:index:Stateful",
                "name": "s",
                "inputs": {"value": "s", "key": "k", "fail": "none"},
                "serial": 9,
            },
        },
    )


def matching():
    Thing("x", value="1", opts=O(import_="x-1"))


def differing():
    Thing("x", value="other", opts=O(import_="x-1"))


def absent():
    Thing("x", value="1", opts=O(import_="x-99"))


def second_id():
    Thing("x", value="1", opts=O(import_="x-2"))


def without_option():
    Thing("x", value="1")


def with_state():
    Thing("x", value="1")
    Stateful("s", value="s", key="k", opts=O(protect=True))


STEPS = [
    step("seed", "world", change=seed),
    step("preview-absent", "preview", absent),
    step("absent", "up", absent),
    step("preview-differing", "preview", differing),
    step("differing", "up", differing),
    step("preview-matching", "preview", matching),
    step("matching", "up", matching),
    step("option-left", "up", matching),
    step("option-gone", "up", without_option),
    step("other-id", "up", second_id),
    step(
        "import-resources",
        "import_resources",
        resources=[{"type": "golden:index:Stateful", "name": "s", "id": "s-1"}],
        protect=True,
        generate_code=False,
    ),
    step(
        "import-resources-absent",
        "import_resources",
        resources=[{"type": "golden:index:Stateful", "name": "t", "id": "t-1"}],
        generate_code=False,
    ),
    step("up-after-import", "up", with_state),
    step("destroy", "destroy"),
]
