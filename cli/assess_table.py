"""The overview of `incline assess`: the answer in words, then the table, then what stands in the way."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cli.output import is_terminal, styled
from cli.paragraphs import columns, heading, paragraph
from infra.wording import listed
from migration.assess.model import Assessment, Readiness, Strategy
from migration.assess.subject import size_text

if TYPE_CHECKING:
    from cli.assess_load import Judged
    from migration.assess.summary import Summary

_WORDS = {Readiness.READY: "ready", Readiness.CONDITIONS: "conditions", Readiness.NOT_READY: "NOT READY"}
_STYLES = {Readiness.READY: "green", Readiness.CONDITIONS: "yellow", Readiness.NOT_READY: "red"}
_MOST_OBSTACLES = 8
_HEAD = ("server", "to", "readiness", "work", "trust", "way", "size now", "size then", "USD a month")
_LESS_NEEDED = ("size now", "work", "to", "trust", "size then")


def overview(found: Judged, shown: Sequence[Assessment]) -> Iterator[str]:
    """All lines."""
    s = found.summary
    yield styled(paragraph(_answer(s)), "bold", sys.stdout)
    yield paragraph(_money(s))
    freed = _freed(s)
    if freed:
        yield paragraph(freed)
    yield paragraph(_trust(s, discovered=found.discovered))
    if s.legacy:
        yield paragraph(f"Legacy systems first: {listed(s.legacy, 6)}.")
    yield heading("servers")
    yield from _table(shown)
    if s.obstacles:
        yield heading("in the way")
        yield from columns(
            (o.code, "blocks" if o.blocks else "condition", f"{o.servers} server{'' if o.servers == 1 else 's'}", f"{o.what}: {o.remedy}")
            for o in s.obstacles[:_MOST_OBSTACLES]
        )
        if len(s.obstacles) > _MOST_OBSTACLES:
            yield f"  and {len(s.obstacles) - _MOST_OBSTACLES} more: incline assess --json"
    if found.left:
        yield heading("not judged")
        yield from columns((each.name, each.why) for each in found.left[:_MOST_OBSTACLES])
        if len(found.left) > _MOST_OBSTACLES:
            yield f"  and {len(found.left) - _MOST_OBSTACLES} more"


def usd(value: float) -> str:
    """Money without false precision: whole dollars."""
    return f"{value:,.0f} USD"


def _answer(s: Summary) -> str:
    targets = " and ".join(f"{count} to {target}" for target, count in s.by_target.items())
    ready, conditions, blocked = (s.by_readiness[state] for state in (Readiness.READY, Readiness.CONDITIONS, Readiness.NOT_READY))
    what = f"{s.servers} server{'' if s.servers == 1 else 's'} judged ({targets})"
    return f"{what}: {ready} ready, {conditions} ready with conditions, {blocked} not ready."


def _money(s: Summary) -> str:
    ways = ", ".join(f"{count} {way.value}" for way, count in s.by_strategy.items())
    retired = f" Switching off what is suggested to retire saves {usd(s.retired)} a month." if s.retired else ""
    if s.going and s.unpriced == s.going:
        return f"What the {s.going} that could go cost cannot be said: their sizes are not known. Suggested: {ways}.{retired}"
    if not s.going:
        return f"None is suggested to go now ({ways}).{retired}"
    more_or_less = "less" if s.then <= s.now else "MORE"
    three = f"over three years that {'saves' if s.three_years >= 0 else 'COSTS'} {usd(abs(s.three_years))}"
    now = f"{usd(s.now)} a month now (their share of all hosts, and storage)"
    way = f"the move itself {usd(s.once)}, double running {usd(s.double)}"
    change = f"{usd(s.then)} then, {abs(s.saving):.0%} {more_or_less}"
    some = f" {s.unpriced} of them {'is' if s.unpriced == 1 else 'are'} in no sum: no size is known." if s.unpriced else ""
    return f"The {s.going} that could go cost {now} and {change}; {way}; {three}.{some} Suggested: {ways}.{retired}"


def _freed(s: Summary) -> str:
    """What is really saved: whole hosts, since neither hardware nor VMware's licence is paid by the machine."""
    if not s.freed:
        return ""
    hosts = sum(len(each.hosts) for each in s.freed)
    if not hosts:
        return (
            "No whole host becomes free by that, so neither hardware nor VMware cores are really saved yet: the share above is bookkeeping."
        )
    where = "; ".join(
        f"{len(e.hosts)} of {e.of} hosts of {e.cluster or 'its data centre'} at {e.site} ({', '.join(e.hosts)})" for e in s.freed if e.hosts
    )
    cores, money = sum(each.cores for each in s.freed), sum(each.usd_month for each in s.freed)
    return f"Really saved on hosts: {usd(money)} a month, by switching off {where}; {cores} VMware cores less to renew."


def _trust(s: Summary, *, discovered: bool) -> str:
    if not discovered:
        return "Nothing was measured: this rests on what the estate declares, and all sizes are those provisioned."
    if s.measured == s.servers:
        return "All were measured well enough (3 stars and more)."
    return f"{s.measured} of {s.servers} were measured well enough (3 stars and more); of the others sizes are as provisioned or uncertain."


def _table(shown: Sequence[Assessment]) -> Iterator[str]:
    rows = _fitting([_HEAD, *(_row(a) for a in shown)])
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    state_at = rows[0].index("readiness")
    for index, row in enumerate(rows):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        if index:
            cells[state_at] = styled(cells[state_at], _STYLES[shown[index - 1].readiness], sys.stdout)
        line = f"  {'  '.join(cells)}".rstrip()
        yield line if index else styled(line, "dim", sys.stdout)


def _fitting(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The columns that a terminal has room for; all of them where a program reads."""
    if not is_terminal(sys.stdout):
        return rows
    room = shutil.get_terminal_size().columns
    for name in ("", *_LESS_NEEDED):
        if name:
            gone = rows[0].index(name)
            rows = [(*row[:gone], *row[gone + 1 :]) for row in rows]
        if 2 + sum(max(len(row[n]) for row in rows) + 2 for n in range(len(rows[0]))) - 2 <= room:
            return rows
    return rows


def _row(a: Assessment) -> tuple[str, ...]:
    known = a.cpus > 0 and a.memory > 0
    then = a.sizing.chosen.name if a.sizing else "as now" if known else "not known"
    money = f"{a.cost.now_usd_month:,.0f} -> {a.cost.then_usd_month:,.0f}" if a.cost else "not known"
    stays = a.strategy in {Strategy.RETAIN, Strategy.RETIRE}
    return (
        a.server + (" (off)" if a.power != "on" else ""),
        a.target,
        _WORDS[a.readiness],
        f"{a.complexity.value}/5",
        "*" * a.confidence.value or "-",
        a.strategy.value,
        f"{a.cpus or '?'} vCPU {size_text(a.memory) if a.memory else '?'}",
        "" if stays else then,
        money,
    )
