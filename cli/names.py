"""The estate's names on the command line: a mistyped one gets a suggestion, a half-typed one is completed by the shell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from infra.estate.model import Estate


def known_server(estate: Estate, name: str) -> None:
    """Refuse a server that the estate does not have.

    Raises:
        InclineError: it has none of this name (INC-5012).
    """
    _known(name, estate.servers, kind="server", code="INC-5012")


def known_site(estate: Estate, name: str) -> None:
    """Refuse a site that the estate does not have.

    Raises:
        InclineError: it has none of this name (INC-5013).
    """
    _known(name, estate.sites, kind="site", code="INC-5013")


def known_service(estate: Estate, name: str) -> None:
    """Refuse a service that the estate does not have.

    Raises:
        InclineError: it has none of this name (INC-3083).
    """
    _known(name, estate.services, kind="service", code="INC-3083")


def complete_server(ctx: Any, incomplete: str) -> list[str]:
    """For the shell: the servers that begin so."""
    estate = _readable(ctx)
    return sorted(name for name in estate.servers if name.startswith(incomplete)) if estate else []


def complete_site(ctx: Any, incomplete: str) -> list[str]:
    """For the shell: the sites that begin so."""
    estate = _readable(ctx)
    return sorted(name for name in estate.sites if name.startswith(incomplete)) if estate else []


def complete_service(ctx: Any, incomplete: str) -> list[str]:
    """For the shell: the services that begin so."""
    estate = _readable(ctx)
    return sorted(name for name in estate.services if name.startswith(incomplete)) if estate else []


def complete_object(ctx: Any, incomplete: str) -> list[str]:
    """For the shell: what may fail (host/..., datastore/..., site/...) and begins so."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from policies.readers.estate import read_estate  # noqa: PLC0415
    from policies.simulate.names import names  # noqa: PLC0415

    estate = _readable(ctx)
    found = names(read_estate(estate, datetime.now(UTC).date())) if estate else {}
    return sorted(name for name, meant in found.items() if name.startswith(incomplete) and len(meant) == 1 and name.count("/") == 1)


def _known(name: str, names: Iterable[str], *, kind: str, code: str) -> None:
    from infra.estate.problems import did_you_mean  # noqa: PLC0415 - help stays fast

    if name not in names:
        raise InclineError(f"{name}: the estate has no such {kind}", code=code, next_step=did_you_mean(name, names))


def _readable(ctx: Any) -> Estate | None:
    """The estate, or nothing: a completion never prints an error into the line being typed."""
    from infra.estate.load import load_estate  # noqa: PLC0415

    given = ctx.params.get("estate")
    try:
        return load_estate(estate_path(Path(given) if given else None), settled=False)
    except InclineError:
        return None
