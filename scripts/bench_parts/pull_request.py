"""What a pull request waits for: every scope previewed in one process, and the size of the comment.

Wall clock of the whole command on a sandbox of its own, from nothing protected: every stack is
created, which is the longest comment that an estate of this size gives.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench_parts.measuring import ROOT, drstate, environment
from bench_parts.report import hold, title

#: some of them need nothing declared, or are not protected: at least 300 are planned
RESOURCES, ACCOUNTS, PLANNED, STACKS = 340, 3, 300, 12
SECONDS, CHARACTERS = 60.0, 64_000


def section() -> None:
    """Measure and print."""
    title("a pull request: preview --all --write-to, one process, from nothing protected")
    with tempfile.TemporaryDirectory(prefix="drstate-bench-") as name:
        env = environment(Path(name))
        project = Path(env["DRSTATE_CWD"])
        (project / "Pulumi.yaml").write_bytes((ROOT / "Pulumi.yaml").read_bytes())
        given = ("--resources", str(RESOURCES), "--accounts", str(ACCOUNTS))
        out = Path(name) / "out"
        try:
            drstate(env, "sandbox", "start", "--estate", "generated", *given)
            drstate(env, "sandbox", "scopes", "--write", str(project / "stacks"))
            took, _ = drstate(env, "preview", "--all", "--write-to", str(out))
        finally:
            drstate(env, "sandbox", "stop", check=False)
        _shown(took, out)


def _shown(took: float, out: Path) -> None:
    index = json.loads((out / "index.json").read_text(encoding="utf-8"))["scopes"]
    whole = [json.loads((out / f"{row['file'][:-3]}.json").read_text()) for row in index]
    shards = [shard for one in whole for stage in one["stages"] for shard in stage["shards"]]
    stacks = [shard["stack"] for shard in shards if shard["stack"] is not None]
    plans = [stage for one in whole for stage in one["plan"]["stages"]]
    keys = {key for stage in plans for shard in stage["shards"] for key in shard["resources"]}
    created = sum(stack["counts"].get("create", 0) for stack in stacks)
    longest = max(len((out / row["file"]).read_text(encoding="utf-8")) for row in index)
    print(
        f"  {len(index)} scope, {len(keys)} resources, {len(stacks)} stacks, {created} operations: "
        f"{took:.1f} s; the comment has {longest:,} characters, the whole "
        f"{sum(file.stat().st_size for file in out.glob('*.json')):,} bytes",
        flush=True,
    )
    hold(f"preview of {PLANNED} resources in {STACKS} stacks, one run", took, SECONDS)
    hold("  resources that were previewed", len(keys), PLANNED, "", least=True)
    hold("  stacks that were previewed", len(stacks), STACKS, "", least=True)
    hold("  characters of its comment", longest, CHARACTERS, "")
