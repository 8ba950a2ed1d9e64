"""Changes of EC2 instances: another type, other volumes, one more member of a group."""

from __future__ import annotations

from dataclasses import dataclass, replace

from infra.catalogue import InstanceType
from infra.prices import HOURS_PER_MONTH
from policies.evidence import Evidence, InstanceSettings, ServerEvidence, Unknown, VolumeEvidence
from policies.repair.change import swapped
from policies.verdict import format_number, gib

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Retype:
    """An instance gets another type. `dearer` is what that costs more in an hour; less than nothing where it saves."""

    server: ServerEvidence
    kind: InstanceType
    dearer: float

    @property
    def subject(self) -> str:
        """The instance."""
        return self.server.target

    @property
    def size(self) -> float:
        """How far it is from the type of now, in money."""
        return abs(self.dearer)

    @property
    def words(self) -> str:
        """From which type to which."""
        now = self.server.instance.instance_type if self.server.instance else "none"
        what = f"{self.kind.cpus} vCPUs, {gib(self.kind.memory)}"
        return f"change the type of {self.server.name} from {now} to {self.kind.name} ({what})"

    @property
    def how(self) -> str:
        """An edit of its entry."""
        return f"{self.server.source}: write instance_type: {self.kind.name} under at: {self.server.site}:, then  pulumi up"

    @property
    def note(self) -> str:
        """What it costs, and that it stops the machine."""
        month = self.dearer * HOURS_PER_MONTH
        cost = f"costs {month:,.0f} USD a month more" if month >= 0.5 else f"saves {-month:,.0f} USD a month" if month <= -0.5 else ""
        return "; ".join(part for part in (cost, "changing the type stops the machine" if self.server.as_of else "") if part)

    def apply(self, evidence: Evidence) -> Evidence:
        """The instance with its new type."""
        settings = self.server.instance or InstanceSettings()
        return swapped(evidence, self.server, replace(self.server, instance=replace(settings, instance_type=self.kind.name)))


@dataclass(frozen=True, kw_only=True, slots=True)
class SetVolumes:
    """All volumes of an instance do more: operations a second and bytes a second each."""

    server: ServerEvidence
    volumes: tuple[VolumeEvidence, ...]
    iops: int
    throughput: int

    @property
    def subject(self) -> str:
        """The instance's volumes."""
        return f"volumes of {self.server.target}"

    @property
    def size(self) -> float:
        """What is ordered."""
        return float(self.iops + self.throughput / MIB)

    @property
    def words(self) -> str:
        """How much."""
        return f"give the volumes of {self.server.name} {format_number(self.iops)} IOPS and {self.throughput // MIB} MiB/s each"

    @property
    def how(self) -> str:
        """AWS's own command."""
        ids = ", ".join(v.name for v in self.volumes)
        return f"aws ec2 modify-volume --volume-type gp3 --iops {self.iops} --throughput {self.throughput // MIB}  for each of {ids}"

    @property
    def note(self) -> str:
        """The program must say the same."""
        return "gp3 beyond 3,000 IOPS and 125 MiB/s costs extra; declare the same in the stack, or the next pulumi up takes it back"

    def apply(self, evidence: Evidence) -> Evidence:
        """The instance with its volumes."""
        settings = self.server.instance or InstanceSettings()
        volumes = tuple(replace(v, type="gp3", iops=float(self.iops), throughput=float(self.throughput)) for v in self.volumes)
        return swapped(evidence, self.server, replace(self.server, instance=replace(settings, volumes=volumes)))


@dataclass(frozen=True, kw_only=True, slots=True)
class AddMember:
    """A redundancy group of so many members gets one more, like one that it has; all then share the same load evenly."""

    like: ServerEvidence
    member: ServerEvidence
    members: int

    @property
    def subject(self) -> str:
        """The new member."""
        return self.member.target

    @property
    def size(self) -> float:
        """One machine."""
        return 1.0

    @property
    def words(self) -> str:
        """Its name and place."""
        member = self.member
        return f"add {member.name}, like {self.like.name}, in {member.zone} of {member.site} to group {member.group}"

    @property
    def how(self) -> str:
        """An edit of the servers' file."""
        networks = ", ".join(self.member.networks)
        return (
            f"{self.like.source}: copy the entry of {self.like.name} as {self.member.name} with network {networks}, then"
            "  incline estate settle --yes  and  pulumi up"
        )

    @property
    def note(self) -> str:
        """What the proof rests on."""
        return f"the load of group {self.member.group} is taken to stay the same and to spread evenly"

    def apply(self, evidence: Evidence) -> Evidence:
        """With the member, backed up and watched as the one it is like."""
        backups = tuple(replace(job, server=self.member.name) for job in evidence.backups_of.get(self.like.name, ()))
        alarms = evidence.alarms
        if alarms is not None:
            alarms += tuple(replace(a, server=self.member.name) for a in alarms if a.server == self.like.name)
        servers = tuple(self._relieved(s) for s in (*evidence.servers, self.member))
        return replace(evidence, servers=servers, backups=evidence.backups + backups, alarms=alarms)

    def _relieved(self, server: ServerEvidence) -> ServerEvidence:
        """A member of the group with its share of the load."""
        usage = server.usage
        if server.group != self.member.group or isinstance(usage, Unknown):
            return server
        part = self.members / (self.members + 1)
        less = replace(
            usage,
            cpu_mhz_p95=_times(usage.cpu_mhz_p95, part),
            memory_p95=_times(usage.memory_p95, part),
            iops_p95=_times(usage.iops_p95, part),
            throughput_p95=_times(usage.throughput_p95, part),
        )
        return replace(server, usage=less)


def _times(value: float | Unknown, part: float) -> float | Unknown:
    return value if isinstance(value, Unknown) else value * part
