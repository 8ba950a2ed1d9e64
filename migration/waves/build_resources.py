"""What runs out in a night or for good: people, servers, the link, snapshots, and the rooms of both sides; and what a group takes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from infra.prices import DAYS_PER_MONTH
from migration.waves.build_candidates import Candidate
from migration.waves.build_capacity import Room
from migration.waves.build_parts import Part
from migration.waves.durations import BLOCK, Estimate, Rate
from migration.waves.model import Group, Resource, Use
from migration.waves.programme import Programme

GB = 1e9
PEOPLE = "people"
SERVERS = "servers of a night"


def resources(
    programme: Programme,
    nights: Sequence[date],
    today: date,
    rates: Mapping[tuple[str, str], Rate],
    rooms: Iterable[Room],
    parts: Sequence[Part],
) -> tuple[Resource, ...]:
    """Everything that may run out."""
    growth = programme.growth.percent_per_month
    return (
        *_hands(programme, len(nights)),
        *_lines(nights, today, rates),
        *_block_limits(programme, nights, today, rates, parts),
        *_snapshot_limits(programme, len(nights), parts),
        *(room.resource(nights, today, growth) for room in rooms),
    )


def _hands(programme: Programme, count: int) -> Iterator[Resource]:
    people = programme.people
    yield Resource(name=PEOPLE, unit="min", capacity=(people.minutes,) * count, relax="one more person", step=people.hours * 60)
    yield Resource(name=SERVERS, unit="servers", capacity=(float(programme.wave.most),) * count, relax="10 more servers a night", step=10.0)


def _lines(nights: Sequence[date], today: date, rates: Mapping[tuple[str, str], Rate]) -> Iterator[Resource]:
    """Each link twice: the last copies of one night, and all copies that must be over it by then, as MIG-002 counts them."""
    for line in {each.link: each for each in rates.values()}.values():
        count, a_night = len(nights), line.bytes_per_night / GB
        relax, step = _wider(line)
        yield Resource(name=_final(line), unit="GB", capacity=(a_night,) * count, relax=relax, step=step)
        ahead = tuple(a_night * (night - today).days for night in nights)
        yield Resource(name=_ahead(line), unit="GB", capacity=ahead, standing=True, relax=f"{relax} for one night", step=step)


def _block_limits(
    programme: Programme, nights: Sequence[date], today: date, rates: Mapping[tuple[str, str], Rate], parts: Sequence[Part]
) -> Iterator[Resource]:
    """What an account's quota lets into EBS snapshots by a night, where its lines carry more than that."""
    up = {(each.site, each.target) for part in parts for each in part.servers if each.direction == "up"}
    for target in sorted({pair[1] for pair in up}):
        lines = {rates[pair].link: rates[pair] for pair in up if pair[1] == target}.values()
        speed, hours = programme.throttles.account_blocks_s * BLOCK, max(line.hours for line in lines)
        if sum(line.speed for line in lines) > speed:
            capacity = tuple(speed * hours * 3600 / GB * (night - today).days for night in nights)
            more = 1000 * BLOCK * hours * 3600 / GB
            relax = f"1,000 blocks a second more in the quota of {target} for one night"
            yield Resource(name=_blocks(target), unit="GB", capacity=capacity, standing=True, relax=relax, step=more)


def _wider(line: Rate) -> tuple[str, float]:
    """What makes a link carry more in a night, and how many GB more: bandwidth buys nothing where latency holds it."""
    gigabit = line.gigabit * line.hours * 3600 / GB
    if gigabit > 0.01 * line.bytes_per_night / GB:
        return f"1 Gbit/s more on {line.link}", gigabit
    return f"twice the blocks in flight on {line.link}", line.bytes_per_night / GB


def _snapshot_limits(programme: Programme, count: int, parts: Sequence[Part]) -> Iterator[Resource]:
    limit = float(programme.throttles.snapshots_per_datastore)
    for name in sorted({name for part in parts for each in part.servers for name in _stores(each)}):
        yield Resource(name=f"snapshots on {name}", unit="disks", capacity=(limit,) * count, relax="5 more snapshots at once", step=5.0)


def by_link(servers: Sequence[Candidate]) -> dict[tuple[str, str], tuple[Candidate, ...]]:
    """Servers by source and target, which is by link."""
    found: dict[tuple[str, str], list[Candidate]] = {}
    for each in servers:
        found.setdefault((each.site, each.target), []).append(each)
    return {pair: tuple(mine) for pair, mine in sorted(found.items())}


def copies(moved: Mapping[tuple[str, str], Estimate], rates: Mapping[tuple[str, str], Rate]) -> Iterator[Use]:
    """The last copies of the night, and all that has to be over the link by then."""
    for pair, each in moved.items():
        yield Use(resource=_final(rates[pair]), amount=each.final_bytes / GB)
        carried = (each.seed_bytes + each.delta_bytes + each.final_bytes) / GB
        yield Use(resource=_ahead(rates[pair]), amount=carried)
        yield Use(resource=_blocks(pair[1]), amount=carried)


def days_apart(nights: Sequence[date]) -> float:
    """Days from one night to the next, on average; a longer gap than a week (a freeze, a night far away that somebody pinned) is a week."""
    gaps = [min(7, (after - before).days) for before, after in pairwise(nights)]
    return sum(gaps) / len(gaps) if gaps else 1.0


def unsaved(each: Candidate, apart: float) -> float:
    """Running cost of a server that one more night does not save yet. What runs is paid by the day: `apart` days for each night."""
    return max(0.0, each.saved_usd_month or 0.0) / DAYS_PER_MONTH * apart


def waiting_cost(each: Candidate, programme: Programme, apart: float) -> float:
    """What one night of waiting costs for a server: running cost not saved yet, the programme's own, and the risk of what is left."""
    risk = next((usd for tier, usd in programme.money.risk_usd.items() if str(tier) == each.tier), 0.0)
    return unsaved(each, apart) + programme.money.waiting_usd + risk


def barred_words(group: Group, programme: Programme) -> str:
    """Why a group has no night, in one line."""
    reasons = list(dict.fromkeys(why for _, _, why in group.barred))
    return "; ".join(reasons[:3]) or f"the {programme.nights} nights are over"


def _final(line: Rate) -> str:
    return f"last copies over {line.link}"


def _ahead(line: Rate) -> str:
    return f"copies over {line.link}"


def _blocks(target: str) -> str:
    return f"blocks written into {target}"


def _stores(each: Candidate) -> list[str]:
    return [f"{each.site}/{name}" for name, _ in each.datastores] if each.direction == "up" else []


def snapshots(servers: Sequence[Candidate], most: int) -> Iterable[Use]:
    """Disks with a snapshot by datastore. One server with more than the limit is copied in turns: it takes the whole night's share."""
    sums: dict[str, int] = {}
    for each in servers:
        if each.direction == "up":
            for name, count in each.datastores:
                sums[f"{each.site}/{name}"] = sums.get(f"{each.site}/{name}", 0) + count
    return [Use(resource=f"snapshots on {name}", amount=float(min(count, most))) for name, count in sorted(sums.items())]


def lag(nights: Sequence[date], hold_days: int) -> int:
    """So many nights later, at the earliest, a held source is given up, wherever in the calendar it begins."""
    most = 0
    for index, night in enumerate(nights):
        until = night + timedelta(days=hold_days)
        later = index
        while later + 1 < len(nights) and nights[later + 1] <= until:
            later += 1
        most = max(most, later - index)
    return most + 1


def needed(ledger: Iterable[Resource], groups: Sequence[Group]) -> tuple[Resource, ...]:
    """The resources that somebody takes of; what is only given back can never run out."""
    taken = {use.resource for group in groups for use in group.uses if use.amount > 0}
    return tuple(resource for resource in ledger if resource.name in taken)
