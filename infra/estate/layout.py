"""Where each kind of object stands in the estate's folder. The one list of file names that readers and writers share.

- estate.yaml            name and title                      people
- standards.yaml         the city's standards                people
- waivers.yaml           `waivers:` a list                   people
- sites/*.yaml           one site per file                   people
- links/*.yaml           `links:` a list                     people
- services/*.yaml        `services:` a list                  people
- servers/*.yaml         `servers:` a list                   people
- placements/<server>.yaml  one record per server            Incline
- generation.yaml        the number of the last change       Incline
- schema/*.json          for editors                         generated
"""

from __future__ import annotations

from pathlib import Path

ESTATE = "estate.yaml"
GENERATION = "generation.yaml"
STANDARDS = "standards.yaml"
WAIVERS = "waivers.yaml"
SITES = "sites"
PLACEMENTS = "placements"
SCHEMA = "schema"
LISTS = ("links", "services", "servers")

FILES = (ESTATE, GENERATION, STANDARDS, WAIVERS)
FOLDERS = (SITES, *LISTS, PLACEMENTS)


def placement_file(root: Path, server: str) -> Path:
    """The file that holds a server's placement."""
    return root / PLACEMENTS / f"{server}.yaml"


def yaml_files(root: Path, folder: str) -> list[Path]:
    """The YAML files of one folder, sorted, so that every reader sees one order."""
    return sorted(path for path in (root / folder).glob("*.yaml") if path.is_file())
