"""Where the policy pack is, and whether Pulumi could run it here.

The pack is a program of its own: Pulumi starts it with the Python of this installation, in which
``pulumi_policy`` has to be. Without it drstate judges all the same; the pack adds that Pulumi shows
and, with Pulumi Cloud, records the findings.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

#: holds PulumiPolicy.yaml
PACK = Path(__file__).resolve().parent / "pack"
#: in the configuration of each policy: names that need not follow it
EXEMPT = "exempt"


def missing() -> str | None:
    """What is lacking to run the pack, and how to get it; None where nothing is."""
    if find_spec("pulumi_policy") is not None:
        return None
    return "pulumi-policy is not installed: pip install --no-deps pulumi-policy"
