"""A Pulumi project of a test's own under the real engine, with our language host and a provider of notes."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab.lifecycle.engine_home import install_plugins
from lab.toolchain import Toolchain
from tests.lab_fixtures import clean_environment

PROVIDER = Path(__file__).with_name("note_provider.py")
NOTE = """
import pulumi
class Note(pulumi.CustomResource):
    def __init__(self, name, text, **options):
        super().__init__("note:index:Note", name, {"text": text}, pulumi.ResourceOptions(version="1.0.0", **options))
"""


@dataclass
class Project:
    """A project with one stack `test` and the commands an engineer runs in it."""

    folder: Path
    pulumi: Path
    env: dict[str, str] = field(repr=False)

    @property
    def notes(self) -> Path:
        return Path(self.env["NOTES"])

    def write(self, program: str, *, name: str = "program/__main__.py") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(program))

    def declare(self, **notes: str) -> None:
        """A program of notes."""
        self.write(
            NOTE + "".join(f"Note({name!r}, {text!r})\n" for name, text in notes.items()) + f"pulumi.export('count', {len(notes)})\n"
        )

    def runtime(self, **options: str) -> None:
        lines = "".join(f"    {name}: {value}\n" for name, value in options.items())
        self.write(f"name: notes\nmain: program/\nruntime:\n  name: python\n  options:\n{lines}", name="Pulumi.yaml")

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [str(self.pulumi), *words], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        assert not check or answer.returncode == 0, answer.stdout + answer.stderr
        return answer

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.pulumi), *words], cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


@pytest.fixture(scope="session")
def engine(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The engine's home with our launchers and the provider of notes; an environment that leads to it."""
    home = tmp_path_factory.mktemp("engine")
    install_plugins(home, executor=toolchain.executor)
    launcher = home / "plugins" / "resource-note-v1.0.0" / "pulumi-resource-note"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec {sys.executable} -P {PROVIDER} "$@"\n')
    launcher.chmod(0o755)
    return {
        **clean_environment(),
        "PULUMI_HOME": str(home),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_COLOR": "1",
    }


@pytest.fixture
def project(toolchain: Toolchain, engine: dict[str, str], tmp_path: Path) -> Iterator[Project]:
    """A project whose program runs in this test's own virtual environment."""
    for name in ("state", "notes", "project"):
        (tmp_path / name).mkdir()
    env = {**engine, "PULUMI_BACKEND_URL": f"file://{tmp_path}/state", "NOTES": str(tmp_path / "notes")}
    project = Project(folder=tmp_path / "project", pulumi=toolchain.pulumi, env=env)
    project.runtime(virtualenv=sys.prefix)
    project.declare(one="first")
    project.run("stack", "init", "test")
    yield project
    leftovers = processes_of(project.env["NOTES"])
    assert not leftovers, f"processes of the test still run: {leftovers}"


def processes_of(marker: str) -> list[int]:
    """Processes whose environment names this test's folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found
