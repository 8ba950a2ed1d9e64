"""Changes of what AWS sets limits by: quotas, subnets, reservations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from policies.evidence import Evidence, NetworkEvidence, QuotaEvidence, ReservationEvidence, known
from policies.verdict import format_number


@dataclass(frozen=True, kw_only=True, slots=True)
class RaiseQuota:
    """An EC2 quota is raised."""

    quota: QuotaEvidence
    limit: int

    @property
    def subject(self) -> str:
        """The quota."""
        return self.quota.target

    @property
    def size(self) -> float:
        """By how much."""
        return self.limit - known(self.quota.limit)

    @property
    def words(self) -> str:
        """From how many vCPUs to how many."""
        quota = self.quota
        return f"raise quota {quota.code} ({quota.name}) of {quota.site} from {format_number(known(quota.limit))} to {self.limit} vCPUs"

    @property
    def how(self) -> str:
        """AWS's own command."""
        return (
            "aws service-quotas request-service-quota-increase --service-code ec2 "
            f"--quota-code {self.quota.code} --desired-value {self.limit}"
        )

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The quota with its new limit."""
        quotas = tuple(replace(q, limit=float(self.limit)) if q.target == self.quota.target else q for q in evidence.quotas or ())
        return replace(evidence, quotas=quotas)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddSubnet:
    """A subnet is added beside one of the same purpose."""

    network: NetworkEvidence

    @property
    def subject(self) -> str:
        """The new subnet."""
        return self.network.target

    @property
    def size(self) -> float:
        """Its addresses."""
        return float(self.network.size)

    @property
    def words(self) -> str:
        """Its name, zone and room."""
        each = self.network
        return f"add subnet {each.name} in {each.zone} of {each.site} with {each.size} addresses ({each.cidr})"

    @property
    def how(self) -> str:
        """An edit of the site's file."""
        each = self.network
        return f"estate/sites/{each.site}.yaml: write {{name: {each.name}, cidr: {each.cidr}, zone: {each.zone}}} under networks:"

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """With the subnet, nobody in it yet."""
        return replace(evidence, networks=(*evidence.networks, self.network))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserve:
    """Capacity is reserved in a zone."""

    reservation: ReservationEvidence

    @property
    def subject(self) -> str:
        """The zone and the type."""
        return f"reservation/{self.reservation.zone}/{self.reservation.instance_type}"

    @property
    def size(self) -> float:
        """How many instances."""
        return float(self.reservation.total)

    @property
    def words(self) -> str:
        """How many of which type where."""
        each = self.reservation
        return f"reserve {each.total} x {each.instance_type} in {each.zone} of {each.site}"

    @property
    def how(self) -> str:
        """AWS's own command."""
        each = self.reservation
        return (
            f"aws ec2 create-capacity-reservation --instance-type {each.instance_type} --instance-platform Linux/UNIX "
            f"--availability-zone {each.zone} --instance-count {each.total}"
        )

    @property
    def note(self) -> str:
        """Nothing more to know."""
        return ""

    def apply(self, evidence: Evidence) -> Evidence:
        """With the reservation, all of it free."""
        return replace(evidence, reservations=(*(evidence.reservations or ()), self.reservation))
