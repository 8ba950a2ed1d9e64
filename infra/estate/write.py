"""The only writer of an estate: placements, their generation, and a server's site. Everything else is written by people.

Each write is atomic. The generation is written before the placement that carries it: a crash in between leaves a number that no record
uses, which harms nobody; the other order would leave a record from the future.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from infra.atomic import folder_lock, remove_file, replace_file
from infra.errors import InclineError
from infra.estate import layout
from infra.estate.document import parse_document, read_document
from infra.estate.model import Placement
from infra.estate.problems import EstateErrors, did_you_mean
from infra.estate.shape import build
from infra.estate.sizes import format_size

_PLACEMENT_HEAD = "# Written by Incline. What is declared where; the servers folder says what is intended.\n"
_GENERATION_HEAD = "# Written by Incline: the number of the last change of a placement.\n"


class EstateWriteError(InclineError):
    """The estate's files are not what a write needs them to be."""


def read_generation(root: Path) -> int:
    """The number of the last change of a placement; 0 in an estate that has none yet."""
    path = root / layout.GENERATION
    if not path.is_file():
        return 0
    document = read_document(path, root)
    value = document.value.get("generation") if isinstance(document.value, dict) else None
    if not isinstance(value, int):
        raise EstateWriteError(
            f"{path} holds no generation",
            code="INC-1050",
            details=tuple(str(problem) for problem in document.problems),
            next_step="restore it from git, or write  generation: N  with the highest number among placements/*.yaml",
        )
    return value


def read_placement(root: Path, server: str) -> Placement | None:
    """One placement, without reading the rest of the estate."""
    path = layout.placement_file(root, server)
    if not path.is_file():
        return None
    document = read_document(path, root)
    placement, problems = build(Placement, document.value, document, (), f"placement {server}")
    if placement is None:
        raise EstateErrors(str(root), [*document.problems, *problems])
    return placement


def write_placement(root: Path, placement: Placement) -> Placement:
    """Writes a placement under the next generation and returns it as written.

    A placement that says what the file says already is not written again: a step that runs twice leaves what it left once.
    """
    with folder_lock(root):
        present = read_placement(root, placement.server)
        if present is not None and present == placement.model_copy(update={"generation": present.generation}):
            return present
        generation = _next_generation(root)
        written = placement.model_copy(update={"generation": generation})
        path = layout.placement_file(root, placement.server)
        path.parent.mkdir(exist_ok=True)
        replace_file(path, render_placement(written))
        return written


def remove_placement(root: Path, server: str) -> int:
    """Removes a placement, which makes the programs forget the machine, and returns the estate's generation."""
    with folder_lock(root):
        path = layout.placement_file(root, server)
        if not path.is_file():
            return read_generation(root)
        generation = _next_generation(root)
        remove_file(path)
        return generation


def set_server_site(root: Path, server: str, site: str) -> bool:
    """Changes a server's `site`, and not one character more of its file. False when it said so already."""
    with folder_lock(root):
        path, node = _site_node(root, server)
        if str(node.value) == site:
            return False
        text = path.read_text(encoding="utf-8")
        changed = text[: node.start_mark.index] + site + text[node.end_mark.index :]
        if parse_document(changed, path.name).problems:
            raise EstateWriteError(
                f"{path}:{node.start_mark.line + 1}: the site of {server} cannot be changed by machine",
                code="INC-1051",
                next_step=f"write  site: {site}  there by hand",
            )
        replace_file(path, changed)
        return True


def render_placement(placement: Placement) -> str:
    """A placement as its file holds it: no defaults, sizes as people write them."""
    content = placement.model_dump(mode="json", exclude_defaults=True)
    content = {"server": placement.server, "generation": placement.generation, "origin": placement.origin} | content
    return _PLACEMENT_HEAD + _render(_with_readable_sizes(content))


def _with_readable_sizes(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_readable_sizes(each) for each in value]
    if isinstance(value, dict):
        return {key: _size(each) if key == "size" else _with_readable_sizes(each) for key, each in value.items()}
    return value


def _size(size: int) -> str | int:
    text = format_size(size)
    return size if text.isdecimal() else text  # plain bytes stay a number: as a text they would need quotes and a unit


def _render(content: dict[str, Any]) -> str:
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _next_generation(root: Path) -> int:
    generation = read_generation(root) + 1
    replace_file(root / layout.GENERATION, _GENERATION_HEAD + f"generation: {generation}\n")
    return generation


def _site_node(root: Path, server: str) -> tuple[Path, ScalarNode]:
    """The file and the node that hold a server's site."""
    known: list[str] = []
    for path in layout.yaml_files(root, "servers"):
        document = YAML(typ="safe", pure=True).compose(StringIO(path.read_text(encoding="utf-8")))
        for entry in _sequence(_value(document, "servers")):
            name = _value(entry, "name")
            known.append(str(name.value) if name is not None else "?")
            site = _value(entry, "site")
            if known[-1] == server and isinstance(site, ScalarNode):
                return path, site
    raise EstateWriteError(f"no server {server} in {root}/servers", code="INC-1011", details=(did_you_mean(server, known),))


def _value(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _sequence(node: Node | None) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else []
