"""Prices and assumptions: every one with its unit, its source and its day, and overridable by a file of the city.

The package's file is `infra/data/prices.yaml`; the hours of EC2 types are the catalogue's. A city's file has the same shape and need
hold only what differs. What is wrong in it is told with file and line, all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from infra.catalogue import PRICES_DATED, instance_types
from infra.errors import InclineError, why_unreadable
from infra.estate.document import Document, Plain, parse_document
from infra.estate.model import Model
from infra.estate.problems import Problem, did_you_mean
from infra.estate.shape import build

HOURS_PER_MONTH = 730
"""8,760 hours a year / 12, as the calculator of AWS counts."""
DAYS_PER_MONTH = 30.4375
"""365.25 days a year / 12: what a price a month comes to in some days."""

_DATA = "prices.yaml"
_SECTIONS = ("prices", "instances")


class Price(Model):
    """One price, or one assumption that a sum needs."""

    value: float = Field(ge=0, allow_inf_nan=False)
    unit: str
    source: str
    dated: date
    assumption: bool = False

    @property
    def said(self) -> str:
        """The source as a report names it; an assumption is called one."""
        return "assumption, put your own figure" if self.assumption and self.source == "assumption" else self.source


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices by name, and those of EC2 types that differ from the catalogue."""

    prices: Mapping[str, Price]
    instances: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        """The price of that name; every name is in the package's file."""
        return self.prices[name]

    def hour(self, instance_type: str) -> Price | None:
        """An hour of an EC2 type, Linux, on demand; None when nobody has a price."""
        if instance_type in self.instances:
            return self.instances[instance_type]
        found = instance_types().get(instance_type)
        if found is None or found.usd_per_hour is None:
            return None
        source = "AWS price list, on demand, Linux, us-east-1"
        return Price(value=float(found.usd_per_hour), unit="USD per hour", source=source, dated=PRICES_DATED)


class PricesError(InclineError):
    """A file of prices that cannot be used."""


@cache
def listed_prices() -> Prices:
    """The package's prices."""
    text = files("infra").joinpath("data", _DATA).read_text(encoding="utf-8")
    return _read(text, _DATA)


def load_prices(path: Path | None = None) -> Prices:
    """The package's prices with a city's over them.

    Raises:
        PricesError: INC-7060 the file cannot be read; INC-7061 it has mistakes, each named with its line.
    """
    listed = listed_prices()
    if path is None:
        return listed
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PricesError(
            f"the prices {path} cannot be read: {why_unreadable(error)}", code="INC-7060", next_step="name a readable file with --prices"
        ) from error
    own = _read(text, str(path), known=listed.prices)
    return Prices(prices={**listed.prices, **own.prices}, instances={**listed.instances, **own.instances})


def _read(text: str, name: str, known: Mapping[str, Price] | None = None) -> Prices:
    document = parse_document(text, name)
    problems = [*document.problems, *_strangers(document, known)] if document.readable else list(document.problems)
    sections: dict[str, dict[str, Price]] = {section: {} for section in _SECTIONS}
    for section, key, value in _entries(document):
        price, found = build(Price, value, document, (section, key), f"{section[:-1]} {key}")
        problems += found
        if price is not None:
            sections[section][key] = price
    if problems:
        raise PricesError(
            f"the prices {name} have {len(problems)} problem{'' if len(problems) == 1 else 's'}",
            code="INC-7061",
            details=tuple(_line(problem) for problem in sorted(problems)),
            next_step="mend the lines above; the names and units are those of infra/data/prices.yaml",
        )
    return Prices(prices=sections["prices"], instances=sections["instances"])


def _line(problem: Problem) -> str:
    return f"{problem.file}:{problem.line}: {problem.what}" + (f"; {problem.instead}" if problem.instead else "")


def _entries(document: Document) -> Iterator[tuple[str, str, Plain]]:
    value = document.value
    for section in _SECTIONS:
        entries = value.get(section) if isinstance(value, dict) else None
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            yield section, key, entry


def _strangers(document: Document, known: Mapping[str, Price] | None) -> Iterator[Problem]:
    """What nothing would read: a section or a name that does not exist is most often a typing mistake."""
    value = document.value
    if not isinstance(value, dict):
        yield _problem(document, (), "the file holds no prices", "begin with  prices:  and write names and prices under it")
        return
    for key, section in value.items():
        if key not in _SECTIONS:
            yield _problem(document, (key,), f"unknown key {key}", did_you_mean(key, _SECTIONS))
        elif section is not None and not isinstance(section, dict):
            yield _problem(
                document, (key,), f"{key} is not a list of names", "write  name: {value: ..., unit: ..., source: ..., dated: ...}"
            )
    allowed_names = {"prices": known.keys() if known is not None else None, "instances": instance_types().keys()}
    for section, allowed in allowed_names.items():
        entries = value.get(section)
        for name in entries if isinstance(entries, dict) else ():
            if allowed is not None and name not in allowed:
                yield _problem(document, (section, name), f"nothing has the price {name}", did_you_mean(name, allowed))


def _problem(document: Document, path: tuple[str, ...], what: str, instead: str) -> Problem:
    return Problem(file=document.file, line=document.line(path), what=what, instead=instead, code="INC-7061")
