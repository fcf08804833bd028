"""The same command lines through a ``pulumi`` on PATH and the executable: words and exit codes."""

import re
import shutil

import pytest

from tests.sandbox.engine_cli.cli_harness import Shell

LINES = (
    "stack init dev",
    "-s dev config set greeting good-day",
    "config set --secret password swordfish",
    "config",
    "preview",
    "up",
    "up --yes",
    "up -yf --expect-no-changes",
    "config set boxes a,c",
    "up -yf --expect-no-changes",
    "stack output",
    "stack output --json",
    "stack output nope",
    "stack output hidden --show-secrets",
    "stack rm",
    "stack rm --yes",
    "state delete urn:pulumi:dev::shop::test:index:Box::c",
    "state unprotect --all",
    "stack ls -Q",
    "stack --show-name",
    "stack tag set colour blue",
    "stack tag ls",
    "stack rename renamed",
    "cancel",
    "refresh --yes",
    "preview -s nope",
    "config get nope",
    "destroy",
    "destroy -y --remove",
    "stack ls",
)
#: rows of progress come by chance; what they add up to is compared
_CHANCE = re.compile(r"^(@ |\^C| [ +~<>=-]{2} \S+:\S+:\S+ |    pulumi:pulumi:Stack |Duration: )")


def told(done):
    lines = [line.rstrip() for line in done.out.splitlines()]
    kept = [line for line in lines if not _CHANCE.match(line)]
    # a program's two streams come in either order
    text = "\n".join(kept)
    streams = "    grumbled\n\n", "    said [secret]\n\n"
    text = text.replace(streams[0] + streams[1], streams[1] + streams[0])
    text = re.sub(r"\n{2,}", "\n", text)
    return done.code, re.sub(r"\b(now|\d+ seconds? ago) *", "<ago> ", text).strip(), done.err


@pytest.mark.skipif(
    shutil.which("pulumi") is None or shutil.which("pulumi-language-python-exec") is None,
    reason="no pulumi with its Python language host on PATH",
)
def test_both_say_the_same_and_end_the_same(engine, tmp_path):
    shells = [Shell(tmp_path / name, path) for name, path in (("a", "pulumi"), ("b", engine))]
    for shell in shells:
        shell.write()
    python = engine.read_text().partition("\n")[0].removeprefix("#!")
    for line in LINES:
        cli, ours = (told(one.run(*line.split(), PULUMI_PYTHON_CMD=python)) for one in shells)
        assert ours == cli, line
