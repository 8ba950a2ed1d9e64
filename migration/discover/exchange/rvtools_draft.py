"""Machines while their tabs are joined, and the index that finds the machine a row belongs to.

RVTools writes VM ID into most tabs of newer versions, and nothing but the name into the others; some exports were made anonymous tab by
tab, so that the same name means different machines. So: by VM ID or UUID where both sides have one, else by name with data centre,
cluster and host, else by a name that only one machine has and that contradicts nothing. A row that fits none is left out with a finding,
never put to the likeliest.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from migration.discover.exchange.tables import Row
from migration.discover.model import FoundDisk, FoundNic, FoundPartition, FoundSnapshot


@dataclass(slots=True)
class Draft:
    """A machine of vInfo, to which the other tabs add. `heard`: what unknown columns of other tabs say, by column and tab."""

    name: str
    line: int
    uuid: str = ""
    moref: str = ""
    server: str = ""
    datacenter: str = ""
    cluster: str = ""
    host: str = ""
    power: str = ""
    os_config: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    disks: list[FoundDisk] = field(default_factory=list)
    nics: list[FoundNic] = field(default_factory=list)
    snapshots: list[FoundSnapshot] = field(default_factory=list)
    partitions: list[FoundPartition] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)
    heard: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    told_disks: int | None = None
    told_total: float | None = None
    networks: tuple[str, ...] = ()

    def learn(self, **facts: object) -> None:
        """Keep what is not known yet: the first tab that tells is believed."""
        for name, value in facts.items():
            if value is not None and value != "" and self.facts.get(name) is None:
                self.facts[name] = value


def place_of(row: Row) -> tuple[str, str, str, str]:
    """Name, data centre, cluster and host of a row."""
    return row.text("vm", "vmname"), row.text("datacenter"), row.text("cluster"), row.text("host")


@dataclass
class Index:
    """Finds the machine of a row."""

    drafts: list[Draft] = field(default_factory=list)
    _by_id: dict[str, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    _by_uuid: dict[str, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    _by_name: dict[str, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    _renamed: set[tuple[str, str]] = field(default_factory=set)

    def add(self, draft: Draft) -> None:
        """Make a machine findable."""
        self.drafts.append(draft)
        self._by_name[draft.name].append(draft)
        if draft.moref:
            self._by_id[draft.moref].append(draft)
        if draft.uuid:
            self._by_uuid[draft.uuid].append(draft)

    def named(self, name: str) -> list[Draft]:
        """All machines of a name."""
        return self._by_name.get(name, [])

    def with_uuid(self, uuid: str) -> list[Draft]:
        """All machines with a UUID."""
        return self._by_uuid.get(uuid, [])

    def with_id(self, moref: str, server: str) -> list[Draft]:
        """All machines of an id; the same id in another vCenter is another machine."""
        return [each for each in self._by_id.get(moref, []) if not server or not each.server or each.server == server]

    def find(self, row: Row) -> Draft | None:
        """The machine that a row of another tab belongs to, or None with a finding."""
        moref, uuid = row.text("vmid", "vmref"), row.text("vmuuid", "uuid").casefold()
        name = row.text("vm", "vmname")
        found = self.with_id(moref, row.text("visdkserver")) if moref else []
        if len(found) != 1 and uuid:
            found = [each for each in self.with_uuid(uuid) if not found or each in found]
        if len(found) == 1:
            if name and found[0].name != name:
                row.note(
                    "DSC-031",
                    f"{name} has the VM ID of {found[0].name}",
                    taken=f"it belongs to {found[0].name}",
                    remedy="was it renamed between two exports?",
                )
            return found[0]
        return self._by_its_name(row, name, moref)

    def _by_its_name(self, row: Row, name: str, moref: str) -> Draft | None:
        if not name:
            row.note("DSC-025", "the row names no machine", taken="left out")
            return None
        found = [each for each in self.named(name) if not (moref and each.moref)]
        if not found:
            row.note("DSC-029", f"{name}{f' ({moref})' if moref else ''} is not in vInfo", taken="the row was left out")
            return None
        _, *place = place_of(row)
        exact = [each for each in found if [each.datacenter, each.cluster, each.host] == place]
        chosen = exact if len(exact) == 1 else [each for each in found if _fits(each, row)]
        if len(chosen) != 1:
            why = (
                "more than one machine has this name"
                if len(chosen) > 1
                else "power state or operating system are not those that vInfo has for this name"
            )
            row.note("DSC-031", f"{name}: {why}, and the row has no VM ID", taken="the row was left out")
            return None
        if moref:
            chosen[0].moref = moref
            self._by_id[moref].append(chosen[0])
        return chosen[0]


def _fits(draft: Draft, row: Row) -> bool:
    """Whether a row says nothing that vInfo contradicts. The host may differ: machines wander between two tabs of one export."""
    told = (
        (draft.datacenter, row.text("datacenter")),
        (draft.cluster, row.text("cluster")),
        (draft.power, row.text("powerstate").casefold()),
        (draft.os_config, row.text("osaccordingtotheconfigurationfile", "os")),
    )
    return all(not ours or not theirs or ours == theirs for ours, theirs in told)
