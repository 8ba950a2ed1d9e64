"""An engine over the world in memory, whole: what most tests of the engine begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import InclineError
from migration.blocks.digests import ZERO_DIGEST, block_digest
from migration.blocks.manifest import Manifest
from migration.blocks.merkle import merkle_root
from migration.engine import Deps, Engine
from migration.executor import Call, InlineExecutor
from migration.journal import StateFolder
from migration.ports import GateAnswer, GateRequest, Progress
from migration.steps.step import Context, ProofAnswer, ProofRequest
from tests.fakes.disks import SparseDisk
from tests.fakes.sides import FakeAws, FakeVsphere
from tests.fakes.stacks import FakeStacks
from tests.fakes.world import SERVER, FakeClock, FakeEstateStore, World, make_estate, make_world


class FakeProver:
    """Recomputes every digest from the disks in memory."""

    def prove(self, requests: tuple[ProofRequest, ...], folder: Path) -> ProofAnswer:
        mismatches: list[dict[str, Any]] = []
        roots: dict[str, str] = {}
        expected: dict[str, str] = {}
        for request in requests:
            disk = request.reader["disk"]
            assert isinstance(disk, SparseDisk)
            with Manifest.open(request.manifest, writable=False) as manifest:
                expected[request.disk] = manifest.root()
                found = [block_digest(disk.blocks[i]) if i in disk.blocks else ZERO_DIGEST for i in range(manifest.blocks)]
                roots[request.disk] = merkle_root(found, manifest.size_bytes)
                wrong = (i for i, digest in enumerate(found) if digest != manifest.digest(i))
                mismatches.extend({"disk": request.disk, "offset": i << 19} for i in wrong)
        return ProofAnswer(mismatches=tuple(mismatches), roots=roots, expected=expected)


@dataclass
class FakeGate:
    blocking: tuple[str, ...] = ()

    def judge(self, request: GateRequest) -> GateAnswer:
        return GateAnswer(counts={"pass": 6 - len(self.blocking), "fail": len(self.blocking)}, blocking=self.blocking)


@dataclass
class FakeListener:
    steps: list[tuple[str, str]] = field(default_factory=list)
    on_start: dict[str, Callable[[], None]] = field(default_factory=dict)

    def step(self, server: str, step: str, state: str, detail: str = "") -> None:
        self.steps.append((step, state))
        if state == "started" and step in self.on_start:
            self.on_start[step]()

    def progress(self, progress: Progress) -> None:
        pass


class StoppingExecutor(InlineExecutor):
    """Runs calls until one of this name would be next."""

    before = ""

    def run(self, run_id: str, calls: Sequence[Call]) -> None:
        for call in calls:
            if call.name == self.before:
                self.before = ""
                raise StoppedError("stopped by the test", code="INC-6993")
            call.run()


class StoppedError(InclineError):
    """The test wanted it."""


@dataclass
class Rig:
    """One engine; `world`, `store` and `stacks` may be shared with another rig, `folder` never is."""

    path: Path
    world: World = field(default_factory=make_world)
    store: FakeEstateStore = field(default_factory=lambda: FakeEstateStore(make_estate()))
    stacks: FakeStacks | None = None
    gate: FakeGate = field(default_factory=FakeGate)
    listener: FakeListener = field(default_factory=FakeListener)
    clock: FakeClock = field(default_factory=FakeClock)
    executor: StoppingExecutor = field(default_factory=StoppingExecutor)
    instance_content: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store.world = self.world
        self.stacks = self.stacks or FakeStacks(self.world, self.store)
        sides = {"downtown": FakeVsphere(self.world), "aws-east": FakeAws(self.world)}
        self.folder = StateFolder(self.path)
        self.deps = Deps(
            folder=self.folder,
            estate=self.store,
            stacks=self.stacks,
            gate=self.gate,
            prover=FakeProver(),
            clock=self.clock,
            listener=self.listener,
            executor=self.executor,
            side=lambda site: sides[site],
            workers=1,
        )

    @property
    def engine(self) -> Engine:
        return Engine(self.deps)

    def context(self) -> Context:
        record = self.folder.latest(SERVER)
        assert record is not None
        return self.engine._context(self.folder.open(record.id))

    def go_up(self) -> None:
        self.engine.start(SERVER, "aws-east")
        self.engine.sync(SERVER)
        self.engine.cutover(SERVER)

    def vm_write(self, disk: str, block: int, text: bytes) -> None:
        self.world.vms[SERVER].disks[disk].write(block << 19, text)

    def instance_disk(self, name: str) -> SparseDisk:
        placement = self.store.load().placements[SERVER]
        volume = next(d.volume_id for d in placement.machine.disks if d.name == name)
        return self.world.volumes[volume].disk

    def stop_before(self, step: str, server: str) -> None:
        """Cut over until `step` would be next."""
        self.executor.before = step
        try:
            self.engine.cutover(server)
        except StoppedError:
            return
        raise AssertionError(f"{step} was never reached")

    def stop_on(self, step: str) -> None:
        """Ask to stop when `step` begins, as Ctrl-C would."""
        self.listener.on_start[step] = self.deps.stop.set

    def go_back(self) -> None:
        self.instance_content = {n: dict(self.instance_disk(n).blocks) for n in ("system", "data")}
        self.engine.start(SERVER, "downtown")
        self.engine.sync(SERVER)
        self.engine.cutover(SERVER)
