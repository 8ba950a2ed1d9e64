"""Lines of a bill: a price times an amount, so that every sum can be checked by hand."""

from __future__ import annotations

from typing import Literal

from infra.prices import Price
from migration.assess.model import CostLine

Side = Literal["source", "target", "move"]


def monthly(what: str, amount: float, unit: str, price: Price, side: Side) -> CostLine:
    """A line of every month."""
    return _line(what, amount, unit, price, side, "month")


def once(what: str, amount: float, unit: str, price: Price) -> CostLine:
    """A line of the move, paid once."""
    return _line(what, amount, unit, price, "move", "once")


def _line(what: str, amount: float, unit: str, price: Price, side: Side, per: Literal["month", "once"]) -> CostLine:
    return CostLine(
        what=what,
        amount=amount,
        unit=unit,
        usd=amount * price.value,
        per=per,
        side=side,
        source=f"{price.value:g} {price.unit}; {price.said}",
        dated=price.dated,
    )
