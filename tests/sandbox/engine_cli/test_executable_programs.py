"""How programs are started, and how their failures are told."""

import json
import subprocess
import sys
import sysconfig

BEGIN = """
import sys
import pulumi
pulumi.ComponentResource("test:index:Box", "made")
"""


def failing(shell, line, code=1):
    shell.write(BEGIN + line + "\n")
    return shell.run("preview").expect(code).out


def test_an_exception_shows_the_users_lines_only(shell):
    told = failing(shell, "def go():\n    raise ValueError('boom')\ngo()")
    assert "error: Program failed with an unhandled exception:" in told
    assert f'File "{shell.project}/__main__.py", line 7, in <module>' in told
    assert "ValueError: boom" in told
    assert "program_main" not in told
    assert "runpy" not in told


def test_a_run_error_is_told_without_a_traceback(shell):
    told = failing(shell, "raise pulumi.RunError('told you')")
    assert "    error: told you\n" in told
    assert "program exited with non-zero exit code: 1" in told
    assert "Traceback" not in told


def test_an_exit_code_of_the_programs_own_fails_it(shell):
    assert "program exited with non-zero exit code: 7" in failing(shell, "sys.exit(7)")
    failing(shell, "sys.exit(0)", code=0)


def test_a_program_that_is_killed_says_by_what(shell):
    line = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert "program was ended by signal 9" in failing(shell, line)


def test_the_programs_surroundings_are_those_of_the_cli(shell):
    shell.run("config", "set", "--secret", "password", "swordfish").expect(0)
    seen = shell.folder / "seen.json"
    shell.write(
        "import json, os, sys\nimport pulumi\n"
        f"json.dump([sys.argv, sys.path[0], os.getcwd(), pulumi.get_project(), pulumi.get_stack(),"
        " pulumi.get_organization(), pulumi.get_root_directory(),"
        " json.loads(os.environ['PULUMI_CONFIG']),"
        f" json.loads(os.environ['PULUMI_CONFIG_SECRET_KEYS'])], open({str(seen)!r}, 'w'))\n"
        "assert pulumi.Config().require_secret('password')\n",
        main="src",
    )
    (shell.project / "src").mkdir()
    (shell.project / "__main__.py").rename(shell.project / "src" / "__main__.py")
    shell.run("preview").expect(0)
    assert json.loads(seen.read_text()) == [
        ["."],
        ".",
        str(shell.project / "src"),
        "shop",
        "dev",
        "organization",
        str(shell.project),
        {"shop:password": "swordfish"},
        ["shop:password"],
    ]


def test_the_virtual_environment_of_the_project_file_runs_the_program(shell):
    place = shell.project / "env"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(place)], check=True
    )
    shell.write("import sys, os\nprint('prefix', sys.prefix, os.environ['VIRTUAL_ENV'])\n",
                runtime={"name": "python", "options": {"virtualenv": "env"}})  # fmt: skip

    # it has no SDK yet: that is said, with what to do
    missing = shell.run("preview").expect(1).out
    assert f"The Pulumi SDK is not installed for {place}/bin/python" in missing
    assert "pip install pulumi" in missing

    packages = next((place / "lib").glob("python*/site-packages"))
    (packages / "sdk.pth").write_text(sysconfig.get_paths()["purelib"])
    assert f"prefix {place} {place}\n" in shell.run("preview").expect(0).out


def test_an_environment_that_is_not_there_is_refused_before_anything_is_locked(shell):
    shell.write(runtime={"name": "python", "options": {"virtualenv": "nowhere"}})
    refused = shell.run("up", "--yes").expect(1)
    assert "virtualenv names" in refused.err
    assert "does not exist" in refused.err
    assert refused.out == ""


def test_other_languages_and_missing_programs_are_refused(shell):
    shell.write(runtime="nodejs")
    assert "runs Python programs" in shell.run("preview").expect(1).err
    shell.write()
    (shell.project / "__main__.py").unlink()
    assert "there is no program" in shell.run("preview").expect(1).err
