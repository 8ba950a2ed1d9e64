"""How large a machine should be on AWS: every size worth looking at with its cost and risk, and the one that the rule chooses.

    usage -> Use -> candidates -> risks -> frontier -> one machine: least cost plus price on risk
                                                    -> a fleet: cheapest within one budget of risk

Without enough measurements a machine keeps its size, and the reason is told. Nothing here reads a store or a file but the price list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from infra.estate.model import GIB
from infra.prices import Prices, listed_prices
from migration.assess.frontier import Candidate, cheapest_covering, chosen_by, pareto
from migration.assess.model import SizeOption, Sizing
from migration.assess.sizing_fleet import choose_fleet
from migration.assess.sizing_measured import Measured, basis, judged_use
from migration.assess.sizing_peers import Curve, curves, public_curve
from migration.assess.sizing_risk import TUNED, RiskModel, risks
from migration.assess.sizing_rules import FRONTIER, LABELS, PROVISIONED, SizingRules, need
from migration.assess.sizing_types import Offers
from migration.assess.sizing_use import Use
from migration.assess.volumes import choose_volumes
from migration.discover.model import FoundMachine

AS_PROVISIONED = "as provisioned"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """A machine before the choice: all sizes worth a look, those of the frontier, or why there is nothing to choose."""

    machine: FoundMachine
    measured: Measured
    provisioned: SizeOption | None
    judged: tuple[SizeOption, ...] = ()
    options: tuple[SizeOption, ...] = ()
    use: Use | None = None
    missing: str = ""


def size_up(
    machine: FoundMachine,
    measured: Measured,
    *,
    rules: SizingRules | None = None,
    prices: Prices | None = None,
    curve: Curve | None = None,
) -> Sizing | None:
    """The size of one machine by itself, by the price on risk.

    Args:
        machine: what it has.
        measured: what it used.
        rules: how to choose.
        prices: of types and volumes; the package's when not given.
        curve: what its peers do; a public fleet's when not given.

    Returns:
        None when no type holds the machine as it is provisioned, which readiness says too.
    """
    rules, prices = rules or SizingRules(), prices or listed_prices()
    use, missing = judged_use(machine, measured, rules)
    possible = Offers(rules, prices).to(machine, measured.usage, use)
    found = choices_among(possible, machine, measured, use, missing, curve or public_curve())
    chosen = chosen_by(bearable(found.options, rules), rules.price_on_risk) if rules.policy == FRONTIER and found.options else None
    return sizing_of(found, chosen, rules, prices)


def size_fleet(
    machines: Sequence[FoundMachine],
    measured: Mapping[str, Measured],
    *,
    rules: SizingRules | None = None,
    prices: Prices | None = None,
) -> dict[str, Sizing]:
    """Sizes of many machines within one budget of risk, by key. Machines that no type holds are not in it."""
    rules, prices = rules or SizingRules(), prices or listed_prices()
    uses = {m.key: judged_use(m, measured.get(m.key, Measured()), rules) for m in machines}
    peers = curves({key: use for key, (use, _) in uses.items() if use is not None and len(use.measured) == 2})
    every: list[Choices] = []
    offers = Offers(rules, prices)
    for m in machines:
        (use, missing), known = uses[m.key], measured.get(m.key, Measured())
        possible = offers.to(m, known.usage, use)
        every.append(choices_among(possible, m, known, use, missing, peers.get(m.key) or public_curve()))
    picked = chosen_in_fleet(every, rules)
    sized = {c.machine.key: sizing_of(c, picked.get(c.machine.key), rules, prices) for c in every}
    return {key: sizing for key, sizing in sized.items() if sizing is not None}


def chosen_in_fleet(every: Sequence[Choices], rules: SizingRules) -> dict[str, SizeOption]:
    """The option of each machine that the fleet's budget chooses; nothing under another policy."""
    if rules.policy != FRONTIER:
        return {}
    return choose_fleet({c.machine.key: bearable(c.options, rules) for c in every if c.options}, rules.budget).chosen


def bearable(options: Sequence[SizeOption], rules: SizingRules) -> tuple[SizeOption, ...]:
    """Options that one machine may be given at all, however much the fleet would save; the safest always is one."""
    return tuple(o for o in options if (o.risk or 0.0) <= rules.worst) or tuple(options[-1:])


def choices_among(
    possible: Sequence[Candidate], machine: FoundMachine, measured: Measured, use: Use | None, missing: str, curve: Curve
) -> Choices:
    """The options of one machine, by cost."""
    as_is = cheapest_covering(possible, machine.cpus, machine.memory)
    if as_is is None:
        return Choices(machine=machine, measured=measured, provisioned=None, use=use, missing=missing)
    if use is None:
        provisioned = _option(as_is, label=AS_PROVISIONED)
        return Choices(machine=machine, measured=measured, provisioned=provisioned, missing=missing)
    judged = options_of(possible, as_is, use, curve)
    provisioned = next(o for o in judged if o.name == as_is.name)
    return Choices(machine=machine, measured=measured, provisioned=provisioned, judged=tuple(judged), options=pareto(judged), use=use)


def options_of(possible: Sequence[Candidate], as_is: Candidate, use: Use, curve: Curve, model: RiskModel = TUNED) -> list[SizeOption]:
    """Every size worth a look with its risk. Larger ones than provisioned only when the machine used more than it is said to have."""
    more = use.cpus.max() > use.has_cpus or use.memory.max() > use.has_memory
    sizes = [c for c in possible if more or c.usd_month < as_is.usd_month]
    sizes = [c for c in sizes if c.name != as_is.name] + [as_is]
    found = risks(use, [(c.cpus, c.memory / GIB) for c in sizes], curve, model)
    parts = zip(sizes, found.both.tolist(), found.cpus.tolist(), found.memory.tolist(), strict=True)
    return [
        _option(c, risk=both, risk_cpu=cpu, risk_memory=memory, label=AS_PROVISIONED if c is as_is else "")
        for c, both, cpu, memory in parts
    ]


def _option(
    c: Candidate, *, risk: float | None = None, risk_cpu: float | None = None, risk_memory: float | None = None, label: str = ""
) -> SizeOption:
    return SizeOption(
        name=c.name,
        cpus=c.cpus,
        memory=c.memory,
        usd_month=c.usd_month,
        host=c.host,
        risk=risk,
        risk_cpu=risk_cpu,
        risk_memory=risk_memory,
        label=label,
    )


def sizing_of(found: Choices, chosen: SizeOption | None, rules: SizingRules, prices: Prices | None = None) -> Sizing | None:
    """The answer for one machine; its volumes too when there are prices of volumes."""
    if found.provisioned is None:
        return None
    volumes = choose_volumes(found.machine, found.measured.usage, tier=found.measured.tier, prices=prices) if prices else ()
    if found.use is None or rules.policy == PROVISIONED:
        why = f"keeps its size: {found.missing}" if found.missing else "keeps its size, as asked"
        frontier = found.options or (found.provisioned,)
        return Sizing(
            chosen=found.provisioned, provisioned=found.provisioned, frontier=_with(frontier, found.provisioned), volumes=volumes, why=why
        )
    marked = chosen or _by_percentile(found, found.use, rules.policy)
    if marked.name != found.provisioned.name:
        marked = replace(marked, label="chosen" if rules.policy == FRONTIER else LABELS[rules.policy])
    return Sizing(
        chosen=marked,
        provisioned=found.provisioned,
        frontier=_with(_with(found.options, found.provisioned), marked),
        volumes=volumes,
        basis=basis(found.measured, found.use),
        why=_why(found.use, marked),
    )


def _by_percentile(found: Choices, use: Use, policy: str) -> SizeOption:
    """The cheapest size that covers what a percentile policy asks for; the provisioned one when none smaller does."""
    cpus, memory = need(use, policy)
    covering = [o for o in found.judged if o.cpus >= cpus - 1e-9 and o.memory >= memory * GIB - 1]
    return min(covering, key=lambda o: (o.usd_month, o.memory, o.cpus, o.name)) if covering else found.judged[-1]


def _with(options: Sequence[SizeOption], marked: SizeOption) -> tuple[SizeOption, ...]:
    """The options by cost with this one in it, in place of the one of its name."""
    others = [o for o in options if o.name != marked.name]
    return tuple(sorted([*others, marked], key=lambda o: (o.usd_month, o.name)))


def _why(use: Use, chosen: SizeOption) -> str:
    cpus, memory = use.quantile(0.99), use.quantile(1.0)
    short = f"; expected short in {chosen.risk:.2%} of hours" if chosen.risk is not None else ""
    return (
        f"CPU p99 {cpus[0]:.1f} and maximum {memory[0]:.1f} of {use.has_cpus:g} cores, "
        f"memory p99 {cpus[1]:.1f} and maximum {memory[1]:.1f} of {use.has_memory:.1f} GiB{short}{_ceiling(use)}"
    )


def _ceiling(use: Use) -> str:
    """Measurements end where the machine ends: one that runs at its limit may need more than can be measured."""
    at = [
        name
        for name, p95, has in zip(("CPU", "memory"), use.quantile(0.95), (use.has_cpus, use.has_memory), strict=True)
        if p95 >= 0.95 * has
    ]
    at = [name for name in at if name in use.measured]
    return f"; {' and '.join(at)} at the limit of what it has: it may need more than was measured" if at else ""
