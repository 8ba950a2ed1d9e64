"""The demo's stage: its folder, its copy of the estate, its lab, and a way to run commands that shows what is typed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from cli.output import say
from cli.project import project_root
from infra.errors import InclineError

INCLINE = (sys.executable, "-m", "cli.main")


class Stage:
    """Runs commands in the demo's environment. Their narration goes to stderr as it comes, their data comes back."""

    def __init__(self, root: Path, out: Path) -> None:
        self.root = root
        self.out = out
        self.estate = out / "estate"
        self.lab_home = out / "lab"
        self.environ = {
            **os.environ,
            "INCLINE_LAB_HOME": str(self.lab_home),
            "INCLINE_ESTATE": str(self.estate),
            "INCLINE_STATE": str(out / "moves"),
        }

    @classmethod
    @contextmanager
    def prepared(cls, out: Path, *, keep_lab: bool) -> Iterator[Stage]:
        """A fresh stage with a running lab; the lab is taken down at the end, whatever happened, unless it is to be kept."""
        stage = cls(project_root(), out.resolve())
        stage.incline("lab", "down", "--quiet", check=False)
        shutil.rmtree(stage.out, ignore_errors=True)
        stage.out.mkdir(parents=True)
        shutil.copytree(stage.root / "estate", stage.estate)
        stage._own_history()
        try:
            stage.incline("lab", "up", "--estate", str(stage.estate))
            stage._enter_lab()
            yield stage
        finally:
            if keep_lab:
                say(f"the lab goes on: INCLINE_LAB_HOME={stage.environ['INCLINE_LAB_HOME']} incline lab env")
            else:
                stage.incline("lab", "down", "--quiet", check=False)

    def incline(self, *arguments: str, check: bool = True) -> None:
        """Run an `incline` command and show all that it says."""
        self._run([*INCLINE, *arguments], shown="incline " + shlex.join(arguments), check=check, stdout=sys.stderr)

    def incline_json(self, *arguments: str) -> dict[str, Any]:
        """Run an `incline` command with --json; answers its document."""
        words = (*arguments, "--json")
        document = json.loads(self._run([*INCLINE, *words], shown="incline " + shlex.join(words), stdout=subprocess.PIPE))
        assert_document(document)
        return dict(document)

    def pulumi(self, *arguments: str) -> str:
        """Run a `pulumi` command; answers its stdout."""
        return self._run(["pulumi", *arguments], shown="pulumi " + shlex.join(arguments), stdout=subprocess.PIPE)

    def _run(self, command: list[str], *, shown: str, stdout: int | TextIO, check: bool = True) -> str:
        """Run a command, stdin closed, stderr passed on; answers what was piped.

        Raises:
            InclineError: the command failed and `check` asks for success (INC-5020).
        """
        say(f"$ {shown}", style="bold")
        started = time.monotonic()
        done = subprocess.run(command, cwd=self.root, env=self.environ, stdin=subprocess.DEVNULL, stdout=stdout, text=True, check=False)
        answer = done.stdout or ""
        say(f"  {time.monotonic() - started:.1f} s", style="dim")
        if check and done.returncode != 0:
            raise InclineError(
                f"the demo stopped: `{shown}` ended with exit code {done.returncode}",
                code="INC-5020",
                details=tuple(answer.strip().splitlines()[-20:]),
                next_step="read the lines above; `incline demo` starts over",
            )
        return answer

    def _own_history(self) -> None:
        """The demo's estate is a repository of its own, so that a cut-over can commit as it does in a city."""
        for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "The estate before the move"]):
            identity = ["-c", "user.name=Incline demo", "-c", "user.email=demo@incline.invalid"]
            subprocess.run(["git", *identity, *arguments], cwd=self.estate, env=self.environ, check=True, stdout=subprocess.DEVNULL)

    def _enter_lab(self) -> None:
        """What `eval "$(incline lab env)"` does in a shell."""
        environment = self.incline_json("lab", "env")
        for name in environment["unset"]:
            self.environ.pop(name, None)
        self.environ.update(environment["env"])


def assert_document(document: object) -> None:
    """Every JSON answer says which schema it has.

    Raises:
        InclineError: it does not (INC-5021).
    """
    if not isinstance(document, dict) or "schema" not in document:
        raise InclineError("a command answered JSON without a schema", code="INC-5021", next_step="this is a bug: report it")
