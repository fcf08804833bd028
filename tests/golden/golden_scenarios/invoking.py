"""Provider functions."""

import pulumi

from tests.golden.golden_notation import O, Provider, Thing, step

SHOWS = [
    "invoke in preview and up",
    "with an output argument",
    "a secret argument makes the result secret",
    "a secret result",
    "with an explicit provider",
    "failures and errors",
    "order against creations",
]


def program():
    plain = pulumi.runtime.invoke("golden:index:echo", {"text": "hello"})
    provider = Provider("p", region="north", account="1")
    a = Thing("a", value="1", opts=O(provider=provider))
    late = pulumi.runtime.invoke_output("golden:index:echo", {"text": a.label})
    quiet = pulumi.runtime.invoke_output(
        "golden:index:echo", {"text": pulumi.Output.secret("psst")}
    )
    hidden = pulumi.runtime.invoke_output("golden:index:hidden", {})
    own = pulumi.runtime.invoke(
        "golden:index:echo", {"text": "own"}, pulumi.InvokeOptions(provider=provider)
    )
    pulumi.export("plain", plain.value if hasattr(plain, "value") else plain)
    pulumi.export("late", late)
    pulumi.export("quiet", quiet)
    pulumi.export("hidden", hidden)
    pulumi.export("own", own.value if hasattr(own, "value") else own)


def refused():
    pulumi.runtime.invoke("golden:index:refuse", {"text": "x"})


def unknown():
    pulumi.runtime.invoke("golden:index:nosuch", {})


STEPS = [
    step("preview", "preview", program),
    step("up", "up", program),
    step("again", "up", program),
    step("refused", "up", refused),
    step("absent", "preview", unknown),
]
