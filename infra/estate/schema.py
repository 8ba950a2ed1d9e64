"""JSON Schema files of the estate's YAML, generated from the model, so that editors complete keys and mark mistakes while one types.

They catch shapes only; `incline estate validate` says the rest. Each YAML file names its schema in its first line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, create_model

from infra.atomic import replace_file
from infra.estate import layout
from infra.estate.load import Generation, Title
from infra.estate.model import Link, Model, Placement, Server, Service, Site, Standards, Waiver

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name to content, for every kind of file."""
    kinds: Mapping[str, Any] = {
        "estate": Title,
        "generation": Generation,
        "site": Site,
        "links": _file_of("links", Link),
        "services": _file_of("services", Service),
        "servers": _file_of("servers", Server),
        "standards": Standards,
        "waivers": _file_of("waivers", Waiver),
        "placement": Placement,
    }
    return {f"{kind}.json": _render(kind, model) for kind, model in kinds.items()}


def outdated(root: Path) -> list[str]:
    """The schema files of an estate that are missing or not what the model says."""
    folder = root / layout.SCHEMA
    return [name for name, text in schemas().items() if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text]


def write_schemas(root: Path) -> list[str]:
    """Writes those that are outdated and names them."""
    changed = outdated(root)
    (root / layout.SCHEMA).mkdir(exist_ok=True)
    for name in changed:
        replace_file(root / layout.SCHEMA / name, schemas()[name])
    return changed


def _file_of(key: str, model: type[BaseModel]) -> type[BaseModel]:
    """The model of a file that is one list under one key."""
    fields: dict[str, Any] = {key: (tuple[model, ...], ...)}  # type: ignore[valid-type]
    return create_model(f"{key.capitalize()}File", __base__=Model, **fields)


def _render(kind: str, model: Any) -> str:
    schema = TypeAdapter(model).json_schema(mode="validation")
    head = {"$schema": _DIALECT, "title": f"Incline estate: {kind}"}
    return json.dumps(head | {key: value for key, value in schema.items() if key != "title"}, indent=2, sort_keys=False) + "\n"
