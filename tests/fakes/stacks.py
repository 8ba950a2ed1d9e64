"""Pulumi's stacks over the world in memory: what the programs declare is read from the estate, as the real programs do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.estate.model import Machine, Server
from migration.ports import Change, StackResource
from tests.fakes.disks import SparseDisk
from tests.fakes.world import BrokenError, FakeEstateStore, Instance, Volume, World


class FakeStacks:
    """`state` is what each stack's state holds: URN -> resource."""

    def __init__(self, world: World, store: FakeEstateStore) -> None:
        self.world, self.store = world, store
        self.state: dict[str, dict[str, StackResource]] = {"downtown.servers": {}, "aws-east.servers": {}}
        for stack in self.state:
            self._bring_up(stack)

    def preview(self, stack: str, *, refresh: bool = False) -> tuple[Change, ...]:
        wanted, have = self._wanted(stack), self.state[stack]
        changes = [Change(urn, "create") for urn in wanted if urn not in have]
        changes += [Change(urn, "delete") for urn in have if urn not in wanted]
        if any(have[c.urn].protect for c in changes if c.operation == "delete"):
            raise BrokenError("a protected resource would be deleted", code="INC-7001")
        if refresh:
            changes += [Change(urn, "create") for urn, r in have.items() if urn in wanted and not self._exists(r)]
        return tuple(changes)

    def up(self, stack: str) -> tuple[Change, ...]:
        changes = self.preview(stack)
        self._bring_up(stack)
        return changes

    def refresh(self, stack: str, urns: Sequence[str] = ()) -> None:
        for urn in [u for u, r in self.state[stack].items() if (not urns or u in urns) and not self._exists(r)]:
            del self.state[stack][urn]

    def resources(self, stack: str) -> tuple[StackResource, ...]:
        return tuple(self.state[stack].values())

    def unprotect(self, stack: str, urn: str) -> None:
        resource = self.state[stack].get(urn)
        if resource is not None and resource.protect:
            with self.world.effect("unprotect"):
                self.state[stack][urn] = StackResource(urn=urn, type=resource.type, id=resource.id, parent=resource.parent)

    def outputs(self, stack: str) -> Mapping[str, object]:
        return {}

    def _wanted(self, stack: str) -> dict[str, tuple[Server, Machine, str]]:
        site, estate = stack.split(".", maxsplit=1)[0], self.store.load()
        wanted: dict[str, tuple[Server, Machine, str]] = {}
        for name, placement in estate.placements.items():
            held = [placement.held.machine] if placement.held else []
            for machine in (m for m in (placement.machine, *held) if m.site == site):
                for child in self._children(machine):
                    wanted[f"urn:pulumi:{stack}::incline::server::{name}-{child}"] = (estate.servers[name], machine, child)
        return wanted

    def _children(self, machine: Machine) -> list[str]:
        if machine.site == "downtown":
            return ["vm"]
        data = [c for d in machine.disks[1:] if d.volume_id for c in (f"disk-{d.name}", f"attach-{d.name}")]
        return ["sg", "eni", "instance", *data]

    def _bring_up(self, stack: str) -> None:
        wanted = self._wanted(stack)
        for urn in [u for u in self.state[stack] if u not in wanted]:
            self._delete(stack, urn)
        for urn, (server, machine, child) in wanted.items():
            if urn not in self.state[stack]:
                self._create(stack, urn, server, machine, child)
            else:
                old = self.state[stack][urn]
                protect = child in {"vm", "instance"} or child.startswith("disk-")
                self.state[stack][urn] = StackResource(urn=urn, type=old.type, id=old.id, protect=protect)

    def _create(self, stack: str, urn: str, server: Server, machine: Machine, child: str) -> None:
        key = child
        if child == "vm":
            key = machine.uuid
            if not any(v.uuid == key for v in self.world.vms.values()):
                raise BrokenError(f"import: no machine {key}", code="INC-7002")
        elif child == "instance":
            with self.world.effect("launch"):
                key = self._launch(machine)
                self.state[stack][urn] = StackResource(urn=urn, type=child, id=key, protect=True)
        elif child.startswith("disk-"):
            key = next(d.volume_id for d in machine.disks if child == f"disk-{d.name}")
        protect = child in {"vm", "instance"} or child.startswith("disk-")
        self.state[stack][urn] = StackResource(urn=urn, type=child, id=key, protect=protect)

    def _launch(self, machine: Machine) -> str:
        key = self.world.fresh("i")
        self.world.instances[key] = Instance(image=machine.image_id)
        for disk in self.world.images[machine.image_id]:
            frozen: SparseDisk = self.world.snapshots[disk.snapshot_id].disk
            self.world.volumes[self.world.fresh("vol")] = Volume(
                disk=frozen.copy(disk.size), device=disk.device, snapshot=disk.snapshot_id, instance=key
            )
        return key

    def _delete(self, stack: str, urn: str) -> None:
        resource = self.state[stack][urn]
        if resource.type == "vm" and self._exists(resource):
            with self.world.effect("delete_vm"):
                self.world.vms = {n: v for n, v in self.world.vms.items() if v.uuid != resource.id}
        elif resource.type == "instance" and resource.id in self.world.instances:
            with self.world.effect("terminate"):
                del self.world.instances[resource.id]
                for key, volume in list(self.world.volumes.items()):
                    if volume.instance == resource.id:
                        volume.instance = ""
                        if volume.device == "/dev/sda1":
                            del self.world.volumes[key]
        elif resource.type.startswith("disk-") and resource.id in self.world.volumes:
            with self.world.effect("delete_volume"):
                del self.world.volumes[resource.id]
        del self.state[stack][urn]

    def _exists(self, resource: StackResource) -> bool:
        if resource.type in {"vm", ""} or resource.urn.endswith("-vm"):
            return any(v.uuid == resource.id for v in self.world.vms.values())
        if resource.urn.endswith("-instance"):
            return resource.id in self.world.instances
        if "-disk-" in resource.urn:
            return resource.id in self.world.volumes
        return True
