"""Reads RVTools, as a workbook or as CSV by tab, and Export for vCenter, which writes some of the same tabs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from migration.discover.exchange.book import Book, read_tab, tab_name
from migration.discover.exchange.cells import text
from migration.discover.exchange.faults import without_machines
from migration.discover.exchange.performance import read_performance
from migration.discover.exchange.rvtools_details import DETAILS
from migration.discover.exchange.rvtools_draft import Index
from migration.discover.exchange.rvtools_machines import Origin, judge, keys, machine, read_machines
from migration.discover.exchange.rvtools_sites import health, read_clusters, read_datastores, read_hosts, read_networks, written_at
from migration.discover.exchange.rvtools_tabs import TABS
from migration.discover.exchange.tables import Table, key_of
from migration.discover.model import FoundHost, FoundMachine, Inventory

WANTED = ("vCPU", "vMemory", "vDisk", "vPartition", "vNetwork", "vSnapshot", "vTools", "vHost", "vCluster", "vDatastore")
"""Tabs whose absence makes a plan poorer."""
_MACHINE = "vmname uuid os ostools datacenter visdkserver"
_OLD = {
    "vInfo": f"{_MACHINE} guesthostname network1 network2 network3 network4 network5 network6 network7 network8 #virtualdisks memorysize "
    "provisioned provisionedmb provisionedgb inuse inusemb inusegb memorymb memorymib memorygb memorygib totaldiskcapacity "
    "totaldiskcapacitymb totaldiskcapacitygb",
    "vMemory": f"{_MACHINE} size sizemb sizegb sizegib memory memorymb",
    "vDisk": f"{_MACHINE} capacity capacitymb capacitygb capacitygib",
    "vPartition": f"{_MACHINE} capacity capacitymb capacitygb consumedmb freemb freegb free",
    "vNetwork": f"{_MACHINE} ipaddress",
    "vSnapshot": f"{_MACHINE} date sizembtotal sizembvmsn size sizemb",
    "vHost": "name cpumhz cpumodel #cpucores memorysize overallcpuusage overallmemoryusage connectionstate",
    "vDatastore": "capacitymb capacitygb capacity freemb freegb free provisionedmb inusemb",
    "vPerformance": "vmname vmuuid maxcpuusagepctdec avgcpuusagepctdec maxramusagepctdec avgramutlpctdec storagemaxreadiopssize "
    "storagemaxwriteiopssize timestamp",
}
"""By tab: header keys of old RVTools versions and of Export for vCenter, beside today's."""


def known(tab: str) -> frozenset[str]:
    """The header keys that a tab may have without being custom."""
    return frozenset([*(key_of(name, tab) for name in TABS.get(tab, ())), *_OLD.get(tab, _MACHINE).split()])


def is_rvtools(tabs: Iterable[str]) -> bool:
    """Whether tabs of these names come from RVTools or Export for vCenter."""
    names = {tab_name(each) for each in tabs}
    return bool(names & {each.casefold() for each in TABS if each not in {"vSource", "vHealth", "vMetaData"}})


def is_info(header: Iterable[object]) -> bool:
    """Whether a header row is vInfo's, whatever the tab or the file is called."""
    there = {key_of(text(cell), "vInfo") for cell in header}
    return bool(there & {"vm", "vmname"}) and "powerstate" in there and len(there & known("vInfo")) >= 5


def read_rvtools(book: Book, site: str, now: datetime) -> Inventory:
    """All that the tabs tell.

    Raises:
        InclineError: there is no vInfo, or no machine in it.
    """
    as_of = written_at(_tab(book, "vMetaData", now)) or now
    info = _tab(book, "vInfo", now)
    if info is None or not info.has("vm", "vmname"):
        raise without_machines(
            f"{book.name} has no tab vInfo with a column VM: nothing says which machines there are",
            "export all tabs, or hand over the whole folder or archive",
            f"it has: {', '.join(book.tabs()) or 'nothing'}",
        )
    if book.notes.count("DSC-023") == 0 and any(tab_name(each) == "vlicense" for each in book.tabs()):
        book.notes.add("DSC-048", "licence keys are in the tab vLicense", tab="vLicense", taken="never read")
    index = Index()
    read_machines(info, index)
    if not index.drafts:
        raise without_machines(f"{book.name} names no machine in vInfo", "export it again without a filter")
    _missing(book, info)
    cards = None
    for tab, read in DETAILS.items():
        table = _tab(book, tab, now)
        if table is not None:
            read(table, index)
            cards = table if tab == "vNetwork" else cards
    judge(index.drafts, book.notes)
    origin = Origin(site, f"{'Export for vCenter' if _is_export_for_vcenter(book) else 'RVTools'} {book.name}", as_of)
    names = keys(index.drafts, site)
    machines = tuple(machine(draft, key, origin) for draft, key in zip(index.drafts, names, strict=True))
    return _with_site(book, machines, cards, origin, now)


def _with_site(book: Book, machines: tuple[FoundMachine, ...], cards: Table | None, origin: Origin, now: datetime) -> Inventory:
    hosts = read_hosts(_tab(book, "vHost", now), origin.site, origin.as_of)
    _unknown_hosts(book, machines, hosts)
    clusters = read_clusters(_tab(book, "vCluster", now), hosts, machines, origin.site)
    networks = read_networks(_tab(book, "vPort", now), _tab(book, "dvPort", now), cards, machines, origin.site)
    datastores = read_datastores(_tab(book, "vDatastore", now), origin.site)
    usage = read_performance(_tab(book, "vPerformance", now), machines, origin)
    health(_tab(book, "vHealth", now))
    return Inventory(
        taken_at=origin.as_of,
        machines=machines,
        hosts=tuple(hosts),
        clusters=tuple(clusters),
        datastores=tuple(datastores),
        networks=tuple(networks),
        usage=usage,
        findings=book.notes.findings(),
    )


def _tab(book: Book, tab: str, now: datetime) -> Table | None:
    return read_tab(book, tab, known, now)


def _is_export_for_vcenter(book: Book) -> bool:
    return any(each.casefold().startswith("vcexport_") for each in book.tabs())


def _missing(book: Book, info: Table) -> None:
    there = {tab_name(each) for each in book.tabs()}
    absent = [tab for tab in WANTED if tab.casefold() not in there]
    if absent:
        book.notes.add("DSC-020", f"tabs are missing: {', '.join(absent)}", taken="what they would tell is unknown")
    if _is_export_for_vcenter(book):
        book.notes.add("DSC-052", "Export for vCenter leaves machines out", taken="those that it has")
    for label, names in {
        "Powerstate": ("powerstate",),
        "CPUs": ("cpus",),
        "Memory": ("memory", "memorymb", "memorymib", "memorygb", "memorygib", "memorysize"),
    }.items():
        if not info.has(*names):
            book.notes.add("DSC-022", f"the column {label} is missing", tab="vInfo", taken="what other tabs tell, else unknown")


def _unknown_hosts(book: Book, machines: tuple[FoundMachine, ...], hosts: list[FoundHost]) -> None:
    if not hosts:
        return
    there = {each.name for each in hosts}
    absent = Counter(each.host for each in machines if each.host and each.host not in there)
    for name, count in sorted(absent.items()):
        book.notes.add(
            "DSC-043",
            f"the host {name} of {count} machine{'s' if count > 1 else ''} is not in vHost",
            tab="vInfo",
            taken="its capacity is unknown",
            name=name,
        )
