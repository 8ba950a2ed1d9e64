"""One YAML file as plain values that remember their lines.

Plain means str, int, float, bool, None, list and dict: the models do the rest. Words mean what YAML 1.2 says (`no` is a text), and a
timestamp stays text, because a waiver's date must survive being unreadable. A key written twice is a problem here, since the second
would silently win. libyaml does the parsing: an estate is read at the start of every preview, and ruamel.yaml takes twenty times as long.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from infra.estate.problems import Problem

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
Where: TypeAlias = tuple[Hashable, ...]

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TEXT = "tag:yaml.org,2002:str"  # written !!str
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the C one where PyYAML was built with it
    """Composes nodes without judging what a plain word is: `_scalar` does that."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """PyYAML would look for a tag here, at a third of the whole time."""
        del value, implicit
        return str(kind.__name__)


@dataclass(frozen=True)
class Document:
    """A file's value, the line of every part of it, and what was wrong with its form."""

    file: str
    value: Plain
    lines: dict[Where, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether the file could be parsed; if not, its one problem says why."""
        return not any(problem.code == "INC-1001" for problem in self.problems)

    def line(self, path: Where = ()) -> int:
        """The line of the part at `path`, or of the nearest part around it that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(path: Path, root: Path) -> Document:
    """Reads a file; a file that cannot be read or parsed is a document without value and with a problem."""
    name = path.relative_to(root).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return _unreadable(name, 1, f"cannot be read: {error}", "make it a readable UTF-8 text file")
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """Parses a file's text; `name` is what problems call it."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f" ({error.context})" if error.context else ""
        line = mark.line + 1 if mark else 1
        return _unreadable(name, line, f"broken YAML: {error.problem}{context}", _yaml_advice(text, line))
    except yaml.YAMLError as error:
        return _unreadable(name, 1, f"broken YAML: {str(error).splitlines()[0]}", "write plain UTF-8 YAML")
    if node is None:
        return Document(name, None)
    reader = _Reader(name)
    return Document(name, reader.plain(node, ()), reader.lines, tuple(reader.problems))


def _unreadable(name: str, line: int, what: str, instead: str) -> Document:
    return Document(name, None, {}, (Problem(file=name, line=line, what=what, instead=instead, code="INC-1001"),))


def _yaml_advice(text: str, line: int) -> str:
    lines = text.splitlines()
    if any("\t" in each for each in lines[max(0, line - 2) : line + 1]):
        return "indent with spaces, never with tabs"
    return "check the indentation, the colon after each key and the closing of quotes and brackets just before this line"


class _Reader:
    """Walks the composed nodes once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Where, int] = {}
        self.problems: list[Problem] = []

    def plain(self, node: yaml.Node, path: Where) -> Plain:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Where) -> dict[str, Plain]:
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in result:
                first = self.lines[*path, key]
                self.problems.append(
                    Problem(
                        file=self.name,
                        line=line,
                        what=f"the key {key!r} is written twice, first on line {first}",
                        instead="keep one of the two",
                        code="INC-1006",
                    )
                )
                continue
            self.lines[*path, key] = line
            result[key] = self.plain(value_node, (*path, key))
        return result


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    """A quoted word is a text, a plain one what the core schema of YAML 1.2 makes of it."""
    text = str(node.value)
    if node.style or node.tag == _TEXT:  # a plain word has none: None from one parser, an empty one from the other
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[1:2] in {"o", "x"} else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
