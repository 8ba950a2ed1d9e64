"""Towns drawn at random around the ground of the examples: what the estate declares and what the snapshot shows agree, the sizes vary."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from infra.estate.model import GIB, Estate
from infra.observed.capacity import CapacitySnapshot
from policies.evidence import Evidence
from policies.examples.case import TODAY, Document, nothing
from policies.examples.ground import ESTATE, SNAPSHOT
from policies.examples.migration import application_returns, pending
from policies.readers.estate import read_estate
from policies.readers.snapshot import overlay_snapshot

Draw = Callable[[st.SearchStrategy[Any]], Any]
HALLS = ("hill", "dale")


@dataclass(frozen=True, repr=False)
class Town:
    """The two documents of one town; a failing test shows what was drawn, not the documents."""

    estate: Document
    snapshot: Document

    def __repr__(self) -> str:
        """Short: a town is pages long."""
        return f"Town({len(self.estate['servers'])} servers)"

    def evidence(self) -> Evidence:
        """As the rules see it, with the snapshot."""
        return overlay_snapshot(self.declared(), CapacitySnapshot.model_validate(self.snapshot), "capacity.json")

    def declared(self) -> Evidence:
        """As they see it where nobody took a snapshot."""
        return read_estate(Estate.model_validate(self.estate), TODAY)


def _clusters(town: Town, site: str) -> list[Document]:
    """A site's cluster as declared and as seen."""
    return [town.estate["sites"][site]["clusters"][0], town.snapshot["sites"][site]["clusters"][0]]


def _hosts(town: Town, draw: Draw) -> None:
    for site in HALLS:
        for number in range(3):
            size = {"cores": draw(st.sampled_from([8, 32])), "memory": draw(st.sampled_from([64, 128, 256])) * GIB}
            for cluster in _clusters(town, site):
                cluster["hosts"][number].update(size)
        settings = {
            "admission": draw(st.sampled_from(["percentage", "slots"])),
            "host_failures": draw(st.integers(1, 2)),
            "performance_tolerance": draw(st.sampled_from([0, 20, None])),
        }
        for cluster in _clusters(town, site):
            cluster["ha"].update(settings)


def _machines(town: Town, draw: Draw) -> None:
    """Machines in the halls of any size; what they use stays below it."""
    for site in HALLS:
        for machine in town.snapshot["sites"][site]["machines"]:
            cpus, memory = draw(st.sampled_from([2, 4, 16, 48])), draw(st.sampled_from([8, 16, 64, 160])) * GIB
            data = draw(st.sampled_from([100, 300, 1500])) * GIB
            server = town.estate["servers"][machine["server"]]
            server["size"] = {"cpus": cpus, "memory": memory}
            server["disks"][1]["size"] = data
            machine.update(cpus=cpus, memory=memory, disks=[server["disks"][0]["size"], data])
            machine["usage"].update(cpu_mhz_p95=cpus * draw(st.sampled_from([100.0, 1000.0, 2000.0])), memory_p95=memory / 2)


def _settings(town: Town, draw: Draw) -> None:
    """What only a look tells: how machines and instances are set up."""
    yes = st.booleans()
    for site in HALLS:
        for machine in town.snapshot["sites"][site]["machines"]:
            machine.update(encrypted=draw(yes), logging=draw(yes), secure_boot=draw(yes), devices=draw(st.sampled_from([[], ["floppy"]])))
            machine.update(
                vmotion_encryption=draw(st.sampled_from(["disabled", "required"])), hardware_version=draw(st.sampled_from([11, 19]))
            )
    for instance in town.snapshot["sites"]["cloud"]["instances"]:
        instance.update(imdsv2_only=draw(yes), public_address=draw(yes), termination_protection=draw(yes), auto_recovery=draw(yes))
        for volume in instance["volumes"]:
            volume["encrypted"] = draw(yes)


def _reserved(town: Town, draw: Draw) -> None:
    """Reservations of memory: an estate cannot say them, so that it stands for none."""
    for site in HALLS:
        for machine in town.snapshot["sites"][site]["machines"]:
            machine["memory_reservation"] = draw(st.sampled_from([0, machine["memory"] // 2, machine["memory"]]))


def _places(town: Town, draw: Draw) -> None:
    for site in HALLS:
        store = town.snapshot["sites"][site]["datastores"][0]
        store["capacity"] = draw(st.sampled_from([600, 1000, 8192])) * GIB
        written = sum(disk for machine in town.snapshot["sites"][site]["machines"] for disk in machine["disks"])
        store["free"] = max(0, store["capacity"] - written * draw(st.integers(1, 4)) // 4)
        town.estate["sites"][site]["datastores"][0]["capacity"] = store["capacity"]
    cloud = town.snapshot["sites"]["cloud"]
    cloud["quotas"][0]["limit"] = draw(st.sampled_from([16.0, 20.0, 24.0, 32.0, 256.0]))
    for network in cloud["networks"]:
        network["free"] = draw(st.sampled_from([0, 8, 9, 20, 240]))
    for link in town.estate["links"].values():
        link.update(paths=draw(st.integers(1, 2)), mbit_s=draw(st.sampled_from([10, 100, 1000])))


def _waivers(town: Town, draw: Draw) -> None:
    """Waivers of some rules on all objects, in force, lapsed or too long."""
    town.estate["waivers"] = [
        {
            "id": f"W-{rule}",
            "rules": [rule],
            "target": "*",
            "reason": "accepted for the time being, by the council",
            "requested_by": "A. Person",
            "approved_by": "B. Person",
            "ticket": "CHG-1",
            "created": "2026-11-20",
            "expires": f"2026-{draw(st.sampled_from(['11-24', '11-25', '12-03', '12-30']))}",
        }
        for rule in ("CAP-001", "CAP-006", "REL-009")
        if draw(st.booleans())
    ]


@st.composite
def towns(draw: st.DrawFn, *, reserved: bool = True) -> Town:
    """A town, with or without a move, and mostly without the long history of its clusters, which takes time to read."""
    town = Town(deepcopy(ESTATE), deepcopy(SNAPSHOT))
    draw(st.sampled_from([nothing, pending(), application_returns]))(town.estate)
    for vary in (_hosts, _machines, _settings, _places, _waivers, *((_reserved,) if reserved else ())):
        vary(town, draw)
    if draw(st.integers(0, 9)):
        for site in HALLS:
            for measured in (*town.snapshot["sites"][site]["clusters"], *town.snapshot["sites"][site]["datastores"]):
                measured["history"] = []
    return town
