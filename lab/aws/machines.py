"""Disks from the guest's side: what a guest writes and reads on its volumes, rot on demand, and what stands where."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.servicequotas.models import servicequotas_backends

from infra.errors import InclineError
from lab.aws.blocks.pack import BLOCK
from lab.aws.ec2.backend import LabEc2
from lab.aws.ec2.world import World
from lab.aws.quotas import SERVICE
from lab.guest import pattern

PIECE = 4 << 20


class Machines:
    """Finds a volume in whatever region it is. Reads and writes go by byte, as a guest's do."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _regions(self) -> list[LabEc2]:
        return [backend for _, _, backend in ec2_backends.iter_backends()]

    def _volume(self, volume_id: str) -> Any:
        for backend in self._regions():
            if volume_id in backend.volumes:
                return backend.volumes[volume_id]
        raise NoSuchDiskError(volume_id, "no region of the lab has this volume")

    def _span(self, volume: Any, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > volume.size << 30:
            raise NoSuchDiskError(volume.id, f"bytes {offset} to {offset + length} lie outside of its {volume.size} GiB")

    def quotas(self) -> list[dict[str, Any]]:
        """The limits of every region that is in use."""
        places = sorted({(backend.account_id, backend.region_name) for backend in self._regions()})
        return [
            {"region": name, "code": quota["QuotaCode"], "name": quota["QuotaName"], "value": quota["Value"]}
            for account, name in places
            for quota in servicequotas_backends[account][name].list_service_quotas(SERVICE)
        ]

    def set_quota(self, code: str, value: float, region: str = "") -> dict[str, Any]:
        """Another limit in every region that is in use, or in the one named."""
        places = {(backend.account_id, backend.region_name) for backend in self._regions()}
        wanted = sorted(place for place in places if region in {"", place[1]})
        if not wanted:
            raise NoSuchRegionError(region)
        with self._world.lock:
            before = [servicequotas_backends[account][name].limits.get(code) for account, name in wanted]
            for account, name in wanted:
                servicequotas_backends[account][name].set(code, value)
        return {"value": value, "before": before[0], "regions": sorted({name for _, name in wanted})}

    def write(self, volume_id: str, offset: int, data: bytes) -> None:
        """A running guest's write."""
        with self._world.lock:
            for backend in self._regions():
                backend.settle()
        volume = self._volume(volume_id)
        instance = volume.attachment.instance if volume.attachment else None
        if instance is None or instance.state != "running":
            where = f"on an instance that is {instance.state}" if instance else "not attached"
            raise NoSuchDiskError(volume_id, f"only a running guest writes; this volume is {where}")
        self._span(volume, offset, len(data))
        self._world.store.write(volume_id, offset, data)

    def write_seeded(self, volume_id: str, offset: int, seed: int, length: int) -> int:
        """A running guest's write of `length` bytes that a seed determines, the same as on the lab's vCenter."""
        data = pattern(seed, length)
        for start in range(0, length, PIECE):
            self.write(volume_id, offset + start, data[start : start + PIECE])
        return length

    def read(self, volume_id: str, offset: int, length: int) -> bytes:
        """What is on a volume, or in a snapshot, running or not."""
        if self._world.store.get(volume_id) is None:
            raise NoSuchDiskError(volume_id, "nothing is stored under this id")
        return self._world.store.read(volume_id, offset, length)

    def corrupt(self, name: str, offset: int, bit: int, *, silent: bool) -> None:
        """Flips one bit of the stored byte at an offset of a volume or snapshot. All that share the block are hit, as rot would."""
        content = self._world.store.get(name)
        slot = content.blocks.get(offset // BLOCK) if content else 0
        if not slot:
            raise NoSuchDiskError(name, f"it has no stored block at offset {offset}")
        self._world.store.pack.flip(slot, offset % BLOCK * 8 + bit, silent=silent)

    def describe(self) -> dict[str, Any]:
        """What stands where, for tests and for `incline lab status`."""
        with self._world.lock:
            regions = {}
            for backend in self._regions():
                backend.settle()
                instances = {i.id: i.state for i in backend.all_instances()}
                regions[f"{backend.account_id}/{backend.region_name}"] = {
                    "instances": instances,
                    "volumes": {v.id: {"gib": v.size, "blocks": self._blocks(v.id)} for v in backend.volumes.values()},
                    "snapshots": {s.id: {"status": s.status, "blocks": self._blocks(s.id)} for s in backend.snapshots.values()},
                    "images": {i.id: i.name for i in backend.amis.values()},
                }
            return {"regions": regions}

    def _blocks(self, name: str) -> int:
        content = self._world.store.get(name)
        return len(content.blocks) if content else 0


class NoSuchRegionError(InclineError):
    """A region that nobody has used."""

    def __init__(self, region: str) -> None:
        super().__init__(f"nothing of the lab's AWS is in region {region}", code="INC-4307")


class NoSuchDiskError(InclineError):
    """A guest's access that cannot be."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the lab's AWS cannot reach {name}: {why}", code="INC-4303")
