"""Puts the move engine together: sites' clients, Pulumi, the policies, the estate's files, the state folder, signals."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from cli.estate_files import EstateFiles
from cli.move_progress import LineListener, LiveListener
from cli.move_state import state_folder
from cli.policy_gate import PolicyGate
from cli.project import project_root
from cli.pulumi_stacks import PulumiStacks
from infra.endpoints import resolve
from infra.errors import InclineError
from infra.estate.load import load_estate
from infra.estate.model import AwsSite, Estate, VsphereSite
from infra.observed.aws_session import AwsSession
from infra.observed.vsphere_session import VsphereSession
from migration.control.aws import AwsControl, AwsFacts
from migration.control.interface import Side
from migration.control.vsphere import VsphereControl
from migration.durable import DurableExecutor
from migration.ebs.connect import ebs_api
from migration.engine import Deps, Engine
from migration.journal import StateFolder
from migration.prover import ProcessProver

PAUSE_POLL_S = 1.0


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Sites:
    """The control of each site, made when it is first asked for. `close` signs off everywhere."""

    def __init__(self, estate: Callable[[], Estate], stacks: PulumiStacks) -> None:
        self._estate, self._stacks = estate, stacks
        self._made: dict[str, Side] = {}
        self._open = ExitStack()

    def side(self, name: str) -> Side:
        """The side of a site."""
        if name not in self._made:
            site = self._estate().sites[name]
            self._made[name] = self._vsphere(site) if isinstance(site, VsphereSite) else self._aws(site)
        return self._made[name]

    def close(self) -> None:
        """Sign off."""
        self._open.close()

    def _vsphere(self, site: VsphereSite) -> VsphereControl:
        endpoint = resolve(site, os.environ)
        session = VsphereSession(endpoint)
        self._open.callback(session.close)
        return VsphereControl(session, endpoint, site, self._estate)

    def _aws(self, site: AwsSite) -> AwsControl:
        session = AwsSession(resolve(site, os.environ), role=site.role)
        self._open.callback(session.close)
        api = ebs_api(session)
        self._open.callback(api.close)
        known: list[AwsFacts] = []

        def facts() -> AwsFacts:
            if not known:
                known.append(_facts(self._stacks, site.name))
            return known[0]

        return AwsControl(session, api, site, facts)


def _facts(stacks: PulumiStacks, site: str) -> AwsFacts:
    outputs = stacks.outputs(f"{site}.foundation")
    names = ("kmsKeyArn", "quarantineSecurityGroupId", "vpcId")
    missing = [n for n in names if not outputs.get(n)]
    if missing:
        raise InclineError(
            f"stack {site}.foundation does not offer {', '.join(missing)}",
            code="INC-7003",
            next_step=f"pulumi up --stack {site}.foundation",
        )
    key, group, vpc = (str(outputs[n]) for n in names)
    return AwsFacts(kms_key_arn=key, quarantine_group=group, vpc_id=vpc)


def pulumi_of(estate: Path) -> PulumiStacks:
    """Pulumi in the project's folder, its programs reading this estate."""
    return PulumiStacks(project_root(), estate.absolute(), os.environ)


def gate_of(estate: Path) -> PolicyGate:
    """The policies over this estate."""
    return PolicyGate(estate, lambda: datetime.now(UTC).date())


@contextmanager
def sites_of(estate: Path) -> Iterator[Sites]:
    """The sites, signed off at the end."""
    sites = Sites(lambda: load_estate(estate), pulumi_of(estate))
    try:
        yield sites
    finally:
        sites.close()


@contextmanager
def running_engine(estate: Path, watcher: LineListener | LiveListener) -> Iterator[Engine]:
    """An engine that may change things: DBOS is launched, signals and `incline move pause` stop it between steps."""
    folder, stop = state_folder(estate), threading.Event()
    with sites_of(estate) as sites, _stoppable(stop, watcher), _pausable(folder, stop):
        executor = DurableExecutor(folder.root / "engine.sqlite")
        try:
            yield Engine(
                Deps(
                    folder=folder,
                    estate=EstateFiles(estate),
                    stacks=pulumi_of(estate),
                    gate=gate_of(estate),
                    prover=ProcessProver(os.environ),
                    clock=SystemClock(),
                    listener=watcher,
                    executor=executor,
                    side=sites.side,
                    stop=stop,
                )
            )
        finally:
            executor.close()


@contextmanager
def _stoppable(stop: threading.Event, watcher: LineListener | LiveListener) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks to stop after the step in hand; the second stops now. Both can be gone on from."""

    def asked(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        words = "stopping after the step in hand; Ctrl-C again stops at once (resumable too)"
        # A signal may come in the middle of a write to the terminal: the words come from elsewhere.
        threading.Thread(target=watcher.note, args=(words,), daemon=True).start()

    earlier = {s: signal.signal(s, asked) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextmanager
def _pausable(folder: StateFolder, stop: threading.Event) -> Iterator[None]:
    """Watch for the file that `incline move pause` leaves."""
    over = threading.Event()
    folder.pause_file.unlink(missing_ok=True)

    def watch() -> None:
        while not over.wait(PAUSE_POLL_S):
            if folder.pause_file.exists():
                stop.set()

    thread = threading.Thread(target=watch, name="pause", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        folder.pause_file.unlink(missing_ok=True)
