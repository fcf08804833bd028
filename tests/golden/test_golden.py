"""The embedded engine against recordings of the Pulumi CLI, one test a scenario."""

import gzip
import json
from pathlib import Path

import pytest

from drstate.sandbox.engine.command import factory
from tests.golden import golden_player
from tests.golden.golden_normal import differences, settle_end, tolerant
from tests.golden.golden_player import Player
from tests.golden.golden_sdk import patch_sdk

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded"
#: scenario -> the last step that is played; the reasons are in docs/engine.md
LAST_STEPS = {"excludes": "exclude-dependents"}
#: these need the plugin as a process of its own: it is killed
REAL_PLUGIN = frozenset({"pending"})
SCENARIOS = sorted(path.name.partition(".")[0] for path in RECORDED.glob("*.ndjson.gz"))


def recorded(scenario):
    text = gzip.decompress((RECORDED / f"{scenario}.ndjson.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def comparable(account):
    account = tolerant(account)
    account["files"]["names"].sort()
    account["calls"] = settle_end(account["calls"])
    return account


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_engine_behaves_as_recorded(scenario, tmp_path, monkeypatch, golden_plugin):
    patch_sdk(monkeypatch.setattr)
    player = Player(scenario, tmp_path / "work", factory(), monkeypatch.setenv)
    plugin = None if scenario in REAL_PLUGIN else golden_plugin(player)
    player.prepare(plugin)
    monkeypatch.chdir(golden_folder(tmp_path))
    base, last = recorded(scenario), LAST_STEPS.get(scenario)
    found = []
    for expected, account in zip(base, player.play(), strict=last is None):
        found.extend(differences(comparable(expected), comparable(account), expected["step"]))
        if expected["step"] == last:
            break
    else:
        assert last is None, f"{scenario} has no step {last}"
    assert not found, "\n".join(found)


def golden_folder(tmp_path):
    """The working directory that the recordings were made in had this name."""
    folder = tmp_path / "golden"
    folder.mkdir()
    return folder


def test_every_scenario_is_recorded():
    folder = Path(golden_player.__file__).parent / "golden_scenarios"
    assert sorted(path.stem for path in folder.glob("*.py")) == SCENARIOS


def test_a_difference_is_found_and_a_tolerated_one_is_not():
    base = recorded("create_update")[2]
    other = json.loads(json.dumps(base))
    other["events"][1]["sequence"] = 99
    assert list(differences(comparable(base), comparable(other))) == []
    other["deployment"]["deployment"]["resources"][2]["inputs"]["value"] = "2"
    other["calls"].pop()
    other["commands"][0]["code"] = 1
    found = "\n".join(differences(comparable(base), comparable(other)))
    for words in ("resources[2].inputs.value", "calls[", "commands[0].code"):
        assert words in found


REPORT = """error: The Pulumi CLI encountered a snapshot integrity error. This is a bug!

You can try to repair your snapshot
Go Version:        go1.26
Write Error:       resource a refers to missing dependency b
{read}
Stack Trace:

goroutine 1 [running]:
main.main()
"""


def test_the_clis_report_of_a_broken_state_is_reduced_to_its_finding():
    finding = "snapshot integrity failure; refusing to use it: resource a's dependency b is missing"
    report = REPORT.format(read=f"\nRead Command:      pulumi up\nRead Error:        {finding}\n")
    assert tolerant({"stderr": report}) == {"stderr": f"error: {finding}"}
    ours = f"error: {finding}\nThe state file x was left as it is."
    assert tolerant({"stderr": ours}) == {"stderr": f"error: {finding}"}
