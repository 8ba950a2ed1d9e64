"""Changes of machines: another place, another size, other disks' place, the end of a hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from infra.estate.model import GIB
from policies.evidence import DatastoreEvidence, Evidence, ServerEvidence, Unknown, known
from policies.repair.change import left_behind, swapped
from policies.verdict import format_number, gib


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveServer:
    """A machine stands elsewhere: another cluster, another site, another zone. `after` is the machine that will stand there."""

    before: ServerEvidence
    after: ServerEvidence

    @property
    def subject(self) -> str:
        """The machine."""
        return self.before.target

    @property
    def size(self) -> float:
        """Its memory."""
        return known(self.before.memory)

    @property
    def _goal(self) -> str:
        if self.after.site != self.before.site:
            return self.after.site
        if self.after.zone != self.before.zone:
            return f"subnet {', '.join(self.after.networks)} in {self.after.zone}"
        return f"cluster {self.after.cluster}"

    @property
    def words(self) -> str:
        """The machine with its sizes, and where it goes."""
        before = self.before
        return f"move {before.name} ({format_number(known(before.cpus))} vCPUs, {gib(known(before.memory))}) to {self._goal}"

    @property
    def how(self) -> str:
        """An edit of its entry; between vSphere and AWS the move itself."""
        before, after = self.before, self.after
        if {before.kind, after.kind} == {"vsphere", "aws"}:
            return f"incline move start {before.name} --to {after.site}"
        if after.zone != before.zone:
            return f"{before.source}: write network {', '.join(after.networks)} under at: {after.site}:"
        place = (
            f"cluster: {after.cluster}, datastore: {after.datastore}"
            if after.datastore != before.datastore
            else f"cluster: {after.cluster}"
        )
        edit = f"{place} under at: {after.site}:" if after.site == before.site else f"site: {after.site} ({place})"
        return f"{before.source}: write {edit}, and move the machine with vMotion"

    @property
    def note(self) -> str:
        """When the room is free."""
        crosses = {self.before.kind, self.after.kind} == {"vsphere", "aws"}
        return "what a move leaves behind is held until it is accepted; only then is its room free" if crosses else ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The new machine in place of the old, and what the old one gives back."""
        return swapped(left_behind(evidence, self.before), self.before, self.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResizeServer:
    """A machine gets another size. `floor` says why it is not made smaller still."""

    before: ServerEvidence
    cpus: int
    memory: int
    floor: str

    @property
    def subject(self) -> str:
        """The machine."""
        return self.before.target

    @property
    def size(self) -> float:
        """What is taken away: memory, or vCPUs as if each came with 4 GiB."""
        return known(self.before.memory) - self.memory + (known(self.before.cpus) - self.cpus) * 4 * GIB

    @property
    def words(self) -> str:
        """From which size to which."""
        before, parts = self.before, []
        if self.memory != before.memory:
            parts.append(f"from {gib(known(before.memory))} to {gib(self.memory)}")
        if self.cpus != before.cpus:
            parts.append(f"from {format_number(known(before.cpus))} to {self.cpus} vCPUs")
        return f"shrink {before.name} {' and '.join(parts)}"

    @property
    def how(self) -> str:
        """An edit of its entry."""
        memory = f"{self.memory // GIB}GiB" if self.memory % GIB == 0 else f"{self.memory // (1 << 20)}MiB"
        return f"{self.before.source}: write size: {{cpus: {self.cpus}, memory: {memory}}}"

    @property
    def note(self) -> str:
        """Why it gets no smaller."""
        return self.floor

    def apply(self, evidence: Evidence) -> Evidence:
        """The machine with its new size; what is reserved for it never exceeds that."""
        reserved = min(known(self.before.memory_reservation), self.memory)
        after = replace(
            self.before,
            cpus=self.cpus,
            memory=self.memory,
            memory_reservation=self.before.memory_reservation if isinstance(self.before.memory_reservation, Unknown) else int(reserved),
        )
        return swapped(evidence, self.before, after)


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptMove:
    """A move on trial is accepted, which ends the hold of its source."""

    held: ServerEvidence
    until: date | None = None

    @property
    def subject(self) -> str:
        """The held machine."""
        return f"held/{self.held.name}"

    @property
    def size(self) -> float:
        """Its memory."""
        return known(self.held.memory)

    @property
    def words(self) -> str:
        """Whose hold ends, and what that frees."""
        return f"accept the move of {self.held.name}: its held source frees {gib(known(self.held.memory))} on {self.held.site}"

    @property
    def how(self) -> str:
        """The command; there is no way back after it."""
        planned = f" (it is meant to be held until {self.until})" if self.until else ""
        return f"incline move accept {self.held.name} --yes{planned}"

    @property
    def note(self) -> str:
        """What it ends."""
        return "after accepting there is no rollback"

    def apply(self, evidence: Evidence) -> Evidence:
        """Without the held machine and its trial."""
        moves = tuple(m for m in evidence.moves if m.server != self.held.name or m.state != "on trial")
        return replace(swapped(evidence, self.held, None), moves=moves)


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveDisks:
    """A machine's disks go to another datastore of the site.

    Of a datastore whose use is observed, thin disks give back their share of what is used; the other one takes them at full size.
    """

    server: ServerEvidence
    datastore: str

    @property
    def subject(self) -> str:
        """The machine."""
        return self.server.target

    @property
    def size(self) -> float:
        """Its disks."""
        return sum(known(d) for d in self.server.disks)

    @property
    def words(self) -> str:
        """Which machine, where to."""
        return f"move the disks of {self.server.name} ({gib(self.size)}) from {self.server.datastore} to {self.datastore}"

    @property
    def how(self) -> str:
        """An edit of its entry."""
        return f"{self.server.source}: write datastore: {self.datastore} under at: {self.server.site}:, and move it with Storage vMotion"

    @property
    def note(self) -> str:
        """What of its space is an estimate."""
        return "thin disks are taken to give back their share of what the datastore uses" if self.server.as_of is not None else ""

    def apply(self, evidence: Evidence) -> Evidence:
        """The machine on the other datastore, and what both use."""
        moved = swapped(evidence, self.server, replace(self.server, datastore=self.datastore))
        if self.server.as_of is None:
            return moved
        stores = tuple(self._taken(d) for d in left_behind(evidence, self.server).datastores)
        return replace(moved, datastores=stores)

    def _taken(self, store: DatastoreEvidence) -> DatastoreEvidence:
        """The other datastore takes the disks at full size."""
        if (store.site, store.name) != (self.server.site, self.datastore) or isinstance(store.used, Unknown):
            return store
        return replace(store, used=int(store.used + self.size))
