"""Everything about one server: reasons with remedies and sources, sizes, every line of the bill."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from cli.assess_table import usd
from cli.output import styled
from cli.paragraphs import columns, heading, paragraph
from migration.assess.model import Assessment, Cost, Sizing
from migration.assess.subject import size_text


def detail(a: Assessment) -> Iterator[str]:
    """All lines."""
    title = f"{a.server} ({a.site}, {a.machine}) to {a.target}: {a.readiness.value}; {a.strategy.value}."
    yield styled(paragraph(title), "bold", sys.stdout)
    yield paragraph(a.strategy_why)
    about = (("service", a.service), ("tier", a.tier), ("owner", a.owner), ("environment", a.environment), ("power", a.power))
    yield paragraph(", ".join(f"{name} {value}" for name, value in about if value and value != "unknown"), indent="  ")
    yield paragraph(
        f"{a.cpus or '?'} vCPU, {size_text(a.memory) if a.memory else '?'} of memory, {size_text(a.bytes)} of disks to carry", indent="  "
    )
    if a.reasons:
        yield heading("before it can go")
        for reason in a.reasons:
            yield paragraph(reason.what, first=f"  {reason.code}  {'BLOCKS   ' if reason.blocks else 'condition'}  ")
            yield paragraph(f"do: {reason.remedy}", indent="           ")
            yield paragraph(f"by: {reason.source}", indent="           ")
    yield heading(f"complexity {a.complexity.value} of {a.complexity.of}")
    yield from (paragraph(why, indent="  ") for why in a.complexity.why)
    yield heading(f"confidence {a.confidence.value} of {a.confidence.of}")
    yield from (paragraph(why, indent="  ") for why in a.confidence.why)
    if a.modernize is not None:
        yield heading("legacy: the way out")
        yield paragraph(a.modernize.what, indent="  ")
        yield from (paragraph(step, first=f"  {n}. ") for n, step in enumerate(a.modernize.path, start=1))
    if a.licences:
        yield heading("licences, by what is seen (ask before you rely on it)")
        for risk in a.licences:
            yield paragraph(f"{risk.what}; {risk.remedy} [{risk.seen}]", first=f"  {risk.product}: ")
    if a.sizing is not None:
        yield from _sizing(a.sizing)
    if a.cost is not None:
        yield from _cost(a.cost)


def _sizing(s: Sizing) -> Iterator[str]:
    yield heading(f"size: {s.chosen.name}" + (f" on {s.chosen.host}" if s.chosen.host else ""))
    yield paragraph(s.why or s.basis, indent="  ")
    rows = [("", "size", "vCPU", "memory", "USD a month", "hours too small")]
    for option in s.frontier:
        mark = "->" if option == s.chosen else ""
        risk = "not measured" if option.risk is None else f"{option.risk:.2%}"
        label = f"  {option.label}" if option.label else ""
        rows.append((mark, option.name, str(option.cpus), size_text(option.memory), f"{option.usd_month:,.2f}", f"{risk}{label}"))
    yield from columns(rows)
    for volume in s.volumes:
        rates = f"{volume.iops:,} IOPS, {volume.throughput / (1 << 20):,.0f} MiB/s"
        yield paragraph(f"{size_text(volume.size)} {volume.kind}, {rates}: {volume.why}", first=f"  {volume.disk}: ")


def _cost(c: Cost) -> Iterator[str]:
    three = c.over()
    yield heading(f"cost: {usd(c.now_usd_month)} a month now, {usd(c.then_usd_month)} then")
    told = f"three years {'save' if three >= 0 else 'COST'} {usd(abs(three))}"
    yield paragraph(f"{usd(c.once_usd)} once, {usd(c.double_usd)} for double running; all paid, {told}", indent="  ")
    for side, title in (("source", "now, a month"), ("target", "then, a month"), ("move", "the move, once")):
        lines = [line for line in c.lines if line.side == side]
        if lines:
            yield f"  {title}"
            yield from columns(
                (
                    (f"{line.usd:>10,.2f}", f"{line.what}: {_amount(line.amount)} {line.unit} at {line.source}, {line.dated}")
                    for line in lines
                ),
                indent="    ",
            )


def _amount(value: float) -> str:
    """Enough figures that price times amount gives the sum."""
    return f"{value:,.2f}" if abs(value) >= 10 or value == 0 else f"{value:.4g}"
