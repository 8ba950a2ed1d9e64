"""What a server costs where it is, where it goes, and on the way: every line a price with its source and day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.estate.model import GIB
from infra.prices import Prices
from migration.assess import cost_aws, cost_datacentre
from migration.assess.cost_datacentre import DataCentre
from migration.assess.cost_lines import once
from migration.assess.model import Cost, CostLine, Sizing, VolumeChoice
from migration.assess.subject import Subject

BLOCK = 512 << 10
DAYS_PER_MONTH = 365 / 12
DOUBLE = "double running"
"""How lines of what is paid twice begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What costs are worked out from. `complexity` decides the people's hours."""

    subject: Subject
    sizing: Sizing | None
    complexity: int
    centre: DataCentre
    prices: Prices


def cost(bill: Bill) -> Cost:
    """The whole bill of a server's move."""
    up = bill.subject.direction == "up"
    now = list(_in_data_centre(bill) if up else _on_aws_now(bill))
    then = list(_on_aws_then(bill) if up else _in_data_centre_then(bill))
    on_the_way = list(_once(bill))
    double = list(_double(bill, now))
    return Cost(
        now_usd_month=_sum(now),
        then_usd_month=_sum(then),
        once_usd=_sum(on_the_way),
        double_usd=_sum(double),
        lines=(*now, *then, *on_the_way, *double),
    )


def _sum(lines: list[CostLine]) -> float:
    return sum(line.usd for line in lines)


def _in_data_centre(bill: Bill) -> Iterator[CostLine]:
    machine = bill.subject.machine
    return cost_datacentre.run_cost(bill.subject, bill.centre.share_of(machine), machine.provisioned, bill.prices, "source")


def _in_data_centre_then(bill: Bill) -> Iterator[CostLine]:
    s, chosen = bill.subject, bill.sizing.chosen if bill.sizing else None
    cpus, memory = (chosen.cpus, chosen.memory) if chosen else (s.machine.cpus, s.machine.memory)
    place = s.server.at.get(s.target) if s.server else None
    share = bill.centre.share_at(s.target, place.cluster if place else "", cpus, memory) if s.machine.power == "on" else None
    return cost_datacentre.run_cost(s, share, s.machine.provisioned, bill.prices, "target")


def _on_aws_now(bill: Bill) -> Iterator[CostLine]:
    s = bill.subject
    return cost_aws.run_cost(s, s.machine.instance_type, cost_aws.plain_volumes(s), bill.prices, "source")


def _on_aws_then(bill: Bill) -> Iterator[CostLine]:
    s = bill.subject
    name = bill.sizing.chosen.name if bill.sizing else s.instance.name if s.instance else ""
    return cost_aws.run_cost(s, name, _volumes(bill), bill.prices, "target")


def _volumes(bill: Bill) -> tuple[VolumeChoice, ...]:
    return bill.sizing.volumes if bill.sizing and bill.sizing.volumes else cost_aws.plain_volumes(bill.subject)


def hold_days(subject: Subject, prices: Prices) -> float:
    """How long the source is kept: as the estate says for this move, or as assumed."""
    intent = subject.server.move if subject.server else None
    return float(intent.hold_days) if intent is not None else prices["hold-days"].value


def _once(bill: Bill) -> Iterator[CostLine]:
    prices, s = bill.prices, bill.subject
    hours = prices[f"hours-complexity-{bill.complexity}"]
    rate = prices["person-hour"]
    text = f"people: {hours.value:g} hours at complexity {bill.complexity} ({hours.said}, {hours.dated})"
    yield once(text, hours.value, "hours", rate)
    gib = s.machine.provisioned / GIB
    sent = gib * (1 + prices["resend-share"].value)
    thousands = sent * GIB / BLOCK / 1000
    kept = (prices["seed-days"].value + hold_days(s, prices)) / DAYS_PER_MONTH
    if s.direction == "up":
        yield once("data transfer into AWS", sent, "GiB", prices["transfer-in-gib"])
        yield once("blocks written to snapshots", thousands, "thousand blocks", prices["ebs-direct-put-1000"])
    else:
        yield once("data transfer out of AWS", sent, "GiB", prices["transfer-out-gib"])
        yield once("blocks read from snapshots", thousands, "thousand blocks", prices["ebs-direct-get-1000"])
    yield once(f"snapshots of the move, {kept:.2f} months", gib * kept, "GiB-months", prices["ebs-snapshot-gib-month"])


def _double(bill: Bill, now: list[CostLine]) -> Iterator[CostLine]:
    """Both sides are paid while the source is held: on vSphere with its hosts, since it must be able to start again; on AWS its volumes."""
    days = hold_days(bill.subject, bill.prices)
    up = bill.subject.direction == "up"
    held = sum(line.usd for line in now if up or not (line.unit in {"hours", "vCPU-hours"} or line.what.startswith(cost_aws.LEAVING)))
    if days > 0 and held > 0:
        price = bill.prices["hold-days"].model_copy(update={"value": round(held, 2), "unit": "USD a month, the source's lines above"})
        how = "" if up else " while its instance is stopped"
        yield once(f"{DOUBLE}: the source held {days:g} days{how}", days / DAYS_PER_MONTH, "months", price)
