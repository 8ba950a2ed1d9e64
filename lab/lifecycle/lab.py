"""The lab: up, down, one server stopped and started, and the story of what stands. Every call may be interrupted and repeated."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from infra.atomic import replace_file
from infra.estate.load import load_estate
from infra.estate.model import AwsSite, Estate, VsphereSite
from lab.lifecycle import servers
from lab.lifecycle.engine_home import install_plugins
from lab.lifecycle.environment import engine_environment, lab_environment, process_environment
from lab.lifecycle.errors import half_up, not_a_lab, not_up, other_estate, unknown_part
from lab.lifecycle.home import USER, LabHome
from lab.lifecycle.process import Command, Started, is_alive, spawn, stop, undisturbed, wait_ready
from lab.lifecycle.record import Record, Server, SiteEntry, read_record, write_record
from lab.lifecycle.stacks import count_resources, make_stacks, stack_names
from lab.progress import Progress
from lab.toolchain import Toolchain, ensure_toolchain


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """One server as it is now. `state` is running, stopped (on purpose) or gone (it ended by itself)."""

    name: str
    state: str
    url: str
    pid: int
    log: Path


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What `down` has removed: the resources of each stack, and the folder."""

    stacks: dict[str, int]
    home: Path
    existed: bool = True


class Lab:
    """One lab in one folder, for one checkout."""

    def __init__(
        self,
        home: LabHome,
        *,
        project: Path,
        progress: Progress,
        environ: Mapping[str, str] | None = None,
        toolchain: Callable[[], Toolchain] | None = None,
        commands: Callable[..., Command] = servers.server_command,
        inventory: Callable[[Estate], Mapping[str, Any]] | None = None,
    ) -> None:
        self.home = home
        self._project = project
        self._progress = progress
        self._environ = dict(os.environ if environ is None else environ)
        self._toolchain = toolchain or (lambda: ensure_toolchain(progress, environ=self._environ))
        self._commands = commands
        self._inventory = inventory or _inventory

    def up(self, estate_path: Path | None = None) -> Record:
        """Bring everything up that is not; what runs is left alone. `estate_path` names another estate than the project's.

        Raises:
            ToolchainError, LabError, EstateErrors: nothing half-made is in the way of the next try.
        """
        toolchain = self._toolchain()
        self.home.make()
        with self._locked():
            before = read_record(self.home.record)
            named = self._named_estate(estate_path, before)
            estate = self._estate(named)
            record = self._record(before, estate, named, toolchain)
            self._write_inventory(estate)
            install_plugins(self.home.pulumi_home, executor=toolchain.executor)
            record = self._start_servers(record, toolchain, servers.NAMES)
            self._make_stacks(record, toolchain)
        return record

    def down(self) -> Forgotten:
        """Stop everything and forget everything: machines, blocks, the stacks' state, logs.

        Raises:
            LabError: the folder is not a lab's; nothing was touched.
        """
        if not self.home.root.is_dir():
            return Forgotten(stacks={}, home=self.home.root, existed=False)
        if not self.home.exists():
            raise not_a_lab(self.home.root)
        with self._locked(), self._progress.step("stop and forget the lab"):
            record = read_record(self.home.record)
            for server in record.servers.values() if record else ():
                stop(server.pid, server.born)
            stacks = count_resources(self.home.pulumi_state)
            # The marker goes last, so that an interrupted removal is still known as a lab's folder.
            for entry in self.home.root.iterdir():
                if entry != self.home.marker:
                    _remove(entry)
            self.home.marker.unlink()
        self.home.root.rmdir()
        return Forgotten(stacks=stacks, home=self.home.root)

    def start(self, name: str) -> Record:
        """Start one server again, with its state and at its old address."""
        return self._one(name, lambda record: self._start_servers(record, self._toolchain(), (name,)))

    def stop(self, name: str) -> Record:
        """Stop one server; its state stays."""

        def stopped(record: Record) -> Record:
            server = record.servers.get(name, Server())
            with self._progress.step(f"stop {name}"):
                meek = stop(server.pid, server.born)
            if not meek:
                self._progress.say(f"{name} did not end when asked and was killed; it comes back with what it last saved")
            record = record.with_server(name, replace(server, pid=0, born=""))
            write_record(self.home.record, record)
            return record

        return self._one(name, stopped)

    def status(self) -> list[ServerStatus]:
        """Every server as it is now; changes nothing."""
        record = self.record()
        return [self._status(name, record.servers.get(name, Server())) for name in servers.NAMES]

    def stacks(self) -> dict[str, int]:
        """Every stack and its number of resources."""
        return count_resources(self.home.pulumi_state)

    def record(self) -> Record:
        """What lab.json says.

        Raises:
            LabError: there is no lab.
        """
        record = read_record(self.home.record) if self.home.exists() else None
        if record is None:
            raise not_up(self.home.root)
        return record

    def environment(self) -> dict[str, str]:
        """The variables of `incline lab env`.

        Raises:
            LabError: there is no lab, or its servers have not told their addresses yet.
        """
        record = self.record()
        if not all(record.servers.get(name, Server()).addresses for name in servers.NAMES):
            raise half_up(self.home.root)
        return lab_environment(self.home, record, self._environ)

    def process_environment(self) -> dict[str, str]:
        """A whole environment in which a child process works on the lab."""
        return process_environment(self.environment(), self._environ)

    def _one(self, name: str, act: Callable[[Record], Record]) -> Record:
        if name not in servers.NAMES:
            raise unknown_part(name, servers.NAMES)
        self.record()
        with self._locked():
            return act(self.record())

    def _status(self, name: str, server: Server) -> ServerStatus:
        state = "running" if is_alive(server.pid, server.born) else ("gone" if server.pid else "stopped")
        return ServerStatus(name=name, state=state, url=server.addresses.get("url", ""), pid=server.pid, log=self.home.log(name))

    def _named_estate(self, given: Path | None, before: Record | None) -> str:
        """The estate that was named now or at the first `up`. A lab is built from one estate and cannot become another's."""
        if given is None:
            return before.estate if before else ""
        named = str(given.absolute())
        if before and self.home.inventory.exists() and named != (before.estate or str(self._estate_path(""))):
            raise other_estate(before.estate or "the project's own estate")
        return named

    def _estate(self, named: str) -> Estate:
        return load_estate(self._estate_path(named), settled=False)

    def _estate_path(self, named: str) -> Path:
        return Path(named or self._environ.get("INCLINE_ESTATE") or self._project / "estate").absolute()

    def _record(self, before: Record | None, estate: Estate, named: str, toolchain: Toolchain) -> Record:
        return Record(
            project=str(self._project),
            toolchain=str(toolchain.bin),
            estate=named,
            sites=tuple(
                SiteEntry(
                    name=site.name,
                    kind=site.kind,
                    user_env=site.credentials.user_env,
                    password_env=site.credentials.password_env,
                    region=site.region if isinstance(site, AwsSite) else "",
                    datacenter=site.datacenter if isinstance(site, VsphereSite) else "",
                )
                for site in estate.sites.values()
            ),
            servers=before.servers if before else {},
            user=USER,
            password=self.home.password.read_text(encoding="utf-8"),
            control_token=self.home.control_token.read_text(encoding="utf-8"),
        )

    def _write_inventory(self, estate: Estate) -> None:
        """What the vCenter is built from. Once it has a state of its own, that counts, and the inventory is only a record."""
        if not self.home.inventory.exists():
            replace_file(self.home.inventory, json.dumps(self._inventory(estate), indent=1))

    def _start_servers(self, record: Record, toolchain: Toolchain, names: Sequence[str]) -> Record:
        """Start what is not running, at once, then wait for each. A process is on record from its first moment, ready or not."""
        wanted = [name for name in names if not self._runs(record, name)]
        write_record(self.home.record, record)
        if not wanted:
            return record
        estate = self._estate_path(record.estate)
        launched: dict[str, Started] = {}
        with self._progress.step(f"start {' and '.join(wanted)}") as step:
            try:
                for name in wanted:
                    before = record.servers.get(name, Server())
                    stop(before.pid, before.born)  # one that an interrupted `up` has left and that nobody has heard of
                    command = self._commands(name, home=self.home, record=record, toolchain=toolchain, estate=estate)
                    with undisturbed():
                        launched[name] = spawn(command)
                        record = self._noted(record, name, launched[name], before.addresses)
                for name in wanted:
                    addresses = servers.addresses_of(name, wait_ready(launched[name], note=step.note))
                    record = self._noted(record, name, launched.pop(name), addresses)
            finally:
                for name, started in launched.items():
                    stop(started.pid, started.born, within_s=2.0)
                    record = record.with_server(name, replace(record.servers.get(name, Server()), pid=0, born=""))
                    write_record(self.home.record, record)
        return record

    def _noted(self, record: Record, name: str, started: Started, addresses: dict[str, str]) -> Record:
        record = record.with_server(name, Server(pid=started.pid, born=started.born, addresses=addresses))
        write_record(self.home.record, record)
        return record

    def _runs(self, record: Record, name: str) -> bool:
        """Whether a server runs and has told its addresses."""
        server = record.servers.get(name, Server())
        return bool(server.addresses) and is_alive(server.pid, server.born)

    def _make_stacks(self, record: Record, toolchain: Toolchain) -> None:
        wanted = stack_names([site.name for site in record.sites])
        if set(wanted) <= set(count_resources(self.home.pulumi_state)):
            return
        env = process_environment(engine_environment(self.home), self._environ)
        with self._progress.step("make the stacks"):
            make_stacks(wanted, pulumi=toolchain.pulumi, project=self._project, state=self.home.pulumi_state, env=env)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One `up` or `down` at a time per lab; the lock goes with the process that holds it."""
        lock = os.open(self.home.root, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _inventory(estate: Estate) -> Mapping[str, Any]:
    from lab.vcenter.inventory import build_inventory  # noqa: PLC0415 - needed once in a lab's life, and it reads much

    return build_inventory(estate)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
