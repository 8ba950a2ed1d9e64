"""Both sides of a move over the world in memory: the same verbs, the same refusals, as the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.estate.model import DiskRecord, Machine, Server
from migration.control.interface import Health, Lease, LeaseTakenError, MachineState, Point, TargetRequest
from migration.types import BlockReader, BlockSource, BlockTarget
from tests.fakes.disks import DiskSource, DiskTarget, SparseDisk
from tests.fakes.world import IDENTITY, BrokenError, Instance, Snapshot, Vm, Volume, World


def _healthy(disks: list[SparseDisk]) -> bool:
    return all(d.read(1 << 20, len(IDENTITY) + 1) == IDENTITY + bytes([n]) for n, d in enumerate(disks))


class FakeVsphere:
    """A vCenter."""

    point_is_base = False

    def __init__(self, world: World, site: str = "downtown") -> None:
        self.world, self.site = world, site

    def _vm(self, machine: Machine) -> Vm | None:
        return next((v for v in self.world.vms.values() if v.uuid == machine.uuid), None)

    def _must(self, machine: Machine) -> Vm:
        vm = self._vm(machine)
        if vm is None:
            raise BrokenError(f"no machine {machine.uuid}", code="INC-6998")
        return vm

    def identify(self, server: Server, machine: Machine) -> Machine:
        return machine

    def look(self, machine: Machine) -> MachineState | None:
        vm = self._vm(machine)
        if vm is None:
            return None
        disks = tuple(DiskRecord(name=n, size=d.size, uuid=vm.uuids[n]) for n, d in vm.disks.items())
        return MachineState(
            power="on" if vm.power == "on" else "off",
            cut_off=not vm.connected,
            lease=vm.lease,
            snapshots=tuple(vm.snapshots),
            disks=disks,
            tracking=vm.tracking,
        )

    def assess(self, server: Server, machine: Machine) -> tuple[str, ...]:
        foreign = [n for n in self._must(machine).snapshots if not n.startswith("incline-")]
        return tuple(f"snapshot {n} is not ours" for n in foreign)

    def address_taken(self, server: Server) -> str:
        return ""

    def health(self, server: Server, machine: Machine) -> Health:
        vm = self._must(machine)
        ok = vm.power == "on" and vm.connected and _healthy(list(vm.disks.values()))
        return Health(ok=ok, detail="tools running" if ok else "tools not running")

    def write_lease(self, machine: Machine, lease: Lease | None, *, expected: Lease | None) -> None:
        vm = self._must(machine)
        if vm.lease != expected:
            raise LeaseTakenError(f"{machine.uuid}: lease is {vm.lease}", code="INC-2020")
        with self.world.effect("write_lease"):
            vm.lease = lease

    def enable_tracking(self, machine: Machine) -> None:
        if not self._must(machine).tracking:
            with self.world.effect("enable_tracking"):
                self._must(machine).tracking = True

    def disable_tracking(self, machine: Machine) -> None:
        with self.world.effect("disable_tracking"):
            self._must(machine).tracking = False

    def create_point(self, machine: Machine, name: str) -> Point:
        vm = self._must(machine)
        if name not in vm.snapshots:
            with self.world.effect("create_point"):
                vm.snapshots[name] = {n: d.copy() for n, d in vm.disks.items()}
                for n, d in vm.disks.items():
                    vm.history[f"{n}@{name}"] = d.copy()
        point = self.find_point(machine, name)
        assert point is not None
        return point

    def find_point(self, machine: Machine, name: str) -> Point | None:
        vm = self._must(machine)
        if name not in vm.snapshots:
            return None
        return Point(name=name, id=name, tracking={n: f"{n}@{name}" for n in vm.disks})

    def remove_point(self, machine: Machine, name: str) -> None:
        vm = self._vm(machine)
        if vm is not None and name in vm.snapshots:
            with self.world.effect("remove_point"):
                del vm.snapshots[name]

    def open_source(self, machine: Machine, point: Point, disk: DiskRecord) -> BlockSource:
        vm = self._must(machine)
        past = {k: v for k, v in vm.history.items() if k.startswith(f"{disk.name}@")}
        return DiskSource(vm.snapshots[point.name][disk.name], f"{disk.name}@{point.name}", past)

    def open_target(self, request: TargetRequest) -> BlockTarget:
        assert request.machine is not None
        vm = self._must(request.machine)
        if vm.power != "off" or vm.snapshots:
            raise BrokenError("only the disks of a machine that is off, without snapshots, can be written", code="INC-6997")
        name = request.disk.name
        return DiskTarget(vm.disks[name], vm.uuids[name], in_place=True, sent=self.world.sent)

    def drop_target(self, key: str) -> None:
        """Nothing lies outside of a machine."""

    def verify_spec(self, machine: Machine | None, disk: DiskRecord, receipt: str) -> Mapping[str, object]:
        assert machine is not None
        return {"disk": self._must(machine).disks[disk.name]}

    def power_off(self, machine: Machine) -> None:
        vm = self._must(machine)
        if vm.power == "on":
            with self.world.effect("power_off"):
                vm.power = "off"

    def power_on(self, machine: Machine) -> None:
        vm = self._must(machine)
        if vm.power == "off":
            with self.world.effect("power_on"):
                vm.power = "on"

    def connections(self, machine: Machine) -> Mapping[str, object]:
        return {"connected": self._must(machine).connected}

    def cut_off(self, machine: Machine) -> None:
        vm = self._must(machine)
        if vm.connected:
            with self.world.effect("cut_off"):
                vm.connected = False

    def reconnect(self, machine: Machine, connections: Mapping[str, object]) -> None:
        vm = self._must(machine)
        if not vm.connected and connections.get("connected", True):
            with self.world.effect("reconnect"):
                vm.connected = True

    def open_reader(self, machine: Machine, disk: DiskRecord) -> BlockReader:
        return DiskSource(self._must(machine).disks[disk.name], "now", {})

    def create_machine(self, server: Server, sizes: Mapping[str, int], move: str) -> Machine:
        found = self.find_made(server, move)
        if found is None:
            if server.name in self.world.vms:
                raise BrokenError(f"there is a machine {server.name} already", code="INC-6996")
            with self.world.effect("create_machine"):
                disks = {n: SparseDisk(s) for n, s in sizes.items()}
                uuids = {n: f"made-{n}" for n in sizes}
                self.world.vms[server.name] = Vm(uuid="made-uuid", disks=disks, uuids=uuids, power="off", connected=False, made_by=move)
            found = self.find_made(server, move)
        assert found is not None
        return found

    def find_made(self, server: Server, move: str) -> Machine | None:
        vm = self.world.vms.get(server.name)
        if vm is None or vm.made_by != move:
            return None
        records = tuple(
            DiskRecord(name=n, size=d.size, uuid=vm.uuids[n], label=f"Hard disk {i + 1}") for i, (n, d) in enumerate(vm.disks.items())
        )
        return Machine(site=self.site, import_id=f"/Downtown/vm/{server.name}", uuid=vm.uuid, disks=records)

    def unmark_machine(self, machine: Machine) -> None:
        if self._must(machine).made_by:
            with self.world.effect("unmark_machine"):
                self._must(machine).made_by = ""

    def destroy_machine(self, machine: Machine) -> None:
        for name, vm in list(self.world.vms.items()):
            if vm.uuid == machine.uuid:
                if vm.power == "on":
                    raise BrokenError("is powered on", code="INC-6995")
                with self.world.effect("destroy_machine"):
                    del self.world.vms[name]

    def grow_disk(self, machine: Machine, disk: DiskRecord, size: int) -> None:
        vm = self._must(machine)
        if vm.disks[disk.name].size < size:
            with self.world.effect("grow_disk"):
                vm.disks[disk.name].size = size


class FakeAws:
    """An AWS region."""

    point_is_base = True

    def __init__(self, world: World, site: str = "aws-east") -> None:
        self.world, self.site = world, site

    def _must(self, machine: Machine) -> Instance:
        instance = self.world.instances.get(machine.instance_id)
        if instance is None:
            raise BrokenError(f"no instance {machine.instance_id}", code="INC-6998")
        return instance

    def _volumes(self, instance: str) -> dict[str, Volume]:
        return {k: v for k, v in self.world.volumes.items() if v.instance == instance}

    def identify(self, server: Server, machine: Machine) -> Machine:
        return machine

    def look(self, machine: Machine) -> MachineState | None:
        instance = self.world.instances.get(machine.instance_id)
        if instance is None:
            return None
        disks = tuple(
            DiskRecord(name="x", size=v.disk.size, volume_id=k, device=v.device) for k, v in self._volumes(machine.instance_id).items()
        )
        mine = {d.volume_id for d in machine.disks}
        points = tuple(s.name for s in self.world.snapshots.values() if s.name and s.name.startswith("incline-") and mine)
        return MachineState(
            power="on" if instance.power == "on" else "off",
            cut_off=instance.group != "server",
            lease=instance.lease,
            snapshots=tuple(sorted({p.rsplit("/", 1)[0] for p in points})),
            disks=disks,
        )

    def assess(self, server: Server, machine: Machine) -> tuple[str, ...]:
        return ()

    def address_taken(self, server: Server) -> str:
        return ""

    def health(self, server: Server, machine: Machine) -> Health:
        instance = self._must(machine)
        disks = [v.disk for v in sorted(self._volumes(machine.instance_id).values(), key=lambda v: v.device)]
        ok = instance.power == "on" and _healthy(disks)
        return Health(ok=ok, detail="instance status ok" if ok else "impaired")

    def write_lease(self, machine: Machine, lease: Lease | None, *, expected: Lease | None) -> None:
        instance = self._must(machine)
        if instance.lease != expected:
            raise LeaseTakenError(f"{machine.instance_id}: lease is {instance.lease}", code="INC-2020")
        with self.world.effect("write_lease"):
            instance.lease = lease

    def enable_tracking(self, machine: Machine) -> None:
        pass

    def disable_tracking(self, machine: Machine) -> None:
        pass

    def create_point(self, machine: Machine, name: str) -> Point:
        point = self.find_point(machine, name)
        if point is None:
            with self.world.effect("create_point"):
                for disk in machine.disks:
                    key = self.world.fresh("snap")
                    frozen = self.world.volumes[disk.volume_id].disk.copy()
                    self.world.snapshots[key] = Snapshot(disk=frozen, done=True, name=f"{name}/{disk.name}")
            point = self.find_point(machine, name)
        assert point is not None
        return point

    def find_point(self, machine: Machine, name: str) -> Point | None:
        found = {d.name: k for d in machine.disks for k, s in self.world.snapshots.items() if s.name == f"{name}/{d.name}"}
        return Point(name=name, id=name, tracking=found) if len(found) == len(machine.disks) else None

    def remove_point(self, machine: Machine, name: str) -> None:
        for key in [k for k, s in self.world.snapshots.items() if s.name.rsplit("/", 1)[0] == name]:
            with self.world.effect("remove_point"):
                del self.world.snapshots[key]

    def open_source(self, machine: Machine, point: Point, disk: DiskRecord) -> BlockSource:
        key = point.tracking[disk.name]
        past = {k: s.disk for k, s in self.world.snapshots.items() if s.done}
        return DiskSource(self.world.snapshots[key].disk, key, past)

    def open_target(self, request: TargetRequest) -> BlockTarget:
        key = request.pending or next((k for k, s in self.world.snapshots.items() if s.token == request.token), "")
        if not key:
            with self.world.effect("start_snapshot"):
                key = self.world.fresh("snap")
                size = -(-request.disk.size // (1 << 30)) << 30
                base = self.world.snapshots[request.parent].disk.copy() if request.parent else SparseDisk(size)
                self.world.snapshots[key] = Snapshot(disk=base, token=request.token)
        snapshot = self.world.snapshots[key]

        def finished() -> None:
            with self.world.effect("complete_snapshot"):
                snapshot.done = True

        return DiskTarget(snapshot.disk, key, in_place=False, finished=finished, sent=self.world.sent)

    def drop_target(self, key: str) -> None:
        if key in self.world.snapshots:
            if any(d.snapshot_id == key for disks in self.world.images.values() for d in disks):
                raise BrokenError(f"{key} is in use by an image", code="INC-6994")
            with self.world.effect("drop_target"):
                del self.world.snapshots[key]

    def verify_spec(self, machine: Machine | None, disk: DiskRecord, receipt: str) -> Mapping[str, object]:
        assert self.world.snapshots[receipt].done
        return {"disk": self.world.snapshots[receipt].disk}

    def power_off(self, machine: Machine) -> None:
        if self._must(machine).power == "on":
            with self.world.effect("power_off"):
                self._must(machine).power = "off"

    def power_on(self, machine: Machine) -> None:
        if self._must(machine).power == "off":
            with self.world.effect("power_on"):
                self._must(machine).power = "on"

    def connections(self, machine: Machine) -> Mapping[str, object]:
        return {"group": self._must(machine).group}

    def cut_off(self, machine: Machine) -> None:
        if self._must(machine).group == "server":
            with self.world.effect("cut_off"):
                self._must(machine).group = "quarantine"

    def reconnect(self, machine: Machine, connections: Mapping[str, object]) -> None:
        if self._must(machine).group != "server":
            with self.world.effect("reconnect"):
                self._must(machine).group = "server"

    def register_image(self, server: Server, name: str, snapshots: Sequence[DiskRecord]) -> str:
        found = self.find_image(name)
        if found:
            return found
        assert all(self.world.snapshots[s.snapshot_id].done for s in snapshots)
        with self.world.effect("register_image"):
            image = self.world.fresh("ami")
            self.world.images[image] = list(snapshots)
            self.world.names[name] = image
        return image

    def find_image(self, name: str) -> str:
        image = self.world.names.get(name, "")
        return image if image in self.world.images else ""

    def deregister_image(self, image: str) -> None:
        if image in self.world.images:
            with self.world.effect("deregister_image"):
                del self.world.images[image]

    def snapshots_of(self, move: str) -> tuple[str, ...]:
        return tuple(k for k, s in self.world.snapshots.items() if s.token.startswith(f"{move}-"))

    def find_launched(self, server: Server, image: str) -> Machine | None:
        for key, instance in self.world.instances.items():
            if instance.image == image:
                disks = tuple(DiskRecord(name="x", size=v.disk.size, device=v.device, volume_id=k) for k, v in self._volumes(key).items())
                return Machine(site=self.site, instance_id=key, image_id=image, disks=disks)
        return None

    def delete_volumes_of(self, snapshots: Sequence[str]) -> tuple[str, ...]:
        loose = [k for k, v in self.world.volumes.items() if not v.instance and v.snapshot in snapshots]
        for key in loose:
            with self.world.effect("delete_volume"):
                del self.world.volumes[key]
        return tuple(loose)
