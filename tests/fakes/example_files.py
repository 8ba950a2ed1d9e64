"""An example's estate written as a folder of files, as `load_estate` reads it. JSON is YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_example(document: dict[str, Any], folder: Path) -> Path:
    """The estate's folder."""
    _write(folder / "estate.yaml", {"name": document["name"], "title": document["title"]})
    _write(folder / "generation.yaml", {"generation": document["generation"]})
    _write(folder / "standards.yaml", document["standards"])
    _write(folder / "waivers.yaml", {"waivers": document.get("waivers", [])})
    for name, site in document["sites"].items():
        _write(folder / "sites" / f"{name}.yaml", site)
    for kind in ("links", "services", "servers"):
        _write(folder / kind / f"{kind}.yaml", {kind: list(document[kind].values())})
    for name, placement in document["placements"].items():
        _write(folder / "placements" / f"{name}.yaml", placement)
    return folder


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
