"""A process killed during a creation: the lock it leaves, the operation it leaves pending."""

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "pending_operations in the state while a creation runs",
    "the lock file left behind",
    "up is refused while locked: ConcurrentUpdateError",
    "cancel removes the lock",
    "up with a pending create: a warning, the resource is created again",
    "refresh with a pending create",
    "refresh with clear_pending_creates",
]


def program():
    Thing("a", value="1")
    Thing("b", value="2")


def calm(world):
    world["faults"] = {}


def hang(world):
    world["faults"] = {"b": "hang"}


def hang_c(world):
    world["faults"] = {"c": "hang"}


def with_c():
    program()
    Thing("c", value="3")


STEPS = [
    step("hang", "world", change=hang),
    step("killed", "killed", program),
    step("locked-up", "up", program),
    step("locked-preview", "preview", program),
    step("locked-export", "export_stack"),
    step("locked-output", "outputs"),
    step("cancel", "cancel"),
    step("cancel-again", "cancel"),
    step("calm", "world", change=calm),
    step("preview-pending", "preview", program),
    step("up-pending", "up", program),
    step("up-after", "up", program),
    step("hang-c", "world", change=hang_c),
    step("killed-again", "killed", with_c),
    step("cancel-c", "cancel"),
    step("calm-c", "world", change=calm),
    step("refresh-pending", "refresh"),
    step("refresh-clear", "refresh", clear_pending_creates=True),
    step("up-c", "up", with_c),
]
