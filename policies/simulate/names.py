"""What people call an object that may fail: its kind and name, its whole path, or its bare name where only one thing has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.errors import InclineError
from infra.estate.problems import did_you_mean
from policies.evidence import Evidence
from policies.simulate.failure import Failure, Kind, every_failure, failed_hosts


class UnknownObjectError(InclineError):
    """No object has this name (INC-3080), several have it (INC-3081), or it is away already (INC-3082)."""


def find_failure(evidence: Evidence, said: str) -> Failure:
    """The failure of the object that is meant by `host/dt-esx-01`, `cluster/downtown/general`, `downtown`, `hosts/a+b` and the like.

    Raises:
        UnknownObjectError: none or several have the name, or it is a host that is away already.
    """
    by_name = names(evidence)
    found = by_name.get(said, ())
    if not found and "+" in said:
        found = tuple(_together(evidence, said))
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(str(f) for f in found)
        raise UnknownObjectError(f"{said}: {len(found)} objects have this name", code="INC-3081", next_step=f"name one of {listed}")
    raise _unknown(evidence, said, by_name)


def names(evidence: Evidence) -> Mapping[str, tuple[Failure, ...]]:
    """Every name that means something, with what it means."""
    found: dict[str, tuple[Failure, ...]] = {}
    for failure in every_failure(evidence):
        if failure.kind is not Kind.HOSTS:
            for name in dict.fromkeys((str(failure), f"{failure.kind}/{failure.short}", failure.name, failure.short)):
                found[name] = (*found.get(name, ()), failure)
    return found


def _together(evidence: Evidence, said: str) -> Iterable[Failure]:
    """Several hosts of one cluster, stretched or not."""
    hosts = said.removeprefix(f"{Kind.HOSTS}/").rpartition("/")[2].split("+")
    for cluster in evidence.clusters:
        if {h.name for h in cluster.hosts} >= set(hosts):
            failure = Failure(Kind.HOSTS, f"{cluster.site}/{cluster.name}/{'+'.join(hosts)}")
            if failed_hosts(cluster, failure):
                yield failure


def _unknown(evidence: Evidence, said: str, by_name: Iterable[str]) -> UnknownObjectError:
    last = said.rpartition("/")[2]
    away = next((c for c in evidence.clusters if last in c.away), None)
    if away is not None:
        what = f"{said}: the host is away already, so it cannot fail; cluster {away.name} of {away.site} is judged without it"
        return UnknownObjectError(what, code="INC-3082", next_step=f"incline impact cluster/{away.site}/{away.name}")
    if last in evidence.services:
        return UnknownObjectError(f"{said}: that is a service", code="INC-3080", next_step=f"incline where {last}")
    server = next((s for s in evidence.servers if s.name == last and not s.held), None)
    if server is not None:
        place = f"cluster/{server.site}/{server.cluster}" if server.cluster else f"zone/{server.site}/{server.zone}"
        place = f"host/{server.host}" if isinstance(server.host, str) else place
        hint = f"what it stands on:  incline impact {place}"
        return UnknownObjectError(f"{said}: that is a server", code="INC-3080", next_step=hint)
    kinds = "site, cluster, host, datastore, zone, link or fault domain"
    return UnknownObjectError(f"{said}: no {kinds} has this name", code="INC-3080", next_step=_near(said, by_name))


def _near(said: str, by_name: Iterable[str]) -> str:
    """The nearest name of the same form, so that a kind that was given stays given."""
    depth = said.count("/")
    kind = said.partition("/")[0] if depth else ""
    alike = [name for name in by_name if name.count("/") == depth and (not kind or name.startswith(f"{kind}/"))]
    return did_you_mean(said, alike or by_name)
