"""Programs that go wrong."""

import pulumi

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "an exception before any resource",
    "an exception in the middle: what was registered stays, nothing is deleted",
    "an exception inside apply",
    "pulumi.RunError",
    "the same URN twice, with and without continue_on_error",
    "log messages of every severity",
    "which exception class the Automation API raises",
]


def good():
    Thing("a", value="1")
    Thing("b", value="2")


def at_once():
    raise ValueError("wrong from the start")


def midway():
    Thing("a", value="2")
    Thing("new", value="1")
    raise ValueError("wrong in the middle")


def in_apply():
    a = Thing("a", value="3")

    def wrong(_):
        raise ValueError("wrong in apply")

    pulumi.export("x", a.label.apply(wrong))


def run_error():
    Thing("a", value="1")
    raise pulumi.RunError("a tidy message")


def twice():
    Thing("a", value="1")
    Thing("a", value="other")
    Thing("b", value="2")


def no_plugin():
    Thing("a", value="1")
    Thing("b", value="2")

    class Foreign(pulumi.CustomResource):
        def __init__(self):
            super().__init__("nosuch:index:Thing", "foreign", {})

    Foreign()


def chatty():
    a = Thing("a", value="1")
    Thing("b", value="2")
    pulumi.log.debug("a debug message")
    pulumi.log.info("an info message", resource=a)
    pulumi.log.warn("a warning")


def error_logged():
    good()
    pulumi.log.error("an error message, and no exception")


STEPS = [
    step("at-once-first", "up", at_once),
    step("create", "up", good),
    step("at-once", "up", at_once),
    step("preview-midway", "preview", midway),
    step("midway", "up", midway),
    step("after-midway", "up", good),
    step("in-apply", "up", in_apply),
    step("run-error", "up", run_error),
    step("preview-twice", "preview", twice),
    step("twice", "up", twice),
    step("twice-continue", "up", twice, continue_on_error=True),
    step("chatty", "up", chatty),
    step("error-logged", "up", error_logged),
]
