"""Which Python a program gets: the rules of the official host."""

import pytest

from lab.language_host.interpreter import NoInterpreterError, Project, find_interpreter


@pytest.fixture
def root(tmp_path):
    (tmp_path / "project" / "stacks").mkdir(parents=True)
    return tmp_path / "project"


def venv(place):
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").touch()
    return place


def find(root, environ=None, **options):
    return find_interpreter(Project(root=root, program=root / "stacks", options=options), environ or {"PATH": ""})


def test_the_virtualenv_option_is_relative_to_the_project_not_to_the_program(root):
    place = venv(root / ".venv")

    assert find(root, virtualenv=".venv").executable == str(place / "bin" / "python")


def test_an_absolute_virtualenv_option_is_taken_as_it_is(root, tmp_path):
    place = venv(tmp_path / "elsewhere")

    assert find(root, virtualenv=str(place)).virtualenv == place


def test_a_virtualenv_option_that_is_no_environment_is_refused(root):
    with pytest.raises(NoInterpreterError, match=r"'virtualenv' option in Pulumi.yaml is set to '.venv', but .* doesn't appear to be"):
        find(root, virtualenv=".venv")


def test_the_option_wins_over_the_active_environment(root, tmp_path):
    named, active = venv(root / "named"), venv(tmp_path / "active")

    assert find(root, {"VIRTUAL_ENV": str(active), "PATH": ""}, virtualenv="named").virtualenv == named


def test_the_active_environment_is_used_when_none_is_named(root, tmp_path):
    active = venv(tmp_path / "active")

    assert find(root, {"VIRTUAL_ENV": str(active), "PATH": ""}).virtualenv == active


def test_path_is_the_last_resort(root, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").touch(mode=0o755)
    found = find(root, {"VIRTUAL_ENV": str(tmp_path / "gone"), "PATH": str(folder)})

    assert (found.executable, found.virtualenv) == (str(folder / "python3"), None)


def test_a_named_python_command_wins_on_path(root, tmp_path):
    for name in ("python3", "python3.12"):
        (tmp_path / name).touch(mode=0o755)

    assert find(root, {"PATH": str(tmp_path), "PULUMI_PYTHON_CMD": "python3.12"}).executable == str(tmp_path / "python3.12")


def test_no_python_at_all_is_said(root):
    with pytest.raises(NoInterpreterError, match="no python3 on PATH"):
        find(root, {"PATH": str(root)})


@pytest.mark.parametrize("toolchain", ["uv", "poetry"])
def test_a_toolchains_environment_stands_beside_its_lock_file(root, toolchain):
    (root / f"{toolchain}.lock").touch()
    place = venv(root / ".venv")
    found = find(root)

    assert (found.virtualenv, found.toolchain) == (place, toolchain)


def test_a_named_toolchain_without_lock_looks_beside_pyproject(root):
    (root / "pyproject.toml").touch()
    place = venv(root / ".venv")

    assert find(root, toolchain="uv").virtualenv == place


def test_a_missing_toolchain_environment_names_the_command(root):
    with pytest.raises(NoInterpreterError, match="uv sync"):
        find(root, toolchain="uv")


def test_an_unknown_toolchain_is_refused(root):
    with pytest.raises(NoInterpreterError, match="unknown toolchain 'conda'"):
        find(root, toolchain="conda")


def test_the_environment_is_activated_for_the_program(root):
    place = venv(root / ".venv")
    env = find(root, virtualenv=".venv").environment({"PATH": "/usr/bin", "PYTHONHOME": "/odd", "KEEP": "1"})

    assert env == {"PATH": f"{place}/bin:/usr/bin", "VIRTUAL_ENV": str(place), "KEEP": "1"}
