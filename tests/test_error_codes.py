"""An error code means one thing, and docs/errors.md knows every one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("infra", "components", "stacks", "migration", "policies", "cli", "lab")
CODE = re.compile(r"INC-\d{4}")
SAID_IN_TWO_PLACES = {
    "INC-2020": "the lease, on either side",
    "INC-2070": "nothing copied yet, found by the command or by the step",
    "INC-2076": "no machine yet, found by two steps",
    "INC-2111": "no move, found by the command or by the engine",
    "INC-2112": "does not apply, said by a dry run or by the engine",
    "INC-2131": "writes would be lost, said by a dry run or by the engine",
    "INC-5004": "interrupted, with or without a move",
    "INC-6001": "credentials missing, of either kind of site",
    "INC-6002": "credentials refused, by either kind of site",
    "INC-6004": "no answer, from either kind of site",
    "INC-6011": "gone, seen by two readers",
    "INC-7003": "a foundation that is not there yet",
}
"""The same meaning, said in more than one module. The estate's checks (INC-10xx) share their codes by kind of mistake."""


def modules_by_code() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                    found[node.value].add(path.relative_to(ROOT).as_posix())
    return found


def documented() -> list[str]:
    return re.findall(r"^\| (INC-\d{4}) \| [^|]+ \| [^|]+ \|$", (ROOT / "docs/errors.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_code_is_on_the_page_once_and_nothing_else_is() -> None:
    used = modules_by_code()

    assert documented() == sorted(used)


def test_a_code_means_one_thing() -> None:
    shared = {code: sorted(modules) for code, modules in modules_by_code().items() if len(modules) > 1 and not code.startswith("INC-10")}

    assert {code: modules for code, modules in shared.items() if code not in SAID_IN_TWO_PLACES} == {}
