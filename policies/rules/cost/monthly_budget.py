"""CST-001: what stands on AWS and what the plan adds stay within the budget of the month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.evidence import Evidence, PriceEvidence, ServerEvidence
from policies.rule import Parameter, Parameters, Rule
from policies.rules.capacity.aws_machines import GROWTH, at_most, aws_machines, promised
from policies.rules.cost.monthly_cost import Cost, Rates, cost_of, promise_cost
from policies.verdict import Fact, Outcome, Severity, Verdict, format_number

TARGET = "estate"
_MOVES_SHOWN = 10
_SCOPE = (
    "in it: instances on demand, EBS, the Windows licence; not in it: data transfer, snapshots and backups, support, other licences, "
    "discounts, the work of the move, and what the data centre saves"
)


@dataclass(slots=True)
class _Bill:
    """What a month costs: what stands, what the plan adds, and each move's part of that."""

    standing: Cost = field(default_factory=Cost)
    added: Cost = field(default_factory=Cost)
    moves: dict[str, float] = field(default_factory=dict)
    machines: int = 0
    types: set[str] = field(default_factory=set)

    @property
    def usd(self) -> float:
        """Both together: while both copies of a machine exist, both are paid."""
        return self.standing.usd + self.added.usd

    @property
    def lacks(self) -> tuple[str, ...]:
        """What has no known price."""
        return tuple(dict.fromkeys([*self.standing.lacks, *self.added.lacks]))

    def add(self, machine: ServerEvidence, cost: Cost, *, moving: bool, new: bool) -> None:
        """One machine."""
        self.machines += 1
        (self.added if new else self.standing).add(cost)
        if moving:
            self.moves[machine.name] = cost.usd
        if machine.instance and isinstance(machine.instance.instance_type, str):
            self.types.add(machine.instance.instance_type)


def check(rule: Rule, evidence: Evidence, parameters: Parameters) -> Iterator[Verdict]:
    """One verdict for all of AWS where the city has a budget, and one for every service on AWS that has one."""
    rates = Rates.of(parameters)
    whole, services = _bills(evidence, rates)
    budget = evidence.standards.budget_usd_month
    budgets = {s.name: s.budget_usd_month for s in evidence.services.values() if s.budget_usd_month is not None and s.name in services}
    if not whole.machines and not whole.added.usd:
        yield rule.not_applicable("no machine stands on AWS or is planned there")
        return
    if budget is not None:
        yield _judge(rule, TARGET, "AWS", whole, budget, evidence, parameters)
    for name, limit in sorted(budgets.items()):
        service = evidence.services[name]
        yield _judge(rule, service.target, f"service {name} on AWS", services[name], limit, evidence, parameters, source=service.source)
    if budget is None and not budgets:
        years = parameters.number("years")
        text = f"nobody set a budget; AWS costs {_usd(whole.usd)} a month as planned, {_usd(whole.added.usd)} of it new"
        yield rule.verdict(Outcome.NOT_APPLICABLE, TARGET, text, facts=_facts(whole, evidence, years), formula=_SCOPE)


def _bills(evidence: Evidence, rates: Rates) -> tuple[_Bill, dict[str, _Bill]]:
    whole, services = _Bill(), dict[str, _Bill]()
    machines = aws_machines(evidence)
    moving = {(m.server, m.target_site) for m in evidence.moves}
    for machine in machines:
        key = (machine.name, machine.site) in moving and not machine.held
        # What a snapshot shows is paid already. Without one, only what a move brings is known to be new.
        new = machine.as_of is None and (key or evidence.snapshot is not None)
        cost = cost_of(machine, evidence, rates)
        for bill in (whole, services.setdefault(machine.service, _Bill())):
            bill.add(machine, cost, moving=key, new=new)
    for promise in promised(evidence, machines):
        if not promise.holder.endswith(GROWTH):
            whole.added.add(promise_cost(promise, evidence, rates))
    return whole, services


def _judge(
    rule: Rule, target: str, name: str, bill: _Bill, budget: float, evidence: Evidence, parameters: Parameters, *, source: str = ""
) -> Verdict:
    allowed = budget * parameters.number("percent") / 100
    lacks = bill.lacks
    outcome = Outcome.FAIL if bill.usd > allowed else Outcome.UNDETERMINED if lacks else Outcome.PASS
    formula = (
        f"{'at least ' if lacks else ''}{_usd(bill.standing.usd)} now + {_usd(bill.added.usd)} planned = {_usd(bill.usd)} a month "
        f"{at_most(bill.usd, allowed)} {_usd(allowed)}"
    )
    over = f"; {_usd(bill.usd - allowed)} too much" if outcome is Outcome.FAIL else ""
    return rule.verdict(
        outcome,
        target,
        f"{name}: {formula}{over}",
        facts=(
            Fact(name="budget of a month", value=budget, unit="USD", source=source),
            *_facts(bill, evidence, parameters.number("years")),
        ),
        formula=f"{formula}; {_SCOPE}",
        missing=lacks if outcome is Outcome.UNDETERMINED else (),
        source=source,
        remedy=_remedy(bill, allowed) if outcome is Outcome.FAIL else "",
    )


def _remedy(bill: _Bill, allowed: float) -> str:
    dearest = sorted(bill.moves.items(), key=lambda item: (-item[1], item[0]))[:3]
    named = f"; the moves that cost most: {', '.join(f'{name} {_usd(usd)}' for name, usd in dearest)}" if dearest else ""
    return f"save {_usd(bill.usd - allowed)} a month (CAP-017 names what is larger than it must be) or raise the budget{named}"


def _facts(bill: _Bill, evidence: Evidence, years: float) -> tuple[Fact, ...]:
    months = years * 12
    span = f"{format_number(years)} years"
    shown = sorted(bill.moves.items(), key=lambda item: (-item[1], item[0]))[:_MOVES_SHOWN]
    each = tuple(Fact(name=f"move {name}, {span} on AWS", value=round(usd * months, 2), unit="USD", source=_SCOPE) for name, usd in shown)
    prices = _prices(bill, evidence)
    return (
        Fact(name="machines on AWS, planned ones included", value=bill.machines),
        Fact(name="a month now", value=round(bill.standing.usd, 2), unit="USD", source=prices),
        Fact(name="a month that the plan adds", value=round(bill.added.usd, 2), unit="USD", source=prices),
        Fact(name=f"what the plan adds over {span}", value=round(bill.added.usd * months, 2), unit="USD", source=_SCOPE),
        *each,
    )


def _prices(bill: _Bill, evidence: Evidence) -> str:
    """Where the prices are from and of which day."""
    used: list[PriceEvidence] = [evidence.prices[t] for t in sorted(bill.types) if t in evidence.prices]
    dated = sorted({f"{p.source}{f' of {p.dated:%Y-%m-%d}' if p.dated else ', undated'}" for p in used})
    return "; ".join([*dated, "EBS and Windows: the rule's parameters"])


def _usd(value: float) -> str:
    return f"{value:,.2f} USD"


MONTHLY_BUDGET = Rule(
    id="CST-001",
    name="monthly-budget",
    title="What stands on AWS and what the plan adds stay within the month's budget",
    severity=Severity.MEDIUM,
    controls=("AWS COST02-BP05",),
    formula=(
        "sum over machines on AWS of (price an hour + Windows licence x vCPUs) x hours + GiB x price of gp3 <= budget; held and stopped "
        "machines cost their volumes only; for all of AWS, and for each service with a budget"
    ),
    source="AWS price list, on demand, Linux, us-east-1; other regions differ, and a bill is what AWS sends",
    remedy="choose smaller types, move less, or raise budget_usd_month of the standards or of the service",
    check=check,
    needs=("instance types and disks of the plan", "prices", "budgets of the standards and of the services"),
    parameters={
        "percent": Parameter(default=100.0, reason="share of the budget that may be planned; lower it to keep a reserve"),
        "hours_month": Parameter(default=730, reason="8,760 hours a year / 12, as AWS's own calculator counts"),
        "gp3_usd_gib_month": Parameter(default=0.08, reason="EBS price list of us-east-1 for gp3"),
        "gp3_usd_iops_month": Parameter(default=0.005, reason="EBS price list of us-east-1, for each operation over 3,000"),
        "gp3_usd_mib_s_month": Parameter(default=0.04, reason="EBS price list of us-east-1, for each MiB/s over 125"),
        "windows_usd_vcpu_hour": Parameter(
            default=0.046, reason="Windows price less Linux price of general types, by vCPU; burstable types are cheaper"
        ),
        "years": Parameter(default=3, reason="the time over which a move is usually compared with new hardware"),
    },
)
