"""Building the toolchain: keys, the real compiler on a tiny program, failures that say what to do, the machine's own pulumi."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.progress import Progress, elapsed
from lab.toolchain import ToolchainError, ensure_toolchain
from lab.toolchain.build import find_own_pulumi
from lab.toolchain.golang import find_go, go_version
from lab.toolchain.parts import GoPart, all_parts, toolchain_key
from lab.toolchain.store import Store

GOOD = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("built") }\n'
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="the tiny programs are built with the machine's Go")


@pytest.fixture
def part(tmp_path) -> GoPart:
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.mod").write_text("module incline.lab/tiny\n\ngo 1.24\n")
    (source / "main.go").write_text(GOOD)
    return GoPart(name="tiny", program="tiny", package=".", source=source, version="1", space_mib=1)


def ensure(part: GoPart, tmp_path: Path, stream: io.StringIO | None = None):
    environ = {**os.environ, "INCLINE_CACHE": str(tmp_path / "cache"), "PATH": _path_without_pulumi()}
    return ensure_toolchain(Progress(stream), environ=environ, parts=[part])


def test_a_key_follows_sources_and_pins_but_not_tests(part):
    key = part.key()
    (part.source / "main_test.go").write_text("package main\n")
    assert part.key() == key
    (part.source / "notes.md").write_text("words")
    assert part.key() == key
    (part.source / "main.go").write_text(GOOD + "// changed\n")

    assert part.key() != key


def test_a_change_of_one_part_leaves_the_keys_of_the_others(part):
    others = all_parts()
    before = [other.key() for other in others]
    whole = toolchain_key([part, *others])
    (part.source / "go.mod").write_text("module incline.lab/other\n\ngo 1.24\n")

    assert [other.key() for other in others] == before
    assert toolchain_key([part, *others]) != whole


def test_pins_say_the_versions_that_are_told():
    parts = {part.name: part for part in all_parts()}

    assert "github.com/pulumi/pulumi/pkg/v3 v3.250.0" in (parts["pulumi"].source / "go.mod").read_text()
    assert "github.com/vmware/govmomi v0.52.0" in (parts["govc"].source / "go.mod").read_text()
    assert "github.com/vmware/govmomi v0.52.0" in (parts["vcenter"].source / "go.mod").read_text()


@needs_go
def test_a_part_is_built_linked_and_told(part, tmp_path):
    told = io.StringIO()
    built = ensure(part, tmp_path, told)

    assert subprocess.run([built.bin / "tiny"], capture_output=True, text=True, check=True).stdout == "built\n"
    assert "build tiny 1: done in" in told.getvalue()


@needs_go
def test_a_second_run_builds_nothing_and_says_nothing(part, tmp_path):
    ensure(part, tmp_path)
    told = io.StringIO()
    begun = time.process_time()
    ensure(part, tmp_path, told)

    assert time.process_time() - begun < 1
    assert told.getvalue() == ""


@needs_go
def test_a_changed_source_is_built_again(part, tmp_path):
    first = ensure(part, tmp_path)
    (part.source / "main.go").write_text(GOOD.replace('"built"', '"changed"'))
    second = ensure(part, tmp_path)

    assert subprocess.run([second.bin / "tiny"], capture_output=True, text=True, check=True).stdout == "changed\n"
    assert subprocess.run([first.bin / "tiny"], capture_output=True, text=True, check=True).stdout == "built\n"


@needs_go
def test_a_failing_compiler_is_quoted_and_the_checkout_stays_clean(part, tmp_path):
    (part.source / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")

    with pytest.raises(ToolchainError, match="building tiny failed") as caught:
        ensure(part, tmp_path)
    assert any("undefined" in line for line in caught.value.details)
    assert "run the same command again" in caught.value.next_step
    assert sorted(path.name for path in part.source.iterdir()) == ["go.mod", "main.go"]


@needs_go
def test_an_unreachable_proxy_is_told_as_such(part, tmp_path, monkeypatch):
    (part.source / "go.mod").write_text("module incline.lab/tiny\n\ngo 1.24\n\nrequire example.invalid/absent v1.0.0\n")
    (part.source / "main.go").write_text('package main\n\nimport _ "example.invalid/absent"\n\nfunc main() {}\n')
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")

    with pytest.raises(ToolchainError) as caught:
        ensure(part, tmp_path)
    assert caught.value.code == "INC-4101"


def test_too_small_a_disk_is_told_before_the_build(part, tmp_path):
    greedy = GoPart(**{**vars(part), "space_mib": 1 << 40})

    with pytest.raises(ToolchainError, match="not enough space") as caught:
        ensure(greedy, tmp_path)
    assert "INCLINE_CACHE" in caught.value.next_step


def test_the_machines_own_pulumi_is_used_when_it_brings_its_language_host(tmp_path):
    folder = tmp_path / "real"
    _script(folder / "pulumi", "echo v3.260.1")
    environ = {"PATH": f"{folder}:/usr/bin:/bin"}

    assert find_own_pulumi(environ, tmp_path / "cache") is None
    _script(folder / "pulumi-language-python", "exit 0")
    assert find_own_pulumi(environ, tmp_path / "cache") == folder / "pulumi"
    assert find_own_pulumi(environ, tmp_path) is None
    _script(folder / "pulumi", "echo v3.100.0")
    assert find_own_pulumi(environ, tmp_path / "cache") is None


def test_an_old_go_is_passed_over(tmp_path):
    _script(tmp_path / "bin" / "go", "echo go version go1.19.8 linux/amd64")
    store = Store(tmp_path / "parts")
    kept = store.place("go", "1.26.6") / "site" / "go" / "bin" / "go"
    _script(kept, "echo go version go1.26.6 linux/amd64")
    (store.place("go", "1.26.6") / "complete").touch()

    assert go_version(tmp_path / "bin" / "go") == (1, 19, 8)
    assert find_go(store, search_path=str(tmp_path / "bin")) == kept
    assert go_version(tmp_path / "absent") == ()


@needs_go
def test_ctrl_c_leaves_no_compiler_running_and_no_part(part, tmp_path):
    slow = tmp_path / "bin" / "go"
    _script(slow, f'case "$1" in version) echo go version go1.99.0;; *) echo "$$" > {tmp_path}/pid; sleep 60;; esac')
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\nfrom lab.progress import Progress\nfrom lab.toolchain import ensure_toolchain\n"
        "from lab.toolchain.parts import GoPart\n"
        "part = GoPart(name='tiny', program='tiny', package='.', source=Path(sys.argv[2]), version='1', space_mib=1)\n"
        "ensure_toolchain(Progress(None), parts=[part])\n"
    )
    environ = {**os.environ, "INCLINE_CACHE": str(tmp_path / "cache"), "PATH": f"{slow.parent}:/usr/bin:/bin"}
    root = Path(__file__).parents[3]
    builder = subprocess.Popen([sys.executable, "-c", program, str(root), str(part.source)], env=environ, stderr=subprocess.PIPE)
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 20
    while not (pid.exists() and pid.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    builder.send_signal(signal.SIGINT)
    builder.communicate(timeout=10)

    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert not list((tmp_path / "cache").rglob("complete"))


def test_durations_read_as_people_say_them():
    assert [elapsed(seconds) for seconds in (0.44, 12.3, 185)] == ["0.4 s", "12 s", "3 min 05 s"]


def _script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _path_without_pulumi() -> str:
    return os.pathsep.join(entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "pulumi-language-python").exists())
