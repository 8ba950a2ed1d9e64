"""On-demand capacity reservations, which moto does not have, and the vCPU quotas that launches run into.

A reservation is open: it is used by whatever instance of its type runs in its zone. Nothing here ever lacks capacity, so a reservation
reserves nothing; it is there to be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.core import TaggedEC2Resource
from moto.moto_api._internal import mock_random

from lab.aws.ec2.refusals import refuse
from lab.aws.quotas import limit_on, quota_of

COUNTED = frozenset({"pending", "running"})


@dataclass
class CapacityReservation(TaggedEC2Resource):
    """Room kept for instances of one type in one zone. Its fields are named as the API shows them."""

    ec2_backend: Any
    instance_type: str
    availability_zone: str
    total_instance_count: int
    instance_platform: str
    state: str = "active"
    tenancy: str = "default"
    instance_match_criteria: str = "open"
    end_date_type: str = "unlimited"
    create_date: datetime = field(default_factory=utcnow)
    id: str = ""

    def __post_init__(self) -> None:
        self.id = f"cr-{mock_random.get_random_hex(17)}"

    @property
    def capacity_reservation_id(self) -> str:
        """Its id."""
        return self.id

    @property
    def owner_id(self) -> str:
        """The account."""
        return str(self.ec2_backend.account_id)

    @property
    def available_instance_count(self) -> int:
        """What nobody uses, after the reservations of the same kind that are older."""
        older = 0
        for each in self.ec2_backend.capacity_reservations.values():
            if each is self:
                break
            if (each.instance_type, each.availability_zone, each.state) == (self.instance_type, self.availability_zone, "active"):
                older += each.total_instance_count
        used = sum(
            i.instance_type == self.instance_type and i.placement.zone == self.availability_zone and i.state in COUNTED
            for i in self.ec2_backend.all_instances()
        )
        return max(0, self.total_instance_count - max(0, used - older))


class Reservations:
    """The part of the EC2 backend that keeps capacity reservations and quotas."""

    capacity_reservations: dict[str, CapacityReservation]
    account_id: str
    region_name: str

    def reserve_capacity(self, asked: dict[str, Any]) -> CapacityReservation:
        """CreateCapacityReservation."""
        if not self.type_info(asked["InstanceType"]):  # type: ignore[attr-defined]
            raise refuse("InvalidInstanceType", f"The following supplied instance types do not exist: [{asked['InstanceType']}]")
        reservation = CapacityReservation(
            self,
            asked["InstanceType"],
            asked["AvailabilityZone"],
            int(asked["InstanceCount"]),
            asked.get("InstancePlatform") or "Linux/UNIX",
        )
        self.capacity_reservations[reservation.id] = reservation
        return reservation

    def capacity_reservation(self, reservation_id: str) -> CapacityReservation:
        """One by id."""
        if reservation_id not in self.capacity_reservations:
            raise refuse("InvalidCapacityReservationId.NotFound", f"The capacity reservation '{reservation_id}' does not exist")
        return self.capacity_reservations[reservation_id]

    def check_quota(self, instance_type: str, count: int) -> None:
        """Refuses a launch or a start that would run more vCPUs than the account may."""
        code, limit = limit_on(self.account_id, self.region_name, instance_type)
        if not code:
            return
        running = [i.instance_type for i in self.all_instances() if i.state in COUNTED]  # type: ignore[attr-defined]
        used = sum(self._vcpus(t) for t in running if quota_of(t) == code)
        if used + count * self._vcpus(instance_type) > limit:
            raise refuse(
                "VcpuLimitExceeded",
                f"You have requested more vCPU capacity than your current vCPU limit of {limit:.0f} allows for the instance bucket "
                "that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an "
                "adjustment to this limit.",
            )

    def _vcpus(self, instance_type: str) -> int:
        return int(self.type_info(instance_type).get("VCpuInfo", {}).get("DefaultVCpus", 0))  # type: ignore[attr-defined]


class ReservationAnswers:
    """Mixed into the response class in front of moto's."""

    ec2_backend: Any
    _get_param: Any
    _parse_tag_specification: Any
    error_on_dryrun: Any
    once: Any

    def create_capacity_reservation(self) -> ActionResult:
        """CreateCapacityReservation with its client token."""

        def make() -> ActionResult:
            names = ("InstanceType", "AvailabilityZone", "InstanceCount", "InstancePlatform")
            reservation = self.ec2_backend.reserve_capacity({name: self._get_param(name) for name in names})
            reservation.add_tags(self._parse_tag_specification().get("capacity-reservation", {}))
            return ActionResult({"CapacityReservation": reservation})

        result: ActionResult = self.once(make)
        return result

    def describe_capacity_reservations(self) -> ActionResult:
        """DescribeCapacityReservations, by id or all."""
        ids = self._get_param("CapacityReservationIds", [])
        backend = self.ec2_backend
        found = [backend.capacity_reservation(each) for each in ids] if ids else list(backend.capacity_reservations.values())
        return ActionResult({"CapacityReservations": found})

    def cancel_capacity_reservation(self) -> ActionResult:
        """CancelCapacityReservation."""
        self.error_on_dryrun()
        self.ec2_backend.capacity_reservation(self._get_param("CapacityReservationId")).state = "cancelled"
        return ActionResult({"Return": True})
