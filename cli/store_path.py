"""Where the store of what was discovered is, and opening it for a command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.project import estate_path
from infra.errors import InclineError

if TYPE_CHECKING:
    from migration.discover.store import Store

VARIABLE = "INCLINE_STORE"
DEFAULT = Path("out") / "inventory.sqlite"

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="PATH|URL",
        envvar=VARIABLE,
        show_envvar=False,
        help="The inventory: a file or a postgresql:// URL; out/inventory.sqlite beside the estate, or INCLINE_STORE.",
    ),
]


def store_url(option: str | None, estate: Path | None = None) -> str:
    """The one given, else what `INCLINE_STORE` names, else `out/inventory.sqlite` beside the estate."""
    named = option or os.environ.get(VARIABLE)
    return named or str(estate_path(estate).resolve().parent / DEFAULT)


def estate_if_any(option: str | None, estate: Path | None = None) -> Path | None:
    """The estate's folder; None where there is none and an inventory is named in its place.

    Raises:
        InclineError: an estate was named that is none, or there is neither (INC-5001, INC-5002).
    """
    try:
        return estate_path(estate)
    except InclineError:
        if estate is not None or not (option or os.environ.get(VARIABLE)):
            raise
        return None


def store_from(option: str | None, estate: Path | None = None, *, must_exist: bool = True) -> Store:
    """The store, open: close it, or use it in a `with`.

    Args:
        option: what `--store` says.
        estate: the estate's folder, as `--estate` says.
        must_exist: for commands that read: one that is not there is an error (INC-7090) that says how to make it.
    """
    from migration.discover.store import open_store  # noqa: PLC0415 - help stays fast

    return open_store(store_url(option, estate), must_exist=must_exist)
