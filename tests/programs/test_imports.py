"""Planning asks programs without paying for pulumi_aws."""

from __future__ import annotations

import subprocess
import sys


def test_the_pure_half_does_not_import_pulumi() -> None:
    code = (
        "import sys, drstate.programs.site, drstate.programs.prerequisites\n"
        "import drstate.programs.aurora, drstate.adapters.registry\n"
        "print([n for n in ('pulumi', 'pulumi_aws', 'boto3') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_preload_touches_every_class_that_programs_use() -> None:
    from drstate.programs.site import preload

    assert preload() > 20
