"""Lines of a bill: a price times an amount, so that every sum can be checked by hand."""

from __future__ import annotations

from typing import Literal

from infra.prices import Price
from migration.assess.model import CostLine

Side = Literal["source", "target", "move"]


def monthly(what: str, amount: float, unit: str, price: Price, side: Side, *, usd: float | None = None) -> CostLine:
    """A line of every month. `usd` where the sum is more than price times amount; its text must then say how."""
    return _line(what, amount, unit, price, side, "month", usd)


def once(what: str, amount: float, unit: str, price: Price, side: Side = "move", *, usd: float | None = None) -> CostLine:
    """A line that is paid once."""
    return _line(what, amount, unit, price, side, "once", usd)


def _line(what: str, amount: float, unit: str, price: Price, side: Side, per: Literal["month", "once"], usd: float | None) -> CostLine:
    return CostLine(
        what=what,
        amount=amount,
        unit=unit,
        usd=amount * price.value if usd is None else usd,
        per=per,
        side=side,
        source=f"{price.value:g} {price.unit}; {price.said}",
        dated=price.dated,
    )
