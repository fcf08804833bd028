"""A protected resource is neither deleted nor replaced."""

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "removal of a protected resource: its own delete step fails, everything else is carried out",
    "its replacement fails before anything else",
    "destroy deletes everything else and then fails",
    "destroy with exclude_protected",
    "unprotect in the program and remove",
    "pulumi state unprotect",
]


def first():
    Thing("a", value="1", key="k", opts=O(protect=True))
    Thing("b", value="2")
    Thing("c", value="3")


def removed():
    Thing("b", value="changed")


def replaced():
    Thing("a", value="1", key="other", opts=O(protect=True))
    Thing("b", value="2")
    Thing("c", value="changed")


def unprotected():
    Thing("a", value="1", key="k")
    Thing("b", value="2")


def nothing():
    pass


STEPS = [
    step("create", "up", first),
    step("preview-removed", "preview", removed),
    step("removed", "up", removed),
    step("removed-continue", "up", removed, continue_on_error=True),
    step("preview-replaced", "preview", replaced),
    step("replaced", "up", replaced),
    step("again", "up", first),
    step("destroy", "destroy"),
    step("destroy-exclude-protected", "destroy", exclude_protected=True),
    step("unprotect-alone", "up", unprotected),
    step("remove", "up", nothing),
    step("protected-again", "up", first),
    step(
        "state-unprotect",
        "cli",
        args=[
            "state",
            "unprotect",
            "--yes",
            "--stack",
            "dev",
            "urn:pulumi:dev::golden::golden:index:Thing::a",
        ],
    ),
    step("remove-after-state-unprotect", "up", nothing),
]
