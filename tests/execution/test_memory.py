"""What the system says about memory, read from files as Linux writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.execution.memory import available_bytes

MIB = 1 << 20


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


MACHINE = {"proc/meminfo": f"MemTotal: 9999999 kB\nMemAvailable:   {4096 * 1024} kB\n"}


def test_without_limits_it_is_what_the_machine_has(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/user.slice\n",
        "sys/fs/cgroup/user.slice/memory.max": "max\n",
        "sys/fs/cgroup/user.slice/memory.current": "1000\n",
    }
    assert available_bytes(put(tmp_path, files)) == 4096 * MIB


def test_the_tightest_group_on_the_way_up_decides_and_droppable_cache_is_free(
    tmp_path: Path,
) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "0::/pod/app\n",
        "sys/fs/cgroup/pod/app/memory.max": f"{2048 * MIB}\n",
        "sys/fs/cgroup/pod/app/memory.current": f"{100 * MIB}\n",
        "sys/fs/cgroup/pod/memory.max": f"{1024 * MIB}\n",
        "sys/fs/cgroup/pod/memory.current": f"{900 * MIB}\n",
        "sys/fs/cgroup/pod/memory.stat": f"anon 5\ninactive_file {300 * MIB}\n",
    }
    assert available_bytes(put(tmp_path, files)) == 424 * MIB


@pytest.mark.parametrize("path", ["/docker/0123", "/"])
def test_version_1_and_containers_that_see_their_own_group_at_the_root(
    tmp_path: Path, path: str
) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": f"7:pids:/x\n4:memory:{path}\n0::/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{512 * MIB}\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{500 * MIB}\n",
        "sys/fs/cgroup/memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {20 * MIB}\n",
    }
    assert available_bytes(put(tmp_path, files)) == 32 * MIB


def test_no_limit_of_version_1_is_no_limit(tmp_path: Path) -> None:
    files = {
        **MACHINE,
        "proc/self/cgroup": "4:memory:/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "5\n",
    }
    assert available_bytes(put(tmp_path, files)) == 4096 * MIB


def test_a_system_that_tells_nothing_is_no_reason_to_wait(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None


def test_this_machine_answers() -> None:
    found = available_bytes()
    assert found is None or found > 0
