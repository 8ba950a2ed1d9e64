"""Our language host under the real engine: every command an engineer uses, and every way a program can end."""

import json
import re
import signal
import sys
import time

import pytest

from tests.lab.language_host.conftest import NOTE, processes_of

pytestmark = pytest.mark.lab


def test_a_project_lives_from_preview_to_destroy(project):
    assert "+ 2 to create" in project.run("preview").stdout
    project.run("up", "--yes", "--skip-preview")
    assert (project.notes / "one").read_text() == "first"
    project.run("preview", "--expect-no-changes")
    project.declare(one="second")
    assert "~ text" in _spaces(project.run("preview", "--diff").stdout)
    project.run("up", "--yes")
    assert (project.notes / "one").read_text() == "second"
    assert project.run("stack", "output", "count").stdout.strip() == "1"
    project.run("destroy", "--yes", "--skip-preview")

    assert not list(project.notes.iterdir())


def test_change_behind_the_engines_back_is_seen_by_refresh(project):
    project.run("up", "--yes", "--skip-preview")
    (project.notes / "one").write_text("by hand")

    refused = project.run("preview", "--refresh", "--expect-no-changes", check=False)
    assert "no changes were expected" in refused.stderr
    assert refused.returncode != 0
    project.run("refresh", "--yes", "--skip-preview")
    assert '"by hand"' in project.run("stack", "export").stdout


def test_a_held_resource_may_drift_without_a_change(project):
    project.write(_held_program("first"))
    project.run("up", "--yes", "--skip-preview")
    (project.notes / "one").write_text("by hand")

    project.run("preview", "--refresh", "--expect-no-changes")
    project.write(_held_program("edited in the estate"))
    project.run("up", "--yes", "--skip-preview")
    assert (project.notes / "one").read_text() == "by hand"


def test_import_by_option_and_by_command(project):
    (project.notes / "one").write_text("first")
    (project.notes / "two").write_text("second")
    program = "import sys; sys.path.insert(0, '.')\nfrom note import Note\nNote('one', 'first', import_='one')\n"
    project.write(_note_module(), name="program/note.py")
    project.write(program)
    assert "imported" in project.run("up", "--yes", "--skip-preview").stdout

    project.run("import", "--yes", "--skip-preview", "--generate-code=false", "--protect=false", "note:index:Note", "two", "two")
    project.write(program + "Note('two', 'second')\n")
    project.run("preview", "--refresh", "--expect-no-changes")


def test_json_preview_is_one_document(project):
    document = json.loads(project.run("preview", "--json").stdout)

    assert document["changeSummary"] == {"create": 2}


def test_about_names_the_interpreter_and_the_plugins(project):
    about = json.loads(project.run("about", "--json").stdout)

    assert about["runtime"]["executable"] == f"{sys.prefix}/bin/python"
    assert about["runtime"]["version"] == sys.version.split()[0]
    assert {"pulumi"} <= {entry["name"] for entry in json.loads(project.run("about", "--json", "--transitive").stdout)["dependencies"]}
    assert {"aws", "vsphere", "python"} <= {plugin["name"] for plugin in about["plugins"]}


def test_no_command_warns_about_plugins_on_path(project):
    answer = project.run("up", "--yes", "--skip-preview")

    assert "warning" not in (answer.stdout + answer.stderr).lower()


def test_an_exception_is_shown_once_with_the_programs_own_lines(project):
    project.write("import pulumi\n\nraise ValueError('no such network: dmz')\n")
    answer = project.run("preview", check=False)

    assert answer.returncode != 0
    assert answer.stdout.count("ValueError: no such network: dmz") == 1
    assert 'program/__main__.py", line 3' in answer.stdout
    assert "language_host" not in answer.stdout + answer.stderr
    assert "exit code" not in answer.stdout + answer.stderr


def test_a_run_error_is_shown_without_a_traceback(project):
    project.write("import pulumi\nraise pulumi.RunError('estate is older than the stack')\n")
    answer = project.run("preview", check=False)

    assert "error: estate is older than the stack" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def test_an_exit_code_is_told(project):
    project.write("import os\nos._exit(7)\n")

    assert "exited with non-zero exit code: 7" in project.run("preview", check=False).stdout


def test_a_killed_program_is_told(project):
    project.write("import os\nos.kill(os.getpid(), 9)\n")

    assert "killed by signal 9" in project.run("preview", check=False).stdout


def test_configuration_and_secrets_reach_the_program(project):
    project.run("config", "set", "--secret", "word", "hidden")
    project.run("config", "set", "site", "downtown")
    project.write("""
        import pulumi
        config = pulumi.Config()
        pulumi.export("site", config.require("site"))
        pulumi.export("word", config.require_secret("word"))
    """)
    project.run("up", "--yes", "--skip-preview")

    assert json.loads(project.run("stack", "output", "--json").stdout) == {"site": "downtown", "word": "[secret]"}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_an_update_ends_it_soon_and_without_a_traceback(project, signum):
    project.write("import pulumi, time\nprint('reached', flush=True)\ntime.sleep(60)\n")
    running = project.start("up", "--yes", "--skip-preview")
    seen = _read_until(running, "reached")
    sent = time.monotonic()
    running.send_signal(signum)
    words = seen + running.communicate(timeout=30)[0]

    assert time.monotonic() - sent < 4
    assert running.returncode != 0
    assert "Traceback" not in words
    assert "language_host" not in words


def test_a_killed_engine_leaves_no_process_behind(project):
    project.write("import pulumi, time\nprint('reached', flush=True)\ntime.sleep(60)\n")
    running = project.start("up", "--yes", "--skip-preview")
    _read_until(running, "reached")
    running.kill()
    running.communicate(timeout=10)

    deadline = time.monotonic() + 6
    while processes_of(project.env["NOTES"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_second_interrupt_ends_it_at_once(project):
    project.declare(slow_one="first")
    running = project.start("up", "--yes", "--skip-preview")
    _read_until(running, "creating")
    for _ in range(2):
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)

    assert "Traceback" not in running.communicate(timeout=10)[0]


def test_a_project_names_its_environment_and_a_wrong_name_is_told(project):
    project.runtime(virtualenv="no/such/place")
    answer = project.run("preview", check=False)

    assert answer.returncode != 0
    assert "doesn't appear to be a virtual environment" in answer.stdout + answer.stderr


def test_an_interrupted_update_finishes_the_resource_in_hand(project):
    project.declare(slow_one="first", slow_two="second")
    running = project.start("up", "--yes", "--skip-preview", "--parallel", "1")
    _read_until(running, "creating")
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    words = running.communicate(timeout=30)[0]
    assert "Traceback" not in words
    assert "pending" not in project.run("stack", "export").stdout.replace("pending_operations", "").split('"resources"')[0]

    project.run("up", "--yes", "--skip-preview")
    assert sorted(path.name for path in project.notes.iterdir()) == ["slow_one", "slow_two"]


def test_automation_api_works_with_our_host(project):
    from pulumi import automation

    workspace = automation.LocalWorkspace(work_dir=str(project.folder), env_vars=project.env, pulumi_command=_command(project))
    stack = automation.select_stack(
        "test", work_dir=str(project.folder), opts=automation.LocalWorkspaceOptions(env_vars=project.env, pulumi_command=_command(project))
    )
    result = stack.up(on_output=lambda _: None)

    assert result.outputs["count"].value == 1
    assert stack.preview(expect_no_changes=True, on_output=lambda _: None).change_summary == {automation.OpType.SAME: 2}
    stack.destroy(on_output=lambda _: None)
    assert workspace.list_stacks()[0].name == "test"


def _command(project):
    from pulumi.automation import PulumiCommand

    return PulumiCommand(root=str(project.pulumi.parents[1]), skip_version_check=True)


def _held_program(text: str) -> str:
    return _note_module() + f"Note('one', {text!r}, protect=True, ignore_changes=['*'])\n"


def _note_module() -> str:
    return NOTE


def _read_until(running, word: str) -> str:
    seen = ""
    for line in running.stdout:
        seen += line
        if word in line:
            return seen
    raise AssertionError(f"{word!r} never came: {seen}")


def _spaces(words: str) -> str:
    return re.sub(r"\s+", " ", words)
