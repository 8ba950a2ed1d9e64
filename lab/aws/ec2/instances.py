"""Instances: states that take time, disks and interfaces that behave, status checks that look at the disks."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance, InstanceState, StateReason

from lab.aws.ec2.refusals import incorrect_instance_state, refuse
from lab.aws.health import Verdict, verdict

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


class LabInstance(Instance):
    """An instance. moto's model, with transitions of its own and without groups apart from those of its first interface."""

    ena_support = True
    boot_mode: str | None = None
    platform_details = "Linux/UNIX"
    usage_operation = "RunInstances"
    auto_recovery = "default"
    running_since = 0.0

    def __init__(self, backend: Any, image_id: str, user_data: Any, security_groups: list[Any], **kwargs: Any) -> None:
        self._launch_groups: list[Any] = []
        self.nics: dict[int, Any] = {}
        kwargs["client_token"] = kwargs.get("client_token") or ""
        super().__init__(backend, image_id, user_data, security_groups, **kwargs)
        image = backend.amis.get(self.image_id)
        if image is not None:
            self.ena_support, self.boot_mode = bool(image.ena_support), image.boot_mode
            self.platform_details, self.usage_operation = image.platform_details, image.usage_operation
        self.hibernation_options = kwargs.get("hibernation_options") or {"Configured": False}
        self._state = InstanceState("pending", 0)
        self._move_on("running", self._up)

    @property
    def current_instance_boot_mode(self) -> str:
        """What it really booted with."""
        return "uefi" if self.boot_mode in {"uefi", "uefi-preferred"} else "legacy-bios"

    @property
    def cpu_options(self) -> dict[str, Any]:
        """Cores and threads of its type."""
        info = self.ec2_backend.type_info(self.instance_type).get("VCpuInfo", {})
        return {"CoreCount": info.get("DefaultCores"), "ThreadsPerCore": info.get("DefaultThreadsPerCore")}

    @property
    def maintenance_options(self) -> dict[str, str]:
        """Simplified automatic recovery, which is on unless switched off; nothing here ever needs it."""
        return {"AutoRecovery": self.auto_recovery, "RebootMigration": "default"}

    @property
    def usage_operation_update_time(self) -> Any:
        """When the billing code was set."""
        return self.launch_time

    @property
    def security_groups(self) -> list[Any]:
        """The groups of the first interface, which is where AWS keeps them."""
        return self.nics[0].group_set if 0 in self.nics else self._launch_groups

    @security_groups.setter
    def security_groups(self, groups: list[Any]) -> None:
        """Changes them there."""
        if 0 in self.nics:
            self.nics[0]._group_set = groups  # noqa: SLF001 moto gives no other way
        else:
            self._launch_groups = groups

    @property
    def private_ip(self) -> str | None:
        """The first address; a terminated instance has none."""
        return self.nics[0].private_ip_address if 0 in self.nics else None

    @property
    def private_ip_address(self) -> str | None:
        """The same, under the name of the API."""
        return self.private_ip

    @property
    def private_dns_name(self) -> str:
        """Made of the address."""
        return super().private_dns_name if self.private_ip else ""

    @property
    def public_ip(self) -> str | None:
        """The first interface's public address."""
        return self.nics[0].public_ip if 0 in self.nics else None

    @property
    def public_ip_address(self) -> str | None:
        """The same, under the name of the API."""
        return self.public_ip

    @property
    def device_names(self) -> list[str]:
        """For filters."""
        return list(self.block_device_mapping)

    @property
    def volume_ids(self) -> list[str]:
        """For filters."""
        return [block.volume_id for block in self.block_device_mapping.values()]

    @property
    def interface_ids(self) -> list[str]:
        """For filters."""
        return [nic.id for nic in self.nics.values()]

    def volumes_in_order(self) -> list[Any]:
        """Its volumes as the guest counts them: the root first, then by device name."""
        names = sorted(self.block_device_mapping, key=lambda name: (name != self.root_device_name, name))
        return [self.ec2_backend.volumes[self.block_device_mapping[name].volume_id] for name in names]

    def prep_nics(
        self,
        nic_spec: list[dict[str, Any]],
        private_ip: str | None = None,
        associate_public_ip: bool | None = None,
        security_groups: list[Any] | None = None,
        ipv6_address_count: int | None = None,
    ) -> None:
        """Attaches interfaces that exist, makes those that do not."""
        del ipv6_address_count
        for spec in nic_spec or [{"DeviceIndex": 0, "PrivateIpAddress": private_ip}]:
            index = int(spec.get("DeviceIndex") or 0)
            if spec.get("NetworkInterfaceId"):
                eni = self.ec2_backend.get_network_interface(spec["NetworkInterfaceId"])
                eni.delete_on_termination = bool(spec.get("DeleteOnTermination", False))
            else:
                public = spec.get("AssociatePublicIpAddress")
                eni = self.ec2_backend.create_network_interface(
                    spec.get("SubnetId") or self._subnet_id,
                    spec.get("PrivateIpAddress"),
                    [item for item in spec.get("PrivateIpAddresses") or [] if item.get("PrivateIpAddress")],
                    group_ids=spec.get("Groups") or [group.id for group in security_groups or []],
                    description=spec.get("Description") or "",
                    delete_on_termination=spec.get("DeleteOnTermination", True),
                    strict=True,
                    device_index=index,
                    public_ip_auto_assign=bool(associate_public_ip if public is None else public),
                )
            self.attach_eni(eni, index)

    def _move_on(self, state: str, do: Any = None) -> None:
        """Takes the instance to a state after the delay of the settings, unless it has gone elsewhere by then."""
        from_state = self._state.name

        def arrive() -> None:
            if self._state.name != from_state:
                return
            self._state = InstanceState(state, CODES[state])
            if do is not None:
                do()

        world = self.ec2_backend.world
        world.later(world.settings.instance_delay_s, arrive)

    def _leave(self, state: str) -> InstanceState:
        previous = copy.copy(self._state)
        self._state = InstanceState(state, CODES[state])
        return previous

    def _up(self) -> None:
        self.running_since = self.ec2_backend.world.settings.now()

    def start(self) -> InstanceState:
        """StartInstances: from stopped only; nothing to do when it runs already."""
        if self.state in {"pending", "running"}:
            return copy.copy(self._state)
        if self.state != "stopped":
            raise incorrect_instance_state(self.id, "started")
        self.ec2_backend.check_quota(self.instance_type, 1)
        previous = self._leave("pending")
        for nic in self.nics.values():
            nic.start()
        self._reason, self.state_reason, self.launch_time = "", StateReason(), utcnow()
        self._move_on("running", self._up)
        return previous

    def stop(self) -> InstanceState:
        """StopInstances: its interfaces and their private addresses stay with it."""
        if self.state in {"stopping", "stopped"}:
            return copy.copy(self._state)
        if self.state != "running":
            raise incorrect_instance_state(self.id, "stopped")
        previous = self._leave("stopping")
        for nic in self.nics.values():
            nic.stop()
        self._say_user_did_it()
        self._move_on("stopped")
        return previous

    def reboot(self) -> None:
        """RebootInstances."""
        if self.state != "running":
            raise incorrect_instance_state(self.id, "rebooted")

    def terminate(self) -> InstanceState:
        """TerminateInstances: disks and interfaces go or stay as each one's DeleteOnTermination says."""
        if self.state in {"shutting-down", "terminated"}:
            return copy.copy(self._state)
        previous = self._leave("shutting-down")
        self._say_user_did_it()
        self._move_on("terminated", self._release)
        return previous

    def _release(self) -> None:
        for nic in list(self.nics.values()):
            self.detach_eni(nic)
            nic.stop()
            if nic.delete_on_termination:
                self.ec2_backend.delete_network_interface(nic.id)
        self.nics, self._launch_groups = {}, []
        super().terminate()

    def _say_user_did_it(self) -> None:
        self._reason = f"User initiated ({utcnow().strftime('%Y-%m-%d %H:%M:%S GMT')})"
        self.state_reason = StateReason("Client.UserInitiatedShutdown: User initiated shutdown", "Client.UserInitiatedShutdown")

    def _checked(self) -> Verdict:
        store = self.ec2_backend.world.store

        def reader(volume_id: str) -> Any:
            return lambda offset, length: store.read(volume_id, offset, length)

        return verdict([reader(volume.id) for volume in self.volumes_in_order()])

    @property
    def instance_id(self) -> str:
        """Its id under the name that DescribeInstanceStatus carries: moto shortens names by the class's own, which is not this one's."""
        return str(self.id)

    @property
    def instance_status(self) -> dict[str, Any]:
        """Derived from the identity blocks on its disks: a machine whose disk is wrong, empty or torn is impaired."""
        if self.state != "running":
            return {"Status": "not-applicable"}
        settings = self.ec2_backend.world.settings
        if settings.now() < self.running_since + settings.status_delay_s:
            return {"Status": "initializing", "Details": [{"Name": "reachability", "Status": "initializing"}]}
        if self._checked().healthy:
            return {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
        return {"Status": "impaired", "Details": [{"Name": "reachability", "Status": "failed", "ImpairedSince": self.launch_time}]}

    def console(self) -> str:
        """What its console would show: the lab boots nothing, it says what its disks say."""
        found = self._checked()
        return f"lab: {'the machine is up' if found.healthy else found.reason}\n" if self.state == "running" else ""

    def must_be_stopped(self, what: str) -> None:
        """Refuses what AWS allows on a stopped instance only."""
        if self.state != "stopped":
            raise refuse("IncorrectInstanceState", f"The instance '{self.id}' must be stopped to change its {what}.")
