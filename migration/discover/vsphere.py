"""Discovers one datacenter of a vCenter: every machine, and the places that machines stand on, in a few calls.

The first look reads everything. A later one is given what was known: the devices of machines whose configuration did not move are taken
from there, and only what changes without a trace (power, guest, place, tags) is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from infra.observed.errors import RestRefusedError
from infra.observed.inventory import find_datacenter
from infra.observed.soap.answer import Found
from infra.observed.soap.reader import PropertyReader
from infra.observed.soap.shapes import listed, number, record, text
from infra.observed.vsphere_session import VsphereSession
from infra.observed.vsphere_tags import attached_tags
from migration.discover import vsphere_paths as paths
from migration.discover.model import Finding, FoundMachine, Gravity, Inventory
from migration.discover.vsphere_findings import findings_of, left_out
from migration.discover.vsphere_machines import Context, key_of, machine, snapshot_ids, stands_for, with_sizes
from migration.discover.vsphere_places import name_of, read_places

Watch = Callable[[int], None]


def read_site(
    session: VsphereSession,
    datacenter: str,
    site: str,
    *,
    known: Mapping[str, FoundMachine] | None = None,
    now: datetime | None = None,
    watch: Watch = lambda _: None,
) -> Inventory:
    """A datacenter by name.

    Args:
        session: a login; it is renewed when it ends meanwhile.
        datacenter: its name on the vCenter.
        site: the estate's name for it.
        known: machines by key as the last look left them; without it everything is read.
        now: the moment of the look.
        watch: told how many machines have been read so far.

    Raises:
        GoneError: the vCenter has no such datacenter (INC-6014).
        ObservedError: it refused, is not reachable, or what it answers cannot be read.
    """
    at = now or datetime.now(UTC)
    with PropertyReader(session) as reader:
        within = ("Datacenter", find_datacenter(session, datacenter))
        places = replace(read_places(reader, within, datacenter, site, at), custom_fields=_custom_fields(session, reader))
        context = Context(site=site, source=f"vCenter {session.host}, datacenter {datacenter}", now=at, places=places)
        reading = _Look(reader, context, known or {}, watch)
        found = reading.machines(within)
    machines, untold = _tagged(session, [each for each, _ in found], known or {})
    return Inventory(
        taken_at=at,
        machines=tuple(sorted(machines, key=lambda each: (each.name, each.key))),
        hosts=places.hosts,
        clusters=places.clusters,
        datastores=places.datastores,
        networks=places.networks,
        findings=(*places.findings, *findings_of(found), *left_out(site, reading.left_out), *untold),
    )


class _Look:
    """The reading of machines: light properties of all, heavy ones of those that changed."""

    def __init__(self, reader: PropertyReader, context: Context, known: Mapping[str, FoundMachine], watch: Watch) -> None:
        self._reader, self._context, self._known, self._watch = reader, context, known, watch
        self._count = 0
        self.left_out: dict[str, list[str]] = {}
        """Names of machines that nobody moves, by what they are."""

    def machines(self, within: tuple[str, str]) -> list[tuple[FoundMachine, Found]]:
        wanted = paths.MACHINE if self._known else paths.MACHINE | paths.HEAVY
        same: dict[str, FoundMachine | None] = {}
        found: dict[str, Found] = {}
        for each in self._reader.of_type("VirtualMachine", wanted, within=within):
            self._tell()
            if what := stands_for(each.values):
                self.left_out.setdefault(what, []).append(name_of(each.values))
                continue
            found[each.moref] = each
            same[each.moref] = self._unchanged(each)
        self._watch(self._count)
        if self._known:
            self._read_changed(found, [moref for moref, before in same.items() if before is None])
        made = {moref: machine(each, same[moref], self._context) for moref, each in found.items()}
        self._measure_snapshots(made, found)
        return [(each, found[moref]) for moref, each in _without_twins(made).items()]

    def _unchanged(self, found: Found) -> FoundMachine | None:
        before = self._known.get(key_of(found.values, found.moref, self._context.site))
        version = found.values.get("config.changeVersion")
        # The id too: a machine that was registered anew, or restored beside the first, may carry the other's uuid and version.
        return before if before is not None and version and (before.version, before.moref) == (version, found.moref) else None

    def _read_changed(self, found: dict[str, Found], changed: list[str]) -> None:
        gone = set(changed)
        for each in self._reader.named("VirtualMachine", changed, paths.HEAVY):
            gone.discard(each.moref)
            before = found[each.moref]
            found[each.moref] = replace(before, values=before.values | each.values, missing={**before.missing, **each.missing})
        for moref in gone:  # removed since the first read
            del found[moref]

    def _measure_snapshots(self, made: dict[str, FoundMachine], found: Mapping[str, Found]) -> None:
        """Every time: the last snapshot of a machine grows with every write."""
        having = [moref for moref, each in made.items() if each.snapshots]
        for each in self._reader.named("VirtualMachine", having, paths.SNAPSHOT_FILES):
            layout = each.values.get(paths.LAYOUT) or {}
            made[each.moref] = with_sizes(made[each.moref], snapshot_ids(found[each.moref].values), layout)

    def _tell(self) -> None:
        self._count += 1
        if self._count % 100 == 0:
            self._watch(self._count)


def _without_twins(made: Mapping[str, FoundMachine]) -> dict[str, FoundMachine]:
    """Two machines with one instance uuid (a copy that was registered twice) stay two: the later ones are known by their ids."""
    taken: set[str] = set()
    told: dict[str, FoundMachine] = {}
    for moref, each in sorted(made.items(), key=lambda pair: (len(pair[0]), pair[0])):
        told[moref] = each if each.key not in taken else replace(each, key=f"{each.key}#{moref}")
        taken.add(told[moref].key)
    return told


def _custom_fields(session: VsphereSession, reader: PropertyReader) -> dict[int, str]:
    """The names of custom attributes, by key."""
    manager = session.call(lambda instance: instance.RetrieveContent().customFieldsManager)
    if manager is None:  # a single host has none
        return {}
    shape = {"field": listed(record(key=number, name=text))}
    found = list(reader.named("CustomFieldsManager", [str(manager._moId)], shape))  # noqa: SLF001 - pyVmomi names objects in no other way
    return {each["key"]: each.get("name", "") for one in found for each in one.values.get("field") or () if "key" in each}


def _tagged(
    session: VsphereSession, machines: list[FoundMachine], known: Mapping[str, FoundMachine]
) -> tuple[list[FoundMachine], tuple[Finding, ...]]:
    """With their tags; where they cannot be read, with those that were known."""
    try:
        tags = attached_tags(session, [each.moref for each in machines]) if machines else {}
    except RestRefusedError as error:
        untold = Finding(
            code="DSC-006",
            gravity=Gravity.WARNING,
            where=f"{session.site}: tags",
            what=error.what,
            taken="the tags of the last look, or none",
            remedy="let the site's user read tags, then discover again",
        )
        return [replace(each, tags=dict(known[each.key].tags)) if each.key in known else each for each in machines], (untold,)
    return [replace(each, tags=tags[each.moref]) if tags.get(each.moref) else each for each in machines], ()
