"""What the SDK's classes accept, read from their source.

The generated SDK is the schema that the program's author sees: `InstanceArgs` names the inputs with their kinds, `_InstanceState` the
outputs. Reading the one file of a type takes milliseconds; importing the package would take seconds.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

_GETTER = re.compile(r"@pulumi\.getter(?:\(name=\"(\w+)\"\))?.*?\n    def (\w+)\(self\)", re.DOTALL)
_SCALARS = ("str", "int", "bool", "float")


class SdkError(LookupError):
    """The SDK has no such type."""


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of an SDK class: `kind` is a scalar's name or "object" or "any"; `many` is "", "list" or "map"."""

    kind: str
    many: str = ""
    nested: str = ""
    required: bool = False


@dataclass(frozen=True)
class Shape:
    """The inputs and outputs of one resource type, by their wire names."""

    inputs: dict[str, Property]
    outputs: dict[str, Property]


@dataclass
class Sdk:
    """The installed SDK package of one provider."""

    package: str
    _shapes: dict[str, Shape] = field(default_factory=dict)
    _nested: dict[str, dict[str, Property]] = field(default_factory=dict)

    @cached_property
    def root(self) -> Path:
        """The folder of the package, found without importing it."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise SdkError(f"the package {self.package} is not installed in this environment")
        return Path(next(iter(spec.submodule_search_locations)))

    @cached_property
    def version(self) -> str:
        """The version of the plugin that the SDK asks the engine for."""
        return str(json.loads((self.root / "pulumi-plugin.json").read_text(encoding="utf-8"))["version"])

    def shape(self, token: str) -> Shape:
        """The inputs and outputs of a type such as `aws:ec2/vpc:Vpc`."""
        if token not in self._shapes:
            module, name = self._file_of(token)
            source = module.read_text(encoding="utf-8")
            self._shapes[token] = Shape(_properties(source, f"{name}Args"), _properties(source, f"_{name}State"))
        return self._shapes[token]

    def nested(self, token: str, name: str) -> dict[str, Property]:
        """The properties of an input class that a type refers to, such as `InstanceRootBlockDeviceArgs`."""
        folder = self._file_of(token)[0].parent
        key = f"{folder.name}/{name}"
        if key not in self._nested:
            self._nested[key] = _properties((folder / "_inputs.py").read_text(encoding="utf-8"), name)
        return self._nested[key]

    def _file_of(self, token: str) -> tuple[Path, str]:
        _, place, name = token.split(":")
        folder, _, _ = place.partition("/")
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        module = self.root / snake if folder == "index" else self.root / folder / snake
        file = module.with_suffix(".py")
        if not file.is_file():
            raise SdkError(f"{self.package} has no type {token}")
        return file, name


def _properties(source: str, class_name: str) -> dict[str, Property]:
    """The properties of one generated class, found in the source by its name."""
    start = source.find(f"\nclass {class_name}:")
    if start < 0:
        raise SdkError(f"no class {class_name} in the SDK's source")
    end = source.find("\nclass ", start + 1)
    body = source[start : end if end > 0 else len(source)]
    wire = {python: name or python for name, python in _GETTER.findall(body)}
    head = body[body.index("def __init__") : body.index("):\n", body.index("def __init__")) + 2]
    function = ast.parse(f"{head}\n    pass").body[0]
    if not isinstance(function, ast.FunctionDef):
        raise SdkError(f"{class_name} has no constructor")
    pairs = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return {wire.get(arg.arg, arg.arg): _property(arg.annotation, required=default is None) for arg, default in pairs}


def _property(annotation: ast.expr | None, *, required: bool) -> Property:
    text = ast.unparse(annotation) if annotation is not None else ""
    many = "list" if "Sequence[" in text else "map" if "Mapping[" in text else ""
    nested = re.search(r"'(\w+Args)'", text)
    if nested and "Union[_builtins.str" in text:  # a text or an object, such as a policy document
        return Property(kind="any", many=many, required=required)
    if nested:
        return Property(kind="object", many=many, nested=nested.group(1), required=required)
    kinds = [scalar for scalar in _SCALARS if f"_builtins.{scalar}" in text.replace("Mapping[_builtins.str,", "")]
    return Property(kind=kinds[0] if kinds else "any", many=many, required=required)
