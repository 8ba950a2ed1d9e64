"""Network interfaces: addresses given out once, groups of their own, a life that is longer than an instance's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import Attachment, NetworkInterface

from lab.aws.ec2.refusals import bad_value, refuse
from lab.aws.ec2.world import World


class LabInterface(NetworkInterface):
    """An interface whose groups are its own, not those of the instance's first one."""

    @property
    def network_interface_id(self) -> str:
        """Its id under the name that answers carry: moto shortens names by the class's own, which is not this one's."""
        return str(self.id)

    @property
    def group_set(self) -> list[Any]:
        """Its security groups."""
        return self._group_set

    @property
    def association(self) -> dict[str, Any] | None:
        """Its public address, if it has one."""
        return super().association if self.public_ip else None


def addresses_of(eni: NetworkInterface) -> set[str]:
    """All private addresses of an interface."""
    return {str(item["PrivateIpAddress"]) for item in eni.private_ip_addresses}


class Interfaces:
    """The part of the EC2 backend that answers for network interfaces."""

    world: World
    enis: dict[str, LabInterface]

    def create_network_interface(
        self,
        subnet: Any,
        private_ip_address: str | list[str] | None,
        private_ip_addresses: list[dict[str, Any]] | None = None,
        group_ids: list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        delete_on_termination: bool | None = False,
        *,
        strict: bool = False,
        **kwargs: Any,
    ) -> LabInterface:
        """CreateNetworkInterface: a free address of the subnet, or the one asked for if it is free.

        moto's other parts ask for made-up addresses: unless `strict`, an address that cannot be had is replaced by a free one.
        """
        if isinstance(subnet, str):
            subnet = self.get_subnet(subnet)  # type: ignore[attr-defined]
        wanted: Any = private_ip_address[0] if isinstance(private_ip_address, list) and private_ip_address else private_ip_address
        extra = [dict(item) if isinstance(item, dict) else {"PrivateIpAddress": item} for item in private_ip_addresses or []]
        primary = next((str(i["PrivateIpAddress"]) for i in extra if i.get("Primary")), "")
        if wanted and not strict and not self._available(subnet, wanted):
            wanted = None
        address = str(wanted or primary or (extra[0]["PrivateIpAddress"] if extra else "") or self.free_address(subnet))
        items = [{"Primary": True, "PrivateIpAddress": address}]
        items += [{"Primary": False, "PrivateIpAddress": i["PrivateIpAddress"]} for i in extra if i["PrivateIpAddress"] != address]
        for item in items:
            self.check_address(subnet, str(item["PrivateIpAddress"]))
        self.groups_by_id(group_ids or [])
        eni = LabInterface(
            self,
            subnet,
            address,
            items,
            group_ids=group_ids,
            description=description,
            tags=tags,
            delete_on_termination=delete_on_termination,
            **kwargs,
        )
        self.enis[eni.id] = eni
        return eni

    def groups_by_id(self, group_ids: list[str]) -> list[Any]:
        """The security groups, or InvalidGroup.NotFound."""
        groups = []
        for group_id in group_ids:
            group = self.get_security_group_from_id(group_id)  # type: ignore[attr-defined]
            if group is None:
                raise refuse("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
            groups.append(group)
        return groups

    def _taken(self, subnet: Any) -> set[str]:
        return {address for eni in self.enis.values() if eni.subnet.id == subnet.id for address in addresses_of(eni)}

    def free_address(self, subnet: Any) -> str:
        """The lowest address of the subnet that nobody has; the first four and the last belong to AWS."""
        network, taken = IPv4Network(subnet.cidr_block), self._taken(subnet)
        for number in range(4, network.num_addresses - 1):
            address = str(network[number])
            if address not in taken:
                return address
        raise refuse("InsufficientFreeAddressesInSubnet", f"The subnet {subnet.id} has no free address.")

    def _available(self, subnet: Any, address: str) -> bool:
        try:
            self.check_address(subnet, address)
        except EC2ClientError:
            return False
        return True

    def check_address(self, subnet: Any, address: str) -> None:
        """Refuses an address that is not the subnet's, is AWS's own, or is taken."""
        network = IPv4Network(subnet.cidr_block)
        if IPv4Address(address) not in network:
            raise bad_value(f"Address {address} does not fall within the subnet's address range")
        if int(IPv4Address(address)) - int(network.network_address) < 4 or IPv4Address(address) == network.broadcast_address:
            raise bad_value(f"Address {address} is in subnet's reserved address range")
        if address in self._taken(subnet):
            raise refuse("InvalidIPAddress.InUse", f"Address {address} is in use.")

    def delete_network_interface(self, eni_id: str) -> None:
        """DeleteNetworkInterface; refused while it is attached."""
        eni = self.get_network_interface(eni_id)  # type: ignore[attr-defined]
        if eni.instance is not None:
            raise refuse("InvalidNetworkInterface.InUse", f"Network interface '{eni_id}' is currently in use.")
        self.enis.pop(eni_id)

    def attach_network_interface(self, eni_id: str, instance_id: str, device_index: int) -> Attachment:
        """AttachNetworkInterface: a free interface, a free index, the same zone."""
        eni, instance = self.get_network_interface(eni_id), self.get_instance(instance_id)  # type: ignore[attr-defined]
        if eni.instance is not None:
            raise refuse("InvalidNetworkInterface.InUse", f"Interface: [{eni_id}] in use.")
        if eni.availability_zone != instance.availability_zone:
            raise bad_value("You may not attach a network interface to an instance of another availability zone.")
        if int(device_index) in instance.nics:
            raise bad_value(f"Instance '{instance_id}' already has an interface attached at device index '{device_index}'.")
        if instance.state not in {"pending", "running", "stopping", "stopped"}:
            raise refuse("IncorrectInstanceState", f"The instance '{instance_id}' is {instance.state}.")
        instance.attach_eni(eni, int(device_index))
        attachment = eni.attachment
        assert attachment is not None  # noqa: S101 just attached
        return attachment

    def detach_network_interface(self, attachment_id: str) -> None:
        """DetachNetworkInterface; the first interface of an instance stays."""
        for eni in self.enis.values():
            if eni.attachment_id == attachment_id:
                if eni.device_index == 0:
                    raise refuse("OperationNotPermitted", "The network interface at device index 0 cannot be detached.")
                eni.instance.detach_eni(eni)
                return
        raise refuse("InvalidAttachmentID.NotFound", f"The attachment '{attachment_id}' does not exist.")

    def assign_private_ip_addresses(
        self, eni_id: str, private_ip_addresses: list[str] | None = None, secondary_ips_count: int | None = None
    ) -> LabInterface:
        """AssignPrivateIpAddresses: the addresses asked for if they are free, or so many free ones."""
        eni: LabInterface = self.get_network_interface(eni_id)  # type: ignore[attr-defined]
        own = addresses_of(eni)
        for address in [a for a in private_ip_addresses or [] if a not in own]:
            self.check_address(eni.subnet, address)
            eni.private_ip_addresses.append({"Primary": False, "PrivateIpAddress": address})
        for _ in range(0 if private_ip_addresses else secondary_ips_count or 0):
            eni.private_ip_addresses.append({"Primary": False, "PrivateIpAddress": self.free_address(eni.subnet)})
        return eni

    def modify_interface(self, eni_id: str, asked: dict[str, Any]) -> None:
        """ModifyNetworkInterfaceAttribute."""
        eni = self.get_network_interface(eni_id)  # type: ignore[attr-defined]
        if asked.get("Groups"):
            eni._group_set = self.groups_by_id(asked["Groups"])  # noqa: SLF001 moto gives no other way
        if "Value" in asked.get("SourceDestCheck", {}):
            eni.source_dest_check = asked["SourceDestCheck"]["Value"]
        if "Value" in asked.get("Description", {}):
            eni.description = asked["Description"]["Value"]
        if "DeleteOnTermination" in asked.get("Attachment", {}):
            eni.delete_on_termination = asked["Attachment"]["DeleteOnTermination"]
