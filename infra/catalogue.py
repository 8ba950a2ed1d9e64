"""The catalogue of EC2 instance types, and the choice of one for a server's size. Pure: the data is a file of this package.

The choice is deterministic: the same size gets the same type until the data file changes, or a preview would show changes that nobody made.
Prices are those of one region and of Linux; they order the choice and are no quotation.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from infra.errors import InclineError
from infra.estate.model import Server, Size
from infra.estate.problems import did_you_mean

_DATA = "ec2_catalog_us-east-1.csv"
_PRICE = "linux_od_usd_hr_us-east-1"
PRICES_DATED = date(2026, 7, 20)
"""The day of the price list; see the data's README."""
_MIB = 1 << 20

# A burstable machine with more processors is surprised by the end of its credits more often than it saves money.
_BURSTABLE_UP_TO_CPUS = 2
# Accelerators that the catalogue does not count as GPUs.
_ACCELERATED = ("inf", "trn", "vt", "dl", "f1", "f2")


class CatalogueError(InclineError):
    """No instance type fits, or a named one does not exist."""


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """What the choice and the capacity rules need to know of a type.

    `mhz` is the clock of one processor. `ebs_mbyte_s` and `ebs_iops` are what it does with its volumes all day, no bursts. 0: not told.
    """

    name: str
    cpus: int
    memory: int
    usd_per_hour: Decimal | None
    current: bool
    bare_metal: bool
    nitro: bool
    architectures: frozenset[str]
    boot_modes: frozenset[str]
    burstable: bool
    instance_store: bool
    accelerated: bool
    max_nics: int
    ebs_mbyte_s: float
    ebs_iops: float
    mhz: int

    @property
    def family(self) -> str:
        """The part before the dot: `r6a`."""
        return self.name.partition(".")[0]

    def holds(self, size: Size) -> bool:
        """Whether a server of this size fits."""
        return self.cpus >= size.cpus and self.memory >= size.memory


@cache
def instance_types() -> dict[str, InstanceType]:
    """Every type by name."""
    text = files("infra").joinpath("data", _DATA).read_text(encoding="utf-8")
    return {each.name: each for each in map(_instance_type, csv.DictReader(text.splitlines()))}


def instance_type(name: str) -> InstanceType:
    """One type.

    Raises:
        CatalogueError: INC-1070 when there is no such type.
    """
    found = instance_types().get(name)
    if found is None:
        raise CatalogueError(f"no EC2 instance type {name}", code="INC-1070", next_step=did_you_mean(name, instance_types()))
    return found


def choose_instance_type(size: Size, *, firmware: str = "bios", nics: int = 1, families: Iterable[str] = ()) -> InstanceType:
    """The cheapest priced, current, x86_64 type that holds a size.

    Left out: bare metal, the Xen generation (another disk and network driver), accelerators, and types with an instance store, whose
    content is lost when a held machine is stopped. Burstable types only for up to two processors.

    Args:
        size: processors and memory to hold; both are met or exceeded.
        firmware: `bios` or `efi`, which the type must be able to start.
        nics: how many network cards it must take.
        families: when given, only these, such as `r6a`, `m6a`.

    Raises:
        CatalogueError: INC-1071 when nothing fits.
    """
    wanted = frozenset(families)
    for each in _by_preference(firmware):
        burstable_enough = not each.burstable or size.cpus <= _BURSTABLE_UP_TO_CPUS
        if each.holds(size) and each.max_nics >= nics and burstable_enough and (not wanted or each.family in wanted):
            return each
    raise CatalogueError(
        f"no EC2 instance type holds {size.cpus} CPUs and {size.memory // _MIB} MiB with {firmware} firmware",
        code="INC-1071",
        details=(f"asked for the families {', '.join(sorted(wanted))}",) if wanted else (),
        next_step="name other families, or write instance_type: under the server's attachment",
    )


def server_types(firmware: str = "bios") -> tuple[InstanceType, ...]:
    """Every type that a server may have at all, cheapest first; burstable ones among them, which the caller must judge."""
    return _by_preference(firmware)


def type_for(server: Server, site: str) -> InstanceType:
    """The type of a server on an AWS site: as its attachment says, or the catalogue's choice."""
    attachment = server.at[site]
    if attachment.instance_type:
        return instance_type(attachment.instance_type)
    return choose_instance_type(server.size, firmware=server.os.firmware, nics=len(attachment.nics))


@cache
def _by_preference(firmware: str) -> tuple[InstanceType, ...]:
    """The types that a server may have at all, best first: the first that holds a size is the choice."""
    mode = "uefi" if firmware == "efi" else "legacy-bios"
    return tuple(sorted((each for each in instance_types().values() if _suitable(each, mode)), key=_preference))


def _suitable(each: InstanceType, boot_mode: str) -> bool:
    plain = not (each.bare_metal or each.accelerated or each.instance_store)
    return (
        plain
        and each.usd_per_hour is not None
        and each.current
        and each.nitro
        and {"x86_64"} <= each.architectures
        and boot_mode in each.boot_modes
    )


def _preference(each: InstanceType) -> tuple[Decimal, int, int, str]:
    """Cheapest; among equals the smallest, then by name, so that the choice does not hang on the order of the file."""
    return (each.usd_per_hour or Decimal(0), each.memory, each.cpus, each.name)


def _instance_type(row: dict[str, str]) -> InstanceType:
    name = row["instance_type"]
    return InstanceType(
        name=name,
        cpus=int(row["vcpu"]),
        memory=int(row["mem_mib"]) * _MIB,
        usd_per_hour=Decimal(row[_PRICE]) if row[_PRICE] else None,
        current=row["current_generation"] == "True",
        bare_metal=row["bare_metal"] == "True",
        nitro=row["hypervisor"] == "nitro",
        architectures=frozenset(row["arch"].split("|")),
        boot_modes=frozenset(row["boot_modes"].split("|")),
        burstable=row["burstable"] == "True",
        instance_store=bool(row["instance_store_gb"]),
        accelerated=row["gpus"] not in {"", "0"} or name.startswith(_ACCELERATED),
        max_nics=int(row["max_eni"] or 0),
        ebs_mbyte_s=float(row["ebs_base_mbyteps"] or 0),
        ebs_iops=float(row["ebs_base_iops"] or 0),
        mhz=round(float(row["clock_ghz"] or 0) * 1000),
    )
