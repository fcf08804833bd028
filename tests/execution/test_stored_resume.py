"""An execution that an older drstate began and did not end is gone on with."""

from __future__ import annotations

import gzip
from pathlib import Path

from drstate.execution.resuming import resume
from drstate.model.events import ExecutionStatus
from drstate.model.phases import SiteState
from drstate.model.scope import Environment, ScopeKey
from tests.execution.worlds import World

STORED = Path(__file__).parents[1] / "journal" / "stored" / "first.db.gz"
GLOBEX = ScopeKey(customer="globex", environment=Environment.PRODUCTION)


def test_an_execution_of_an_old_journal_is_resumed_to_its_end(tmp_path: Path) -> None:
    world = World.start(tmp_path)
    try:
        # it was killed before it had changed anything: a fresh sandbox is as it left it
        file = world.home / "sandbox" / "journal.db"
        file.write_bytes(gzip.decompress(STORED.read_bytes()))
        with world.services() as services:
            before = services.readers.status(scope=GLOBEX)
            assert before.status is ExecutionStatus.RUNNING
            after = resume(services, scope=GLOBEX)
            assert after.execution == before.execution
            assert after.status is ExecutionStatus.COMPLETED
            catalog = services.journal.load_catalog(GLOBEX)
            assert catalog is not None
            assert catalog.sites[catalog.recovery] is SiteState.STANDBY
            assert services.journal.verify(after.execution) > 10
    finally:
        world.stop()
