"""An AWS region as one side of a move: the verbs on its instances, snapshots and images.

A stopped instance is cut off by a security group without a rule, which the foundation keeps for that; the groups it had before are noted.
The lease is two tags on the instance. EC2 has no compare-and-set for tags, so it is read before and after it is written.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from infra.estate.model import AwsSite, DiskRecord, Machine, Server
from infra.observed import aws as observed
from infra.observed.aws import InstanceView, SnapshotKeeper
from infra.observed.aws_session import AwsError, AwsSession
from migration.control.interface import ControlError, Health, Lease, LeaseTakenError, MachineState, Point, TargetRequest
from migration.ebs.api import EbsApi, NewSnapshot
from migration.sources.ebs import EbsSource
from migration.targets.ebs import EbsTarget, whole_gib
from migration.types import BlockSource, BlockTarget

LEASE_TAG = "incline:move-lease"
EPOCH_TAG = "incline:move-epoch"
POINT_TAG = "incline:point"
MOVE_TAG = "incline:move"
PATIENCE_S = 900  # an instance that stops with a busy disk takes minutes
SNAPSHOT_PATIENCE_S = 6 * 3600  # EBS copies the changed blocks to S3 before a snapshot is complete; terabytes take hours
POLL_S = 1.0
GONE = frozenset({"terminated", "shutting-down"})
SNAPSHOT_TIMEOUT_MIN = 4320  # the most that AWS allows: a paused seed must not be cancelled overnight


@dataclass(frozen=True)
class AwsFacts:
    """What the site's foundation made and a move needs."""

    kms_key_arn: str
    quarantine_group: str
    vpc_id: str


class AwsControl:
    """One AWS site. `facts` reads the foundation's outputs when they are first needed."""

    point_is_base = True

    def __init__(
        self,
        session: AwsSession,
        api: EbsApi,
        site: AwsSite,
        facts: Callable[[], AwsFacts],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._session, self._api, self._site, self._facts, self._sleep = session, api, site, facts, sleep
        self._keeper = SnapshotKeeper(session)

    @property
    def site(self) -> str:
        """The site's name."""
        return self._site.name

    def identify(self, server: Server, machine: Machine) -> Machine:
        """By the server's name tag, when the placement names no instance; volumes by their devices."""
        if machine.instance_id:
            return machine
        living = [i for i in observed.instances(self._session, filters={"tag:Name": server.name}) if i.state not in GONE]
        if len(living) != 1:
            return machine
        view = living[0]
        disks = tuple(d.model_copy(update={"volume_id": view.volumes.get(d.device, "")}) for d in machine.disks)
        return machine.model_copy(update={"instance_id": view.id, "disks": disks})

    def look(self, machine: Machine) -> MachineState | None:
        """The instance as it is; None when it does not exist or is terminated."""
        view = self._view(machine)
        if view is None:
            return None
        groups = {g for i in view.interfaces for g in i.groups}
        sizes = {v.id: v.size for v in observed.volumes(self._session, filters={"attachment.instance-id": view.id})}
        return MachineState(
            power={"running": "on", "stopped": "off"}.get(view.state, "changing"),  # type: ignore[arg-type]
            cut_off=groups <= {self._facts().quarantine_group},
            lease=_lease(view.tags),
            snapshots=tuple(sorted({s.tags[POINT_TAG] for s in self._points() if s.volume in sizes})),
            disks=tuple(
                DiskRecord(name=_slug(device), size=sizes[volume], device=device, volume_id=volume)
                for device, volume in view.volumes.items()
                if volume in sizes
            ),
        )

    def assess(self, server: Server, machine: Machine) -> tuple[str, ...]:
        """Volumes that the placement does not know, encryption with a foreign key."""
        view = self._must(machine)
        known = {d.volume_id for d in machine.disks}
        reasons = [f"volume {v} at {d} is not in its placement" for d, v in view.volumes.items() if v not in known]
        if len(view.interfaces) > 1:
            reasons.append(f"{server.name} has {len(view.interfaces)} network interfaces; one can be moved")
        return tuple(reasons)

    def address_taken(self, server: Server) -> str:
        """A network interface of the site's network that has the server's address."""
        if self.site not in server.at:
            return ""
        for nic in server.at[self.site].nics:
            filters = [
                {"Name": "addresses.private-ip-address", "Values": [str(nic.address)]},
                {"Name": "vpc-id", "Values": [self._facts().vpc_id]},
            ]
            for found in self._session.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=filters):
                tags = {t["Key"]: t["Value"] for t in found.get("TagSet") or ()}
                if not tags.get("Name", "").startswith(server.name):
                    return f"{found['NetworkInterfaceId']} ({tags.get('Name') or found.get('Description') or 'unnamed'}) has {nic.address}"
        return ""

    def health(self, server: Server, machine: Machine) -> Health:
        """State and status checks of the instance, and its volumes."""
        view = self._must(machine)
        recorded = {d.volume_id for d in machine.disks if d.volume_id}
        wrong = [
            text
            for bad, text in (
                (view.state != "running", f"instance {view.id} is {view.state}"),
                (view.status != "ok", f"status checks of {view.id}: {view.status}"),
                (not recorded <= set(view.volumes.values()), "its volumes are not the recorded ones"),
            )
            if bad
        ]
        address = view.interfaces[0].address if view.interfaces else "no address"
        return Health(ok=not wrong, detail="; ".join(wrong) or f"status checks ok, {server.name} at {address}")

    def write_lease(self, machine: Machine, lease: Lease | None, *, expected: Lease | None) -> None:
        """Write the two tags, and look whether they are still ours afterwards."""
        found = _lease(self._must(machine).tags)
        if found == lease:
            return
        if found != expected:
            raise LeaseTakenError(f"{machine.instance_id}: its lease is {found}, not {expected}", code="INC-2020")
        if lease is None:
            self._ec2("delete_tags", Resources=[machine.instance_id], Tags=[{"Key": LEASE_TAG}, {"Key": EPOCH_TAG}])
        else:
            self._ec2(
                "create_tags",
                Resources=[machine.instance_id],
                Tags=_tags({LEASE_TAG: f"{lease.move} {lease.owner}", EPOCH_TAG: str(lease.epoch)}),
            )
        if _lease(self._must(machine).tags) != lease:
            raise LeaseTakenError(f"{machine.instance_id}: somebody else wrote its lease at the same time", code="INC-2020")

    def enable_tracking(self, machine: Machine) -> None:
        """EBS compares snapshots; there is nothing to switch on."""

    def disable_tracking(self, machine: Machine) -> None:
        """Nothing was switched on."""

    def create_point(self, machine: Machine, name: str) -> Point:
        """Snapshots of all volumes at one moment; returns when their data is complete."""
        found = self.find_point(machine, name)
        if found is None:
            tags = [{"ResourceType": "snapshot", "Tags": _tags({"Name": name, POINT_TAG: name})}]
            self._ec2(
                "create_snapshots",
                InstanceSpecification={"InstanceId": machine.instance_id, "ExcludeBootVolume": False},
                Description=f"incline move, {name}",
                TagSpecifications=tags,
            )
            found = self.find_point(machine, name)
        if found is None:
            raise ControlError(f"{machine.instance_id}: snapshots {name} were made and are not there", code="INC-2230")
        for snapshot in found.tracking.values():
            self._await(partial(self._is_completed, snapshot), f"snapshot {snapshot} is not completed", SNAPSHOT_PATIENCE_S)
        return found

    def find_point(self, machine: Machine, name: str) -> Point | None:
        """The snapshots of that name, when there is one of every volume."""
        of_volume = {s.volume: s.id for s in observed.snapshots(self._session, filters={f"tag:{POINT_TAG}": name})}
        found = {d.name: of_volume[d.volume_id] for d in machine.disks if d.volume_id in of_volume}
        return Point(name=name, id=name, tracking=found) if len(found) == len(machine.disks) else None

    def remove_point(self, machine: Machine, name: str) -> None:  # noqa: ARG002 - the tag names the move
        """Delete the snapshots of that name."""
        for found in observed.snapshots(self._session, filters={f"tag:{POINT_TAG}": name}):
            self._keeper.delete_snapshot(found.id)

    def open_source(self, machine: Machine, point: Point, disk: DiskRecord) -> BlockSource:  # noqa: ARG002 - the point knows the volume
        """The snapshot's blocks."""
        return EbsSource(self._api, point.tracking[disk.name])

    def open_target(self, request: TargetRequest) -> BlockTarget:
        """A pending snapshot: the one of this round, or a new one on top of the round before."""
        size = request.disk.size
        if request.pending and self._keeper.snapshot_state(request.pending) in {"pending", "completed"}:
            return EbsTarget(self._api, self._keeper, request.pending, size_bytes=size)
        # A pending snapshot that AWS has cancelled needs another token, or its failure would be answered again.
        token = hashlib.sha256(f"{request.token} {request.pending}".encode()).hexdigest()
        name = f"{request.server.name}-{request.disk.name}"
        wanted = NewSnapshot(
            size_gib=whole_gib(size),
            token=token,
            parent=request.parent,
            kms_key="" if request.parent else self._facts().kms_key_arn,
            description=f"incline move of {name}",
            tags=(("Name", name), (MOVE_TAG, request.move)),
            timeout_minutes=SNAPSHOT_TIMEOUT_MIN,
        )
        return EbsTarget.start(self._api, self._keeper, wanted)

    def drop_target(self, key: str) -> None:
        """Delete a pending or completed snapshot."""
        self._keeper.delete_snapshot(key)

    def verify_spec(self, machine: Machine | None, disk: DiskRecord, receipt: str) -> Mapping[str, object]:  # noqa: ARG002 - vSphere needs them
        """The snapshot, and where the EBS direct APIs answer."""
        return {
            "kind": "ebs",
            "snapshot": receipt,
            "site": self.site,
            "role": self._site.role,
            "user_env": self._site.credentials.user_env or "AWS_ACCESS_KEY_ID",
            "password_env": self._site.credentials.password_env or "AWS_SECRET_ACCESS_KEY",
            "region": self._session.region,
            "url": self._session.url,
            "ca_file": self._session.ca_file,
        }

    def power_off(self, machine: Machine) -> None:
        """Stop the instance; returns when it is stopped."""
        if self._must(machine).state not in {"stopped", "stopping"}:
            self._ec2("stop_instances", InstanceIds=[machine.instance_id])
        self._await(lambda: self._must(machine).state == "stopped", f"{machine.instance_id} does not stop")

    def power_on(self, machine: Machine) -> None:
        """Start the instance; returns when it runs."""
        if self._must(machine).state not in {"running", "pending"}:
            self._ec2("start_instances", InstanceIds=[machine.instance_id])
        self._await(lambda: self._must(machine).state == "running", f"{machine.instance_id} does not start")

    def connections(self, machine: Machine) -> Mapping[str, object]:
        """The security groups of each interface."""
        return {"interfaces": {i.id: list(i.groups) for i in self._must(machine).interfaces}}

    def cut_off(self, machine: Machine) -> None:
        """Leave every interface with the group without a rule."""
        group = self._facts().quarantine_group
        for interface in self._must(machine).interfaces:
            if interface.groups != (group,):
                self._ec2("modify_network_interface_attribute", NetworkInterfaceId=interface.id, Groups=[group])

    def reconnect(self, machine: Machine, connections: Mapping[str, object]) -> None:
        """Give every interface the groups it had."""
        known = connections.get("interfaces")
        if not isinstance(known, Mapping):
            raise ControlError(
                f"{machine.instance_id}: nobody noted which security groups it had",
                code="INC-2231",
                next_step=f"pulumi up --stack {self.site}.servers  gives it its own group again",
            )
        for interface in self._must(machine).interfaces:
            wanted = [str(g) for g in known.get(interface.id, ())]
            if wanted and sorted(interface.groups) != sorted(wanted):
                self._ec2("modify_network_interface_attribute", NetworkInterfaceId=interface.id, Groups=wanted)

    def register_image(self, server: Server, name: str, snapshots: Sequence[DiskRecord]) -> str:
        """One image with every disk; the boot volume goes with the instance, the data volumes stay."""
        found = self.find_image(name)
        if found:
            return found
        devices = [
            {
                "DeviceName": disk.device,
                "Ebs": {
                    "SnapshotId": disk.snapshot_id,
                    "VolumeSize": whole_gib(disk.size),
                    "VolumeType": "gp3",
                    "DeleteOnTermination": index == 0,
                },
            }
            for index, disk in enumerate(snapshots)
        ]
        answer = self._ec2(
            "register_image",
            Name=name,
            Description=f"{server.name}, moved by incline",
            Architecture="x86_64",
            VirtualizationType="hvm",
            RootDeviceName=snapshots[0].device,
            BlockDeviceMappings=devices,
            EnaSupport=True,
            ImdsSupport="v2.0",
            BootMode="uefi" if server.os.firmware == "efi" else "legacy-bios",
            TagSpecifications=[{"ResourceType": "image", "Tags": _tags({"Name": name, MOVE_TAG: name})}],
        )
        image = str(answer["ImageId"])
        self._await(
            lambda: any(i.state == "available" for i in observed.images(self._session, ids=[image])), f"image {image} is not available"
        )
        return image

    def find_image(self, name: str) -> str:
        """The image of that name."""
        return next((i.id for i in observed.images(self._session, filters={"name": name})), "")

    def deregister_image(self, image: str) -> None:
        """Remove the image; one that is gone is no error."""
        try:
            self._ec2("deregister_image", ImageId=image)
        except AwsError as exc:
            if not exc.aws_code.startswith(("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")):
                raise

    def snapshots_of(self, move: str) -> tuple[str, ...]:
        """Snapshots that carry the move's tag."""
        return tuple(s.id for s in observed.snapshots(self._session, filters={f"tag:{MOVE_TAG}": move}))

    def find_launched(self, server: Server, image: str) -> Machine | None:  # noqa: ARG002 - the image is the server's own
        """The living instance of the image with its volumes."""
        for view in observed.instances(self._session, filters={"image-id": image}):
            if view.state not in GONE:
                sizes = {v.id: v.size for v in observed.volumes(self._session, filters={"attachment.instance-id": view.id})}
                disks = tuple(
                    DiskRecord(name=_slug(device), size=sizes[volume], device=device, volume_id=volume)
                    for device, volume in view.volumes.items()
                    if volume in sizes
                )
                return Machine(site=self.site, instance_id=view.id, image_id=image, disks=disks)
        return None

    def delete_volumes_of(self, snapshots: Sequence[str]) -> tuple[str, ...]:
        """Delete unattached volumes made from these snapshots."""
        removed = []
        for snapshot in snapshots:
            for volume in observed.volumes(self._session, filters={"snapshot-id": snapshot}):
                if not volume.instance and volume.state == "available":
                    self._ec2("delete_volume", VolumeId=volume.id)
                    removed.append(volume.id)
        return tuple(removed)

    def _is_completed(self, snapshot: str) -> bool:
        return self._keeper.snapshot_state(snapshot) == "completed"

    def _points(self) -> tuple[Any, ...]:
        return observed.snapshots(self._session, filters={"tag-key": POINT_TAG})

    def _view(self, machine: Machine) -> InstanceView | None:
        view = observed.instance(self._session, machine.instance_id) if machine.instance_id else None
        return None if view is None or view.state in GONE else view

    def _must(self, machine: Machine) -> InstanceView:
        view = self._view(machine)
        if view is None:
            raise ControlError(
                f"site {self.site}: instance {machine.instance_id or '(none recorded)'} does not exist",
                code="INC-2232",
                next_step="compare the server's placement with the account",
            )
        return view

    def _ec2(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._session.call("ec2", operation, **arguments)

    def _await(self, reached: Callable[[], bool], otherwise: str, patience_s: float = PATIENCE_S) -> None:
        waited = 0.0
        pause = POLL_S / 5
        while not reached():
            if waited >= patience_s:
                raise ControlError(f"site {self.site}: {otherwise} after {patience_s:.0f} s", code="INC-2233")
            self._sleep(pause)
            waited += pause
            pause = min(5 * POLL_S, pause * 1.5)


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v} for k, v in tags.items()]


def _lease(tags: Mapping[str, str]) -> Lease | None:
    parts = tags.get(LEASE_TAG, "").split()
    return Lease(move=parts[0], owner=parts[1], epoch=int(tags.get(EPOCH_TAG, "0"))) if len(parts) == 2 else None


def _slug(device: str) -> str:
    return device.rsplit("/", 1)[-1].lower() or "disk"
