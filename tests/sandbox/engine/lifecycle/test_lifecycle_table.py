"""The table of behaviours in docs/engine.md and the tests of this folder are the same list."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[3] / "docs" / "engine.md"
#: what the engine promises; each has a row of its own
BEHAVIOURS = """
create | update | replace, create before delete
deleteBeforeReplace, with the cascade through dependents | delete in reverse order | protect
retainOnDelete | ignoreChanges | aliases: name, type, parent | import option | read (`get`)
targets with dependents | default providers | explicit providers | provider update
component resources | invokes | unknowns in preview | secrets in inputs | secrets in outputs
secrets in config | secrets in state | additionalSecretOutputs | refresh: drift found
refresh: resource gone | destroy | pending operations after a kill
failing create, with and without continue-on-error
failing update, with and without continue-on-error
failing delete, with and without continue-on-error
failing program | exceptions in callbacks | plugins that do not work | full and read-only disks
parallel limit | cancel in the middle | stack move | refusals
events: order | events: prelude | events: resource before and outputs | events: detailed diffs
events: resource failed | events: diagnostics | events: summary | events: cancel
"""


def rows():
    section = PAGE.read_text().partition("### Behaviours and their tests\n")[2].partition("\n#")[0]
    found = re.findall(r"(?m)^\| (.+?) \| (`.*) \|$", section)
    return {what: re.findall(r"`(\w+):(\w+)`", tests) for what, tests in found[1:]}


def written():
    return {
        (path.stem.removeprefix("test_lifecycle_"), name)
        for path in HERE.glob("test_lifecycle_*.py")
        if path != Path(__file__)
        for name in re.findall(r"(?m)^def (test_\w+)", path.read_text())
    }


def test_every_behaviour_has_a_row_with_a_test():
    named = [what.strip() for what in re.split(r"[|\n]", BEHAVIOURS) if what.strip()]
    assert list(rows()) == named
    assert all(rows().values())


def test_the_page_names_every_test_and_no_other():
    assert {one for tests in rows().values() for one in tests} == written()
